"""Whether an attribution method depends on what the network has learned.

Weights are randomized, layer by layer from the logits down; heat that stays as it was does not
explain what the network does.

Source: Adebayo et al. 2018, https://arxiv.org/abs/1810.03292, section 3. Departures: weights are
shuffled within each tensor rather than drawn anew, so that they keep their distribution and any
layer can be randomized; a normalization is randomized together with the convolution that it
follows; SSIM has the window of its own paper.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from cnnzoo import registry
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import checks
from cnnzoo.inspection.activations import batched, chosen_classes, run_to_logits
from cnnzoo.inspection.attribution import Method, method_of
from cnnzoo.inspection.graph import holds_tokens, nested, walk
from cnnzoo.inspection.similarity import rank_correlation, structural_similarity

LIMIT = 0.2  # Rank correlation with the heat of random weights from which a method fails.
ORDERS = ("cascading", "independent")


class RandomizationTest(NamedTuple):
    """Heat of a network and of the same with random weights, and how alike they are."""

    method: str
    layers: list[str]  # One per state: the layer that was randomized last or, if alone, at all.
    heats: np.ndarray  # `[1 + states, batch, *sides]`, perhaps with channels; first as trained.
    rank_correlations: np.ndarray  # Spearman's, float64 `[states]`, means over the examples.
    magnitude_correlations: np.ndarray  # The same of absolute values.
    structural_similarities: np.ndarray  # The same of SSIM, of absolute values from 0 to 1.

    @property
    def passed(self) -> bool:
        """Whether heat depends on the weights: no rank correlation reaches 0.2."""
        return bool(self.rank_correlations.max() < LIMIT)


class _Group(NamedTuple):
    """A layer with a kernel, and the layers without one that follow it."""

    path: str
    weights: list[Any]


def randomization_test(
    model: keras.Model,
    inputs: Any,
    method: str | Method = "saliency",
    class_id: Any = None,
    *,
    order: str = "cascading",
    steps: int | None = None,
    seed: int = 0,
) -> RandomizationTest:
    """Return the heat of `model` and of its copies with random weights, and how alike they are.

    The weights of `model` are changed meanwhile, and put back. Layers that do not change the logits
    are left out.

    Args:
        model: A built Functional or Sequential model to logits or scores, `[batch, classes]`.
        inputs: Images, sounds or tokens, as the model takes them; of several classes, at best.
        method: "saliency", "smoothgrad", "integrated_gradients", "grad_cam", "grad_cam_plus_plus",
            "occlusion", "deconvolution", "guided_backpropagation" or "guided_grad_cam"; for tokens
            "gradient", "integrated_gradients", "occlusion", "grad_cam" or "grad_cam_plus_plus"; or
            your own, a function of the model, inputs and classes that returns heat.
        class_id: The class, or one per example; by default each example's top class. It stays the
            same with random weights.
        order: "cascading": first the layer that gives the logits, then the one before it as well,
            and so on, to all; "independent": each layer alone.
        steps: States of the order, evenly spread; 2 of the cascading one are the last layer alone,
            and all layers. By default there is one per layer.
        seed: Of the random weights.

    Raises:
        CnnzooError: The inputs, class, method or order do not fit, or the logits do not depend on
            any weights.
    """
    if order not in ORDERS:
        raise CnnzooError(registry.unknown("order", order, ORDERS))
    explain = method_of(model, method) if isinstance(method, str) else method
    batch = checks.inputs(model, inputs)
    classes = chosen_classes(model, batch, class_id)
    groups = _effective(model, batch, seed)
    count = len(groups) if steps is None else checks.count("steps", steps, least=2)
    places = np.unique(np.linspace(0, len(groups) - 1, min(count, len(groups))).astype(int))
    heats = [_explained(explain, model, batch, classes)]
    for _ in _states(groups, places, order, seed):
        heats.append(_explained(explain, model, batch, classes))
    means = [_similarity(model, batch, heats[0], heat) for heat in heats[1:]]
    name = method if isinstance(method, str) else getattr(method, "__name__", "method")
    return RandomizationTest(
        name, [groups[place].path for place in places], np.stack(heats), *np.transpose(means)
    )


def _explained(
    explain: Method, model: keras.Model, batch: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    heat = np.asarray(explain(model, batch, classes))
    if heat.shape not in (batch.shape, batch.shape[:-1]):
        raise CnnzooError(
            f"method must return heat of the inputs' shape, {list(batch.shape)}, or without its "
            f"last side; got {list(heat.shape)}"
        )
    return heat


def _groups(model: keras.Model) -> list[_Group]:
    """Return the layers that have weights, from the logits down."""
    found: list[_Group] = []
    waiting: list[Any] = []
    seen: set[int] = set()
    for path, call in reversed([*walk(model)]):
        if nested(call.layer) or id(call.layer) in seen:
            continue
        seen.add(id(call.layer))
        weights = [one for one in getattr(call.layer, "weights", []) if "float" in one.dtype]
        waiting += weights
        if any(len(one.shape) > 1 for one in weights):
            found.append(_Group(path, waiting))
            waiting = []
    if waiting and found:
        found[-1].weights.extend(waiting)  # Of what comes before the first kernel.
    return found


def _effective(model: keras.Model, batch: np.ndarray, seed: int) -> list[_Group]:
    """Return the groups whose weights change the logits; a decoder's, for one, do not."""
    logits = batched(lambda values: run_to_logits(model, values).output)
    before, found = logits(batch), []
    for place, group in enumerate(_groups(model)):
        with _shuffled(group, [seed, place]):
            if not np.array_equal(before, logits(batch)):
                found.append(group)
    if not found:
        raise CnnzooError(
            f"model must have weights that its logits depend on, in kernels; {model.name} has none"
        )
    return found


def _states(groups: Sequence[_Group], places: np.ndarray, order: str, seed: int) -> Iterator[None]:
    """Put the model into each state in turn, and back into its own at the end."""
    with contextlib.ExitStack() as stack:
        for place, group in enumerate(groups):
            if order == "independent":
                stack.close()
            stack.enter_context(_shuffled(group, [seed, place]))
            if place in places:
                yield


@contextlib.contextmanager
def _shuffled(group: _Group, seed: Sequence[int]) -> Iterator[None]:
    """Have the values of each tensor in random places for a while."""
    random = np.random.default_rng(seed)
    stock = [keras.ops.convert_to_numpy(one) for one in group.weights]
    try:
        for weight, values in zip(group.weights, stock, strict=True):
            weight.assign(random.permutation(values.ravel()).reshape(values.shape))
        yield
    finally:
        for weight, values in zip(group.weights, stock, strict=True):
            weight.assign(values)


def _similarity(
    model: keras.Model, batch: np.ndarray, first: np.ndarray, second: np.ndarray
) -> np.ndarray:
    """Return the means of the three similarities over the examples, `[3]`; padding is left out."""
    tokens = holds_tokens(checks.taken(model))
    rows = []
    for example, *pair in zip(batch, first, second, strict=True):
        if tokens:
            pair = [heat[example != checks.PADDING] for heat in pair]
        rows.append(_alike(pair[0], pair[1], not tokens and first.ndim == batch.ndim))
    return np.mean(rows, axis=0)


def _alike(first: np.ndarray, second: np.ndarray, channels: bool) -> tuple[float, float, float]:
    def summed(heat: np.ndarray) -> np.ndarray:
        return heat.sum(axis=-1) if channels else heat

    sizes = summed(np.abs(first)), summed(np.abs(second))
    return (
        rank_correlation(summed(first), summed(second)),
        rank_correlation(*sizes),
        structural_similarity(*(size / (size.max() or 1) for size in sizes)),
    )
