"""What a network looks at: on test examples, and on the inputs of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cnnzoo.report import heatmaps, words
from cnnzoo.report.page import Piece, Section, Table, collected
from cnnzoo.report.subject import OWN, AnsweredExamples, Subject

_SHOWN = 6  # Test examples.
_TOLD = 3  # Classes with their scores.


class Batch(NamedTuple):
    """Raw examples with a title each: what they are called and what is answered."""

    name: str  # The pictures' names begin with it.
    inputs: np.ndarray
    titles: list[str]


def own_section(subject: Subject) -> Section | None:
    """Return the answers to the inputs of one's own and what they come from; None without any."""
    if not subject.own:
        return None
    shown = subject.own[:OWN]
    raw = np.stack([example for _, example in shown])
    scores = subject.classifier.scores(raw)
    names = [name.rpartition("/")[2] if subject.kind != "texts" else name for name, _ in shown]
    pieces: list[Piece] = [_answers(subject, names, scores)]
    if len(subject.own) > OWN:
        pieces.append(f"These are the first {OWN} of {len(subject.own):,} inputs.")
    said = [_said(subject, row) for row in scores]
    titles = said if subject.kind == "texts" else _joined(names, said)
    batch = Batch("own", raw, _plain(subject, titles))
    return Section("own", "Your inputs", [*pieces, *_looks(subject, batch)])


def _joined(names: Sequence[str], said: Sequence[str]) -> list[str]:
    return [f"{_short(name)}: {answer}" for name, answer in zip(names, said, strict=True)]


def _plain(subject: Subject, titles: list[str]) -> list[str]:
    """Return titles in which matplotlib finds no formula; those of texts are never read as such."""
    return titles if subject.kind == "texts" else [one.replace("$", r"\$") for one in titles]


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else f"{name[: most - 9]}…{name[-8:]}"


def _answers(subject: Subject, names: Sequence[str], scores: np.ndarray) -> Table:
    classes = subject.classifier.class_names
    told = min(_TOLD, len(classes))
    rows = []
    for name, row in zip(names, scores, strict=True):
        best = np.argsort(-row, kind="stable")[:told]
        rows.append((name, *(f"{classes[place]} {row[place]:.1%}" for place in best)))
    header = ("input", "answer", "second", "third")[: told + 1]
    return Table(header, rows, "The answers to your inputs, and what came next")


def _said(subject: Subject, row: np.ndarray) -> str:
    return f"{subject.classifier.class_names[row.argmax()]} ({row.max():.1%})"


def attention_section(subject: Subject) -> Section | None:
    """Return what the network looks at in some test examples; None where there are none."""
    if subject.examples is None:
        return None
    rows = chosen(subject.examples, _SHOWN)
    examples, classes = subject.examples, subject.classifier.class_names
    titles = [
        _said(subject, examples.scores[row])
        + ("" if _right(examples)[row] else f", is {classes[examples.labels[row]]}")
        for row in rows
    ]
    batch = Batch("test", examples.inputs[rows], _plain(subject, titles))
    told = "test examples of several classes that are answered right, and the surest mistake last"
    if _right(examples).all():
        told = "test examples of several classes"
    return Section("attention", "What it looks at", [f"Here are {told}.", *_looks(subject, batch)])


def _right(examples: AnsweredExamples) -> np.ndarray:
    return examples.scores.argmax(axis=-1) == examples.labels


def chosen(examples: AnsweredExamples, count: int) -> list[int]:
    """Return the places of right answers, class by class in turn, and of the surest mistake."""
    right = _right(examples)
    wrong = np.flatnonzero(~right)
    surest = [int(wrong[examples.scores[wrong].max(axis=-1).argmax()])] if len(wrong) else []
    classes = np.unique(examples.labels[right])
    queues = [np.flatnonzero(right & (examples.labels == one)) for one in classes]
    turns = max(map(len, queues), default=0)
    dealt = [
        int(queue[turn])
        for turn in range(min(turns, count))
        for queue in queues
        if turn < len(queue)
    ]
    return sorted(dealt[: count - len(surest)], key=lambda row: examples.labels[row]) + surest


def _looks(subject: Subject, batch: Batch) -> list[Piece]:
    looks: dict[str, Any] = {
        "images": lambda: heatmaps.images(subject, batch.name, batch.inputs, batch.titles),
        "sounds": lambda: heatmaps.sounds(subject, batch.name, batch.inputs, batch.titles),
        "texts": lambda: [words.attributions(subject, f"{batch.name}_words", *batch[1:])],
    }
    return collected(looks[subject.kind])
