"""Heat over images and sounds: what an answer comes from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnzoo import inspection
from cnnzoo.report.page import Picture, Piece
from cnnzoo.report.subject import Subject

# Multiply-adds for one example and method, roughly; a large network takes fewer steps.
_WORK = 2e10


def images(subject: Subject, name: str, raw: np.ndarray, titles: Sequence[str]) -> list[Piece]:
    """Return raw images with what four methods find of the answer in each."""
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
    return [
        Picture(
            f"{name}_heat",
            inspection.draw_explanations(raw, heats, list(map(_broken, titles))),
            f"{len(raw)} images with heat over each, of four methods. Grad-CAM is strongest at: "
            f"{centered}.",
            "Grad-CAM: where the last feature maps speak for the answer. Occlusion: how far the "
            "answer's logit falls when a square of zeros covers the place; purple where it falls, "
            "orange where it rises. Saliency: how much each pixel would change the logit, averaged "
            f"over noisy copies. Integrated gradients, in {steps} steps or more from zeros: the "
            "part of each pixel in the logit; purple speaks for the answer, orange against it.",
        )
    ]


def _where(heat: np.ndarray) -> str:
    """Return in words where heat, `[height, width]`, is greatest."""
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    down = ("top", "middle", "bottom")[3 * row // heat.shape[0]]
    across = ("left", "center", "right")[3 * column // heat.shape[1]]
    return f"{down} {across}"


def _broken(title: str) -> str:
    """Return a title in lines that fit beside an image."""
    return title.replace(": ", ":\n").replace(" (", "\n(").replace(", is", "\nis")


def sounds(subject: Subject, name: str, raw: np.ndarray, titles: Sequence[str]) -> list[Piece]:
    """Return raw sounds as waveforms, shaded by Grad-CAM."""
    heat = inspection.grad_cam(subject.network, subject.classifier.prepare(raw))
    rate = subject.card["input"]["sample_rate"]
    strongest = ", ".join(f"{place / rate:.2f} s" for place in heat.argmax(axis=1))
    return [
        Picture(
            f"{name}_heat",
            inspection.draw_sounds(raw / 2**15, rate, heat, titles),
            f"{len(raw)} waveforms; Grad-CAM is strongest at: {strongest}.",
            "Grad-CAM: the darker the ground, the more the last feature maps there speak for the "
            "answer above. Each sound has its own scale of heat.",
        )
    ]
