"""What predictions come from: heat over test examples and over your inputs, by several methods."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnzoo import inspection
from cnnzoo.report import randomized
from cnnzoo.report.page import Picture, Piece, Section, Table, collected
from cnnzoo.report.subject import OWN, AnsweredExamples, Subject

_SHOWN = 6  # Test examples.
_RANKED = 3  # Classes with their scores.

# Multiply-adds for one example and method, roughly; a large network takes fewer steps.
_WORK = 2e10

# What is shown for each kind of input, by the names of `inspection.attribution`.
_METHODS = {
    "images": ("grad_cam", "occlusion", "smoothgrad", "integrated_gradients"),
    "sounds": ("grad_cam",),
    "texts": ("integrated_gradients",),
}


def own_section(subject: Subject) -> Section | None:
    """Return the predictions for your inputs and what they come from; None without inputs."""
    if not subject.own:
        return None
    shown = subject.own[:OWN]
    raw = np.stack([example for _, example in shown])
    scores = subject.classifier.scores(raw)
    names = [name.rpartition("/")[2] if subject.kind != "texts" else name for name, _ in shown]
    pieces: list[Piece] = [_predictions(subject, names, scores)]
    if len(subject.own) > OWN:
        pieces.append(f"These are the first {OWN} of {len(subject.own):,} inputs.")
    titles = [_prediction(subject, row) for row in scores]
    if subject.kind != "texts":
        titles = [f"{_short(name)}: {title}" for name, title in zip(names, titles, strict=True)]
    return Section("own", "Your inputs", [*pieces, *_heat(subject, "own", raw, titles)])


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else f"{name[: most - 9]}…{name[-8:]}"


def _predictions(subject: Subject, names: Sequence[str], scores: np.ndarray) -> Table:
    classes = subject.classifier.class_names
    ranked = min(_RANKED, len(classes))
    rows = []
    for name, row in zip(names, scores, strict=True):
        best = np.argsort(-row, kind="stable")[:ranked]
        rows.append((name, *(f"{classes[place]} {row[place]:.1%}" for place in best)))
    header = ("input", "prediction", "second", "third")[: ranked + 1]
    return Table(header, rows, "The predictions for your inputs, and the next most likely classes")


def _prediction(subject: Subject, row: np.ndarray) -> str:
    return f"{subject.classifier.class_names[row.argmax()]} ({row.max():.1%})"


def attention_section(subject: Subject) -> Section | None:
    """Return what the model looks at in some test examples; None without test examples."""
    if subject.examples is None:
        return None
    rows = chosen(subject.examples, _SHOWN)
    examples, classes = subject.examples, subject.classifier.class_names
    titles = [
        _prediction(subject, examples.scores[row])
        + ("" if examples.right[row] else f", is {classes[examples.labels[row]]}")
        for row in rows
    ]
    heat = _heat(subject, "test", examples.inputs[rows], titles)
    shown = "Correctly classified test examples of several classes, and the most confident error."
    if examples.right.all():
        shown = "Test examples of several classes."
    tested = collected(lambda: [randomized.table(subject)])
    return Section("attention", "What the model looks at", [shown, *heat, *tested])


def chosen(examples: AnsweredExamples, count: int) -> list[int]:
    """Return the places of correct predictions, class by class, and of the most confident error."""
    right = examples.right
    wrong = np.flatnonzero(~right)
    worst = [int(wrong[examples.scores[wrong].max(axis=-1).argmax()])] if len(wrong) else []
    classes = np.unique(examples.labels[right])
    queues = [np.flatnonzero(right & (examples.labels == one)) for one in classes]
    turns = itertools.zip_longest(*(queue[:count].tolist() for queue in queues))
    dealt = [row for turn in turns for row in turn if row is not None]
    return sorted(dealt[: count - len(worst)], key=lambda row: examples.labels[row]) + worst


def _heat(subject: Subject, name: str, raw: np.ndarray, titles: list[str]) -> list[Piece]:
    """Return a picture of what raw examples are classified by, and whether it can be trusted."""
    methods: dict[str, Any] = {"images": _over_images, "sounds": _over_sounds, "texts": _over_words}
    if subject.kind != "texts":  # In titles of texts matplotlib looks for no formulas.
        titles = [title.replace("$", r"\$") for title in titles]
    drawn = collected(lambda: [methods[subject.kind](subject, name, raw, titles)])
    if not isinstance(drawn[0], Picture):
        return drawn
    return drawn + collected(lambda: [randomized.verdict(subject, _METHODS[subject.kind])])


def _over_images(subject: Subject, name: str, raw: np.ndarray, titles: Sequence[str]) -> Picture:
    """Return raw images with the heat of four methods over each."""
    network, inputs = subject.network, subject.classifier.prepare(raw)
    steps = subject.affordable(_WORK, most=64, least=8)
    saliency = inspection.saliency(network, inputs, copies=min(steps, 16), noise=0.1)
    heats = {
        "Grad-CAM": inspection.grad_cam(network, inputs),
        "occlusion": inspection.occlusion(network, inputs),
        "saliency": np.abs(saliency).sum(axis=-1),
        "integrated\ngradients": inspection.integrated_gradients(network, inputs, steps=steps),
    }
    centered = ", ".join(map(_where, heats["Grad-CAM"]))
    return Picture(
        f"{name}_heat",
        inspection.draw_explanations(raw, heats, list(map(_broken, titles))),
        f"{len(raw)} images with heat over each, of four methods. Grad-CAM is strongest at: "
        f"{centered}.",
        "Grad-CAM: where the last feature maps support the predicted class. Occlusion: how far the "
        "logit of that class falls when a square of zeros covers the position; purple where it "
        "falls, orange where it rises. Saliency: how much each pixel would change the logit, "
        f"averaged over noisy copies. Integrated gradients, in {steps} or more steps from zeros: "
        "how much each pixel adds to the logit; purple supports the predicted class, orange "
        "opposes it.",
    )


def _where(heat: np.ndarray) -> str:
    """Return in words where heat, `[height, width]`, is greatest."""
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    down = ("top", "middle", "bottom")[3 * row // heat.shape[0]]
    across = ("left", "center", "right")[3 * column // heat.shape[1]]
    return f"{down} {across}"


def _broken(title: str) -> str:
    """Return a title in lines that fit next to an image."""
    return title.replace(": ", ":\n").replace(" (", "\n(").replace(", is", "\nis")


def _over_sounds(subject: Subject, name: str, raw: np.ndarray, titles: Sequence[str]) -> Picture:
    """Return raw sounds as waveforms, shaded by Grad-CAM."""
    heat = inspection.grad_cam(subject.network, subject.classifier.prepare(raw))
    rate = subject.card["input"]["sample_rate"]
    strongest = ", ".join(f"{place / rate:.2f} s" for place in heat.argmax(axis=1))
    return Picture(
        f"{name}_heat",
        inspection.draw_sounds(raw / 2**15, rate, heat, titles),
        f"{len(raw)} waveforms; Grad-CAM is strongest at: {strongest}.",
        "Grad-CAM: the stronger the color behind the waveform, the more the last feature maps "
        "there support the predicted class. Each recording has its own scale.",
    )


def _over_words(subject: Subject, name: str, raw: np.ndarray, titles: Sequence[str]) -> Picture:
    """Return the words of raw texts, shaded by what they add to the logit."""
    tokens = subject.classifier.prepare(raw)
    words = subject.classifier.words(tokens)
    found = inspection.word_attributions(subject.network, tokens)
    strongest = [text[place] for text, place in zip(words, found.argmax(axis=1), strict=True)]
    listed = ", ".join(f"“{word}”" for word in strongest if word)
    return Picture(
        f"{name}_words",
        inspection.draw_word_attributions(words, found, titles),
        f"Texts whose words are shaded. The word that adds most to each prediction: {listed}.",
        "Integrated gradients: how much each word adds to the logit of the predicted class. Purple "
        "supports that class, orange opposes it; all texts have the same scale. A word that is not "
        "in the vocabulary is shown as �.",
        inspection.word_attributions_html(words, found, titles),
    )
