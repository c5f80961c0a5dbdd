"""What an audit finds, one finding per example and kind, and the CSV file of all of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from cnnzoo.audit.copies import Group
from cnnzoo.audit.cross_validation import Judgment
from cnnzoo.audit.label_errors import Suspects
from cnnzoo.audit.material import Material
from cnnzoo.pipelines.left_out import COLUMNS, content_of, stored

LABEL_ERROR, COPY, CONSTANT, OUTLIER = "label error", "copy", "constant", "outlier"
UNREADABLE = "unreadable"
_SHARE, _FEWEST, _MOST = 0.002, 5, 100  # Of all examples, those that are the least usual.
_EXCERPT = 200  # Characters of a text.


class Finding(NamedTuple):
    """What is found of one example."""

    kind: str
    place: int  # Among all examples, split after split.
    score: float  # Of label errors and outliers, see there; of copies, how alike they are.
    proposed: int | None = None  # Class, of label errors.
    group: int | None = None  # Of copies, from 1.
    remark: str = ""
    leave_out: bool = False  # What the audit proposes; only training examples.


def label_errors(material: Material, found: Suspects) -> list[Finding]:
    """Return likely label errors, the most likely first; those counted as errors are left out."""
    columns = (column.tolist() for column in found)
    return [
        Finding(
            *(LABEL_ERROR, place, score, proposed, None),
            "" if confident else "less sure",
            confident and material.is_training(place),
        )
        for place, proposed, score, confident in zip(*columns, strict=True)
    ]


def copies(material: Material, found: Sequence[Group], wrong: set[int]) -> list[Finding]:
    """Return the members of groups of copies: those in several splits, then other labels, first.

    Of each group one example stays: those of validation and test, or else one whose label is not
    likely `wrong`.
    """
    rows = []
    for group in found:
        splits = {material.splits[place] for place in group.places}
        labels = {int(material.labels[place]) for place in group.places}
        leak, differ, exact = len(splits) > 1, len(labels) > 1, group.similarity >= 1
        remark = "; ".join(
            word
            for word, said in (
                ("equal" if exact else "nearly equal", True),
                (f"leak: in {' and '.join(sorted(splits, reverse=True))}", leak),
                ("labels differ", differ),
            )
            if said
        )
        rows.append((not leak, not differ, -group.similarity, group, remark))
    rows.sort(key=lambda row: row[:3])
    return [
        Finding(COPY, place, group.similarity, None, number, remark, gone)
        for number, (*_, group, remark) in enumerate(rows, start=1)
        for place, gone in _which_go(material, group, wrong)
    ]


def _which_go(material: Material, group: Group, wrong: set[int]) -> Iterator[tuple[int, bool]]:
    training = [place for place in group.places if material.is_training(place)]
    if len(training) == len(group.places):
        stays = min(training, key=lambda place: (place in wrong, place))
        training = [place for place in training if place != stays]
    for place in group.places:
        yield place, place in training


def constants(material: Material, places: Sequence[int]) -> list[Finding]:
    """Return examples that hold nothing: blank images, and texts without letters and digits."""
    return [Finding(CONSTANT, place, 1, leave_out=material.is_training(place)) for place in places]


def outliers(judgment: Judgment, others: set[int]) -> list[Finding]:
    """Return the examples farthest from all others, but for `others`; none of them is left out."""
    order = np.argsort(-judgment.distances, kind="stable").tolist()
    count = min(max(round(_SHARE * len(order)), _FEWEST), _MOST)
    chosen = [place for place in order if place not in others][:count]
    return [Finding(OUTLIER, place, float(judgment.distances[place])) for place in chosen]


def csv_of(material: Material, found: Sequence[Finding]) -> bytes:
    """Return the CSV file of all findings, in order."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS)
    names = material.dataset.class_names
    for one in found:
        split, index = material.where(one.place)
        rows.writerow(
            (
                *(one.kind, split, index, described(material, one.place)),
                names[material.labels[one.place]],
                "" if one.proposed is None else names[one.proposed],
                *(f"{one.score:.6g}", one.group or "", one.remark),
                "yes" if one.leave_out else "",
                content_of(material.stored[split], index),
            )
        )
    for path in material.unreadable:
        rows.writerow([UNREADABLE, "", "", path, *[""] * (len(COLUMNS) - 4)])
    return file.getvalue().encode()


def described(material: Material, place: int) -> str:
    """Return the path of an image's file, "" if it has none, or the beginning of a text."""
    split, index = material.where(place)
    one, path = stored(material.stored[split].inputs, index)
    if not isinstance(one, str):
        return path
    words = " ".join(one.split())
    return words if len(words) <= _EXCERPT else f"{words[:_EXCERPT]}..."


def counts(material: Material, found: Sequence[Finding]) -> dict[str, int]:
    """Return how many examples each kind of finding has."""
    of_kind = {
        kind: [one for one in found if one.kind == kind]
        for kind in (LABEL_ERROR, COPY, CONSTANT, OUTLIER)
    }
    copied = of_kind[COPY]
    return {
        "likely label errors": sum(not one.remark for one in of_kind[LABEL_ERROR]),
        "less sure": sum(bool(one.remark) for one in of_kind[LABEL_ERROR]),
        "groups of copies": len({one.group for one in copied}),
        "of these, leaks": len({one.group for one in copied if "leak" in one.remark}),
        "with other labels": len({one.group for one in copied if "labels differ" in one.remark}),
        "nothing in them": len(of_kind[CONSTANT]),
        "unreadable": len(material.unreadable),
        "least usual": len(of_kind[OUTLIER]),
        "small classes": len(small_classes(material)),
    }


def small_classes(material: Material) -> list[str]:
    """Return the classes of which there is a tenth of the training examples of the largest."""
    training = material.labels[[split == "train" for split in material.splits]]
    sizes = np.bincount(training, minlength=len(material.dataset.class_names))
    pairs = zip(material.dataset.class_names, sizes.tolist(), strict=True)
    return [name for name, size in pairs if 10 * size <= sizes.max()]
