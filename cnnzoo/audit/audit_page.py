"""The page of an audit, for people who need not know how it was made."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from cnnzoo.audit.findings import (
    CONSTANT,
    COPY,
    LABEL_ERROR,
    OUTLIER,
    Finding,
    counts,
    described,
    small_classes,
)
from cnnzoo.audit.material import Material
from cnnzoo.decoding import encode_png
from cnnzoo.report.page import Code, Facts, Gallery, Piece, Points, Section, Shown, Table, page

_SHOWN = 60  # Examples of a kind.
_GROUPS, _MEMBERS = 40, 6  # Of copies.
_LISTED = 20  # Paths.


def html(material: Material, found: Sequence[Finding], command: str, csv: str) -> str:
    """Return the page.

    Args:
        material: What was looked at.
        found: All findings.
        command: That trains without what the list says to leave out.
        csv: Name of the list's file.
    """
    of_kind = {
        kind: [one for one in found if one.kind == kind]
        for kind in (LABEL_ERROR, COPY, CONSTANT, OUTLIER)
    }
    sections = (
        _use(found, command, csv),
        _label_errors(material, of_kind[LABEL_ERROR]),
        _copies(material, of_kind[COPY]),
        _constants(material, of_kind[CONSTANT]),
        _outliers(material, of_kind[OUTLIER]),
        _classes(material),
        _how(material),
    )
    kind, total = material.dataset.kind, len(material.labels)
    lead = (
        f"What may be wrong with {total:,} labeled {kind}, worst first. A computer has marked what "
        "looks odd to it; whether it is, is for people to say."
    )
    return page(f"Audit of {material.dataset.name}", lead, _facts(material, found), sections)


def _facts(material: Material, found: Sequence[Finding]) -> Facts:
    number = counts(material, found)
    return Facts(
        [
            (
                "labels likely wrong",
                f"{number['likely label errors']:,}",
                f"and {number['less sure']:,} less sure",
            ),
            (
                "groups of copies",
                f"{number['groups of copies']:,}",
                f"{number['of these, leaks']:,} in training and test data, "
                f"{number['with other labels']:,} with different labels",
            ),
            ("nothing in them", f"{number['nothing in them']:,}", "blank or empty"),
            ("unreadable files", f"{number['unreadable']:,}", "left aside"),
            ("small classes", f"{number['small classes']:,}", "a tenth of the largest, or less"),
        ]
    )


def _use(found: Sequence[Finding], command: str, csv: str) -> Section:
    gone = len({one.place for one in found if one.leave_out})
    return Section(
        "use",
        "What to do with it",
        [
            f"Next to this page lies {csv}, a table with a row for everything that was found. "
            "Open it in any spreadsheet program. An example is left out of training if one of its "
            "rows says yes in the column leave_out. Empty that cell where you want to keep the "
            "example, write yes where it is to go, and save the table as CSV.",
            f"For now {gone:,} training examples have a yes: those whose label is likely "
            "wrong, all but one of each group of copies, and those with nothing in them. This "
            "command trains without them:",
            Code(command),
            "Examples for validation and test are never left out, so that results before and after "
            "can be compared. Your data themselves stay as they are.",
        ],
    )


def _label_errors(material: Material, found: list[Finding]) -> Section:
    names = material.dataset.class_names
    items = [
        _shown(
            material,
            one,
            f"labeled {names[material.labels[one.place]]}, looks like {names[one.proposed or 0]}",
        )
        for one in found[:_SHOWN]
    ]
    about = (
        "These labels do not fit what the example looks like to networks that have learned from "
        "other examples. Some will be wrong labels, and others right ones of examples that are "
        "hard to tell."
    )
    return Section("labels", "Labels that may be wrong", _gallery(about, items, len(found)))


def _copies(material: Material, found: list[Finding]) -> Section:
    names = material.dataset.class_names
    by_group: dict[int, list[Finding]] = {}
    for one in found:
        by_group.setdefault(one.group or 0, []).append(one)
    pieces: list[Piece] = [
        "Each group shows the same thing several times: equal, or moved by a pixel, stored again, "
        "made brighter or darker, or with a few words changed. Copies in training and in test data "
        "make a network look better than it is; copies with different labels cannot all be right."
        if by_group
        else "No copies were found."
    ]
    for group in list(by_group.values())[:_GROUPS]:
        items = [
            _shown(material, one, f"labeled {names[material.labels[one.place]]}")
            for one in group[:_MEMBERS]
        ]
        more = f", {len(group):,} in all" if len(group) > _MEMBERS else ""
        pieces.append(Gallery(items, f"Group {group[0].group}: {group[0].remark}{more}"))
    if len(by_group) > _GROUPS:
        pieces.append(f"{len(by_group) - _GROUPS:,} more groups are in the table.")
    return Section("copies", "Copies", pieces)


def _constants(material: Material, found: list[Finding]) -> Section:
    names = material.dataset.class_names
    items = [
        _shown(material, one, f"labeled {names[material.labels[one.place]]}")
        for one in found[:_SHOWN]
    ]
    pieces = _gallery("Blank images, and texts without a letter or digit.", items, len(found))
    paths = material.unreadable
    if paths:
        pieces.append(f"{len(paths):,} files could not be read as images:")
        pieces.append(Points([*paths[:_LISTED], *(["and others"] if paths[_LISTED:] else [])]))
    return Section("empty", "Nothing in them, or unreadable", pieces)


def _outliers(material: Material, found: list[Finding]) -> Section:
    names = material.dataset.class_names
    items = [
        _shown(
            material,
            one,
            f"labeled {names[material.labels[one.place]]}, {one.score:.1f} times as far from "
            "others as usual",
        )
        for one in found[:_SHOWN]
    ]
    about = (
        "These are least like all others. They may be of another kind, or only rare, and rare "
        "examples are worth much: none of these is left out unless you say so."
    )
    return Section("outliers", "The least usual", _gallery(about, items, len(found)))


def _classes(material: Material) -> Section:
    splits, labels = np.array(material.splits), material.labels
    names, kinds = material.dataset.class_names, list(material.stored)
    sizes = {
        split: np.bincount(labels[splits == split], minlength=len(names)).tolist()
        for split in kinds
    }
    rows = [
        (name, *(f"{sizes[split][place]:,}" for split in kinds)) for place, name in enumerate(names)
    ]
    small = small_classes(material)
    about = (
        f"{len(small):,} of {len(names):,} classes have a tenth of the training examples of the "
        "largest class, or less. With --set sampling=balanced, all classes count alike in training."
        if small
        else "No class has less than a tenth of the training examples of the largest."
    )
    return Section("classes", "Classes", [about, Table(("class", *kinds), rows, "Examples")])


def _how(material: Material) -> Section:
    return Section(
        "how",
        "How it was found",
        [
            Points(
                [
                    "Labels: all examples were cut into three parts, and a small network that "
                    "was trained on two of them judged the third. Confident learning (Northcutt, "
                    "Jiang and Chuang 2021) counts errors; the label with the lowest score stands "
                    "first.",
                    "Copies: pixels are compared, at 32x32 where images are files; of texts, "
                    "sequences of five characters, of which copies share 80%.",
                    "The least usual: the distance to the tenth nearest example in what the "
                    "networks have learned to see (Sun and others 2022).",
                    "With fewer than some hundred examples per class the networks learn little, "
                    "and many right labels look wrong.",
                ]
            )
        ],
    )


def _gallery(about: str, items: list[Shown], total: int) -> list[Piece]:
    if not items:
        return ["None were found."]
    more = f"The first {len(items):,} of {total:,}; the others are in the table."
    return [about, Gallery(items, more if total > len(items) else f"{total:,} in all.")]


def _shown(material: Material, one: Finding, caption: str) -> Shown:
    split, index = material.where(one.place)
    example = described(material, one.place)
    note = f"{split} {index:,}{', to be left out' if one.leave_out else ''}"
    if material.dataset.kind == "texts":
        return Shown("", example or "(empty)", caption, note)
    png = encode_png(material.examples.inputs[one.place])
    image = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return Shown(image, "", caption, f"{example}, {note}" if example else note)
