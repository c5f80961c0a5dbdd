"""Heat over images and sounds: what an answer comes from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnzoo import inspection
from cnnzoo.report.page import Picture, Piece
from cnnzoo.report.subject import Subject


def sounds(subject: Subject, name: str, raw: np.ndarray, titles: Sequence[str]) -> list[Piece]:
    """Return raw `sounds` as waveforms, shaded by Grad-CAM."""
    heat = inspection.grad_cam(subject.network, subject.classifier.prepare(raw))
    rate = subject.card["input"]["sample_rate"]
    middles = np.average(
        np.broadcast_to(np.arange(heat.shape[1]) / rate, heat.shape), axis=1, weights=heat + 1e-9
    )
    return [
        Picture(
            f"{name}_grad_cam",
            inspection.draw_sounds(raw / 2**15, rate, heat, titles),
            "Waveforms; the answers come mostly from around "
            + ", ".join(f"{seconds:.2f} s" for seconds in middles)
            + ".",
            "Grad-CAM: the darker the ground, the more the last feature maps there speak for the "
            "answer above. Each sound has its own scale.",
        )
    ]


def images(subject: Subject, name: str, raw: np.ndarray, titles: Sequence[str]) -> list[Piece]:
    return []
