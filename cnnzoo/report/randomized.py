"""Whether the heat that is shown depends on what the network has learned."""

from __future__ import annotations

from collections.abc import Sequence

from cnnzoo.inspection.randomization import LIMIT, RandomizationTest
from cnnzoo.report.page import Table
from cnnzoo.report.subject import Subject

_NAMES = {
    "gradient": "gradient times word vector",
    "saliency": "saliency",
    "smoothgrad": "saliency averaged over noisy copies",
    "integrated_gradients": "integrated gradients",
    "grad_cam": "Grad-CAM",
    "grad_cam_plus_plus": "Grad-CAM++",
    "occlusion": "occlusion",
    "deconvolution": "deconvolution",
    "guided_backpropagation": "guided backpropagation",
    "guided_grad_cam": "guided Grad-CAM",
}


def verdict(subject: Subject, shown: Sequence[str]) -> str:
    """Return in words which of the methods `shown`, and of all others, depend on the weights.

    Raises:
        CnnzooError: The network has no weights.
    """
    found = subject.randomized
    passed = [name for name in shown if found[name].passed]
    failed = [name for name in shown if not found[name].passed]
    others = [name for name, one in found.items() if name not in shown and not one.passed]
    parts = ["Test with random weights:"]
    if passed:
        parts.append(
            f"{_listed(passed)} depend{_s(passed)} on the weights of this network: with random "
            "weights, the heat changes."
        )
    if failed:
        parts.append(
            f"{_listed(failed)} fail{_s(failed)}: with random weights, the heat stays much the "
            "same, so that it does not show what this network has learned."
        )
    if others:
        parts.append(f"Not shown: {_listed(others)}, which fail{_s(others)} here.")
    return " ".join(parts)


def table(subject: Subject) -> Table:
    """Return how alike the heat of each method is to that of random weights.

    Raises:
        CnnzooError: The network has no weights.
    """
    found = subject.randomized
    count = len(next(iter(found.values())).heats[0])
    return Table(
        ("method", "last layer random", "all random", "size, all random", "depends on weights"),
        [(_NAMES[name], *_cells(one)) for name, one in found.items()],
        f"Rank correlation of the heat of {count} examples with the heat of random weights, and of "
        f"its size without sign; a method fails from {LIMIT} (test of Adebayo et al. 2018)",
        folded=True,
    )


def _cells(found: RandomizationTest) -> tuple[str, ...]:
    last, every = found.rank_correlations[[0, -1]]
    size = found.magnitude_correlations[-1]
    return f"{last:.2f}", f"{every:.2f}", f"{size:.2f}", "yes" if found.passed else "no, fails"


def _listed(names: Sequence[str]) -> str:
    words = [_NAMES[name] for name in names]
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _s(names: Sequence[str]) -> str:
    plural = len(names) > 1 or names[0] == "integrated_gradients"
    return "" if plural else "s"
