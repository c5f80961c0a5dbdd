"""How good a model is: accuracy, training curves, classes, ranks, calibration, errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnzoo import evaluation
from cnnzoo.evaluation.predictions import Calibration, PerClass
from cnnzoo.export.card import interval
from cnnzoo.export.temperature import tempered
from cnnzoo.report.page import Picture, Piece, Section, Table
from cnnzoo.report.subject import AnsweredExamples, Subject
from cnnzoo.training.curves import curves

_SHOWN = 18  # Errors.


def results_section(subject: Subject) -> Section:
    """Return accuracy, training curves, confusions, figures per class, and calibration."""
    pieces: list[Piece] = []
    if subject.examples is not None and subject.score is not None:
        pieces.append(_score(subject.score, subject.examples.of))
    if subject.history:
        pieces.append(_curves(subject))
    if subject.examples is None:
        pieces.append(f"{subject.lacking} The parts that need them are left out.")
    else:
        pieces += _classes(subject, subject.examples)
        pieces += _ranking(subject.classifier.class_names, subject.examples)
        pieces.append(_calibration(subject, subject.examples))
    return Section("results", "Results", pieces)


def _score(found: dict[str, Any], of: int) -> str:
    low, high = interval(found["accuracy"], found["examples"])
    which = "all" if found["examples"] == of else f"of {of:,}, evenly spread,"
    return (
        f"Of {found['examples']:,} test examples ({which} scored for this report), "
        f"{round(found['accuracy'] * found['examples']):,} are classified correctly: "
        f"{found['accuracy']:.2%}, with a 95% confidence interval of {low:.2%} to {high:.2%}. The "
        f"mean cross-entropy is {found['loss']:.4f}."
    )


def _curves(subject: Subject) -> Picture:
    chosen = subject.metrics["epoch"]
    best = subject.metrics["validation"]["accuracy"]
    return Picture(
        "curves",
        curves(subject.card["name"], subject.history, chosen),
        f"Loss and accuracy over {len(subject.history)} epochs; validation accuracy is {best:.2%} "
        f"at the chosen epoch, {chosen}.",
        "Training curves. The weights are those of the epoch with the best validation accuracy; a "
        "training loss that keeps falling while the validation loss rises shows overfitting.",
    )


def _classes(subject: Subject, examples: AnsweredExamples) -> list[Piece]:
    names = subject.classifier.class_names
    predicted = examples.scores.argmax(axis=-1)
    matrix = evaluation.confusion_matrix(examples.labels, predicted, len(names))
    found = evaluation.per_class(examples.labels, predicted, len(names))
    worst = int(np.argmin(np.where(found.support > 0, found.f1, 2)))
    most = _most_confused(matrix, names)
    return [
        Picture(
            "confusion",
            evaluation.draw_confusion(matrix, names),
            f"Confusion matrix of {len(names)} classes. {most}",
            "Rows are true classes, columns are predictions. Correct predictions are on the "
            f"diagonal; the brighter another cell, the more frequent is this confusion. {most}",
        ),
        Picture(
            "per_class",
            evaluation.draw_per_class(found, names),
            f"Precision, recall and F1 per class; {names[worst]} has the lowest F1, "
            f"{found.f1[worst]:.1%}.",
            "Precision: the share of predictions of a class that are correct. Recall: the share of "
            "its examples that are found. F1: the harmonic mean of both. "
            f"{names[worst]} has the lowest, {found.f1[worst]:.1%}.",
        ),
        _figures_of(found, names),
    ]


def _most_confused(matrix: np.ndarray, names: list[str]) -> str:
    wrong = matrix * (1 - np.eye(len(matrix), dtype=int))
    if not wrong.any():
        return "No class is mistaken for another."
    row, column = np.unravel_index(wrong.argmax(), wrong.shape)
    return f"Most often, {names[row]} is taken for {names[column]}: {wrong[row, column]:,} times."


def _figures_of(found: PerClass, names: list[str]) -> Table:
    figures = [*zip(names, *found[:4], strict=True)]
    figures.append(("mean of the classes", *found.macro, found.support.sum()))
    rows = [
        (name, *(f"{100 * share:.2f}" for share in shares), f"{support:,}")
        for name, *shares, support in figures
    ]
    header = ("class", "precision, %", "recall, %", "F1, %", "examples")
    return Table(header, rows, "All figures per class", folded=True)


def _ranking(names: list[str], examples: AnsweredExamples) -> list[Piece]:
    """Return the curves of two classes, if there are examples of both."""
    positive = examples.labels == 1
    if len(names) != 2 or positive.all() or not positive.any():
        return []
    found = evaluation.ranking(examples.scores[:, 1], positive)
    return [
        Picture(
            "ranking",
            evaluation.draw_ranking(found, names[1]),
            f"ROC curve of {names[1]}, area {found.roc_auc:.2%}; precision over recall, average "
            f"precision {found.average_precision:.2%}.",
            f"What another threshold than one half would give. The lower the score from which an "
            f"example counts as {names[1]}, the more of these are found, and the more others are "
            "taken for them.",
        )
    ]


def _calibration(subject: Subject, examples: AnsweredExamples) -> Picture:
    found = evaluation.calibration(examples.scores, examples.labels)
    temperature = subject.card.get("calibration", {}).get("temperature")
    before, drawn = None, ""
    if temperature is not None:
        scores = tempered(examples.scores, 1 / temperature)
        before = evaluation.calibration(scores, examples.labels)
        drawn = "; the line with dots is that of the scores before they were calibrated"
    return Picture(
        "calibration",
        evaluation.draw_calibration(found, before),
        f"Reliability diagram; the expected calibration error is {found.expected_error:.2%}.",
        "Whether confidence matches accuracy. Predictions are sorted by confidence into bins, "
        "those of fewer than ten pale; on the dotted line the two are equal"
        f"{drawn}. {_tendency(found)}",
    )


def _tendency(found: Calibration) -> str:
    there = found.counts > 0
    gap = np.average((found.confidence - found.accuracy)[there], weights=found.counts[there])
    return (
        f"On average, confidence is {abs(gap):.2%} too {'high' if gap > 0 else 'low'}; the mean "
        f"absolute gap of the bins, the expected calibration error, is {found.expected_error:.2%}."
    )


def mistakes_section(subject: Subject) -> Section | None:
    """Return the most confident errors; None without examples."""
    examples = subject.examples
    if examples is None:
        return None
    names = subject.classifier.class_names
    found = evaluation.mistakes(examples.scores, examples.labels, _SHOWN)
    if not found:
        pieces: list[Piece] = [f"All {len(examples.labels):,} predictions are correct."]
        return Section("mistakes", "Most confident errors", pieces)
    wrong = int((~examples.right).sum())
    listed = "; ".join(
        f"{names[one.label]} taken for {names[one.predicted]} at {one.score:.1%}"
        for one in found[:6]
    )
    shown = f"the {len(found)} most confident" if wrong > len(found) else "all of them"
    pieces = [
        f"{wrong:,} of {len(examples.labels):,} predictions are wrong; here are {shown}. Wrong "
        "labels and examples that are hard even for people are often among them.",
        Picture(
            "mistakes",
            evaluation.draw_mistakes(subject.shown(examples.inputs), found, names),
            f"{len(found)} errors, among them {listed}.",
            "Above each example: the prediction with its score, and the true class.",
        ),
    ]
    return Section("mistakes", "Most confident errors", pieces)
