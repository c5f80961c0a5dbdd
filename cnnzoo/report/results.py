"""How good a network is: accuracy, course of training, classes, calibration, mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnzoo import evaluation
from cnnzoo.evaluation.confidence import Calibration
from cnnzoo.evaluation.confusion import PerClass
from cnnzoo.export.card import interval
from cnnzoo.report.page import Picture, Piece, Section, Table
from cnnzoo.report.subject import AnsweredExamples, Subject
from cnnzoo.training.curves import curves

_SHOWN = 18  # Mistakes.


def results_section(subject: Subject) -> Section:
    """Return accuracy, course of training, confusions, figures of each class, and calibration."""
    pieces: list[Piece] = []
    if subject.examples is not None and subject.score is not None:
        pieces.append(_score(subject.score, subject.examples.of))
    if subject.history:
        pieces.append(_course(subject))
    if subject.examples is None:
        pieces.append(f"{subject.lacking} What needs them is left out of this report.")
    else:
        pieces += _classes(subject, subject.examples)
        pieces.append(_calibration(subject.examples))
    return Section("results", "How good it is", pieces)


def _score(found: dict[str, Any], of: int) -> str:
    low, high = interval(found["accuracy"], found["examples"])
    which = "all" if found["examples"] == of else f"of {of:,}, evenly spread,"
    return (
        f"Of {found['examples']:,} test examples ({which} scored for this report), "
        f"{round(found['accuracy'] * found['examples']):,} are answered right: "
        f"{found['accuracy']:.2%}. As many others would give {low:.2%} to {high:.2%} nineteen "
        f"times of twenty. The mean cross-entropy is {found['loss']:.4f}."
    )


def _course(subject: Subject) -> Picture:
    chosen = subject.metrics["epoch"]
    best = subject.metrics["validation"]["accuracy"]
    return Picture(
        "curves",
        curves(subject.card["name"], subject.history, chosen),
        f"Loss and accuracy over {len(subject.history)} epochs; validation accuracy is {best:.2%} "
        f"at the chosen epoch, {chosen}.",
        "The course of training. The epoch whose weights are kept is the one with the best "
        "validation accuracy; a training loss that falls on while the validation loss rises "
        "would be overfitting.",
    )


def _classes(subject: Subject, examples: AnsweredExamples) -> list[Piece]:
    names = subject.classifier.class_names
    predicted = examples.scores.argmax(axis=-1)
    matrix = evaluation.confusion_matrix(examples.labels, predicted, len(names))
    found = evaluation.per_class(examples.labels, predicted, len(names))
    worst = int(np.argmin(np.where(found.support > 0, found.f1, 2)))
    return [
        Picture(
            "confusion",
            evaluation.draw_confusion(matrix, names),
            f"Confusion matrix of {len(names)} classes. {_most_confused(matrix, names)}",
            "A row is a true class, a column the answer. Right answers are on the diagonal; the "
            f"brighter another cell, the more often its class is mistaken so. "
            f"{_most_confused(matrix, names)}",
        ),
        Picture(
            "per_class",
            evaluation.draw_per_class(found, names),
            f"Precision, recall and F1 of each class; the lowest F1, {found.f1[worst]:.1%}, has "
            f"{names[worst]}.",
            "Precision: how many of the answers of a class are right. Recall: how many of its "
            f"examples are found. F1: the harmonic mean. Lowest is {names[worst]}, with an F1 of "
            f"{found.f1[worst]:.1%}.",
        ),
        _figures_of(found, names),
    ]


def _most_confused(matrix: np.ndarray, names: list[str]) -> str:
    wrong = matrix * (1 - np.eye(len(matrix), dtype=int))
    if not wrong.any():
        return "There is no mistake."
    true, said = np.unravel_index(wrong.argmax(), wrong.shape)
    return f"Most often, {names[true]} is taken for {names[said]}: {wrong[true, said]:,} times."


def _figures_of(found: PerClass, names: list[str]) -> Table:
    measures = (found.precision, found.recall, found.f1)
    rows = [
        (
            name,
            *(f"{100 * measure[place]:.2f}" for measure in measures),
            f"{found.support[place]:,}",
        )
        for place, name in enumerate(names)
    ]
    means = (f"{100 * value:.2f}" for value in found.macro)
    rows.append(("mean of the classes", *means, f"{found.support.sum():,}"))
    header = ("class", "precision, %", "recall, %", "F1, %", "examples")
    return Table(header, rows, "The figures of each class", folded=True)


def _calibration(examples: AnsweredExamples) -> Picture:
    found = evaluation.calibration(examples.scores, examples.labels)
    return Picture(
        "calibration",
        evaluation.draw_calibration(found),
        f"Reliability diagram; the expected calibration error is {found.expected_error:.2%}.",
        "Whether it is as often right as it is sure. Answers are sorted by confidence into bins; "
        f"a bar on the dotted line is as right as it is sure. {_tendency(found)}",
    )


def _tendency(found: Calibration) -> str:
    there = found.counts > 0
    gap = np.average((found.confidence - found.accuracy)[there], weights=found.counts[there])
    return (
        f"On average its confidence is {abs(gap):.2%} too {'high' if gap > 0 else 'low'}; the gaps "
        f"of the bins, whatever their sign, are {found.expected_error:.2%} on average (the "
        "expected calibration error)."
    )


def mistakes_section(subject: Subject) -> Section | None:
    """Return the wrong answers of which the network is surest; None without examples."""
    examples = subject.examples
    if examples is None:
        return None
    names = subject.classifier.class_names
    found = evaluation.mistakes(examples.scores, examples.labels, _SHOWN)
    wrong = int((examples.scores.argmax(axis=-1) != examples.labels).sum())
    title = "Its surest mistakes"
    if not found:
        return Section("mistakes", title, [f"None of {len(examples.labels):,} answers is wrong."])
    listed = "; ".join(
        f"{names[one.label]} taken for {names[one.predicted]} at {one.score:.1%}"
        for one in found[:6]
    )
    shown = f"the {len(found)} of which it is surest" if wrong > len(found) else "all of them"
    return Section(
        "mistakes",
        title,
        [
            f"{wrong:,} of {len(examples.labels):,} answers are wrong; here are {shown}. Wrong "
            "labels and examples that even people find hard are often among these.",
            Picture(
                "mistakes",
                evaluation.draw_mistakes(subject.shown(examples.inputs), found, names),
                f"{len(found)} wrong answers, among them {listed}.",
                "Above each example the answer and its score, and what the example is.",
            ),
        ],
    )
