"""The results table as a picture."""

import numpy as np
import pytest

from cnnzoo.evaluation import ledger
from cnnzoo.evaluation.ledger_plot import draw_ledger

ROW = {"accuracy_mean": "0.99", "seconds": "120"}


def test_points_stand_at_cost_and_errors():
    digits, words = {**ROW, "recipe": "mnist_lenet5"}, {**ROW, "recipe": "mr_text_cnn"}
    figure = draw_ledger([digits, {**words, "accuracy_mean": "0.75"}])
    macs, minutes = figure.axes
    places = [one.get_offsets().tolist() for one in macs.collections]
    assert places == [[[0.41652, pytest.approx(1)]], [[pytest.approx(21.3, abs=0.1), 25]]]
    assert minutes.collections[0].get_offsets().tolist() == [[2, pytest.approx(1)]]
    assert [one.get_text() for one in macs.texts] == ["lenet5", "mr"]  # Texts have one network.
    assert [one.get_text() for one in figure.legends[0].texts] == ["mnist", "texts"]


def test_names_do_not_cover_each_other():
    rows = ledger.shipped()
    figure = draw_ledger(rows)
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [one.get_window_extent() for one in axes.texts]
        assert len(boxes) == len(rows)
        pairs = [(a, b) for a in range(len(boxes)) for b in range(a)]
        covered = [boxes[a].overlaps(boxes[b]) for a, b in pairs]
        assert np.sum(covered) == 0, [
            (axes.texts[a].get_text(), axes.texts[b].get_text())
            for (a, b), one in zip(pairs, covered, strict=True)
            if one
        ]
