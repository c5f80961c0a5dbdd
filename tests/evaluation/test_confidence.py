import math

import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation import calibration, draw_calibration, draw_mistakes, mistakes

SCORES = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.45, 0.55]])
LABELS = np.array([0, 1, 1, 0])


def two_classes(sure, right):
    """Scores of two classes and labels, `sure` of class 1, which a share `right` is."""
    count = len(sure)
    labels = (np.arange(count) < round(right * count)).astype(int)
    return np.stack([1 - sure, sure], axis=1), labels


def test_who_is_as_right_as_sure_has_no_error():
    parts = [two_classes(np.full(100, sure), sure) for sure in (0.6, 0.75, 0.9, 1.0)]
    scores, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    found = calibration(scores, labels)
    assert found.expected_error == pytest.approx(0, abs=1e-9)
    assert found.maximum_error == pytest.approx(0, abs=1e-9)


def test_who_is_always_sure_errs_by_the_share_of_mistakes():
    found = calibration(*two_classes(np.ones(200), 0.7))
    assert found.expected_error == pytest.approx(0.3)
    assert found.maximum_error == pytest.approx(0.3)
    assert found.counts.tolist() == [0] * 14 + [200]


def test_bins_are_those_of_a_loop_over_the_examples():
    rng = np.random.default_rng(1)
    scores = rng.dirichlet(np.full(4, 0.4), 3_000)
    labels = rng.integers(0, 4, 3_000)
    found = calibration(scores, labels, bins=10)
    expected = maximum = 0.0
    for low, high, count, sure, share in zip(
        *(found.edges, found.edges[1:], found.counts, found.confidence, found.accuracy),
        strict=False,
    ):
        rows = [row for row, one in enumerate(scores) if low < one.max() <= high]
        assert count == len(rows)
        if not rows:
            assert math.isnan(sure)
            assert math.isnan(share)
            continue
        mean = sum(scores[row].max() for row in rows) / len(rows)
        right = sum(scores[row].argmax() == labels[row] for row in rows) / len(rows)
        assert (sure, share) == pytest.approx((mean, right))
        expected += len(rows) / 3_000 * abs(mean - right)
        maximum = max(maximum, abs(mean - right))
    assert (found.expected_error, found.maximum_error) == pytest.approx((expected, maximum))


def test_a_confidence_on_an_edge_is_of_the_bin_below():
    found = calibration(np.array([[0.5, 0.5]]), np.array([0]), bins=4)
    assert found.counts.tolist() == [0, 1, 0, 0]


def test_the_most_confident_errors_come_first():
    found = mistakes(SCORES, LABELS, 1)
    assert found == [(1, 1, 0, 0.8)]
    assert mistakes(SCORES, LABELS, 9) == [(1, 1, 0, 0.8), (3, 0, 1, 0.55)]  # There are two.
    assert mistakes(SCORES, SCORES.argmax(axis=1), 3) == []


@pytest.mark.parametrize("function", [calibration, lambda *both: mistakes(*both, 3)])
@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (SCORES, LABELS[:3], "scores and labels must be of the same examples; got 4 and 3"),
        (SCORES, LABELS + 1, "labels must be from 0 to 1; got 2"),
        (SCORES, LABELS - 1, "labels must be from 0 to 1; got -1"),
        (SCORES, SCORES, "labels must be whole numbers, .*; got float64 .4, 2."),
        (SCORES * 3, LABELS, "scores must be from 0 to 1 and sum to 1, .*; got 2.7, 0.3 for exam"),
        (SCORES - 0.5, LABELS, "sum to 1, as softmax gives them from logits; got 0.4, -0.4 for"),
        (SCORES * [1, np.nan], LABELS, "got 0.9, nan for example 0"),
        (SCORES.argmax(axis=1), LABELS, "scores must be numbers .examples, classes.; got int64"),
    ],
)
def test_wrong_scores_and_labels_are_told(function, scores, labels, message):
    with pytest.raises(CnnzooError, match=message):
        function(scores, labels)


def test_counts_below_one_are_refused():
    with pytest.raises(CnnzooError, match="bins must be at least 1; got 0"):
        calibration(SCORES, LABELS, bins=0)
    with pytest.raises(CnnzooError, match="count must be at least 1; got 0"):
        mistakes(SCORES, LABELS, 0)


def test_eight_bit_scores_are_probabilities():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(100), 50)
    rounded = (np.round(shares * 256) / 256).astype("f4")
    assert np.abs(rounded.sum(axis=1) - 1).max() > 1e-3
    assert calibration(rounded, np.zeros(50, int)).counts.sum() == 50


def test_the_diagram_has_a_bar_for_each_bin_with_examples():
    top, below = draw_calibration(calibration(SCORES, LABELS, bins=10)).axes
    few = top.containers[2]
    heights = [bar.get_height() for bar in few]
    assert heights == [0, 1, 0, 1]  # Of 0.55, 0.7, 0.8 and 0.9; the upper edge is the bin's.
    assert {bar.get_alpha() for bar in few} == {0.25}
    assert [bar.get_height() for bar in below.patches] == [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]


def test_the_diagram_compares_scores_with_those_before():
    found = calibration(*two_classes(np.full(200, 0.7), 0.7))
    before = calibration(*two_classes(np.full(200, 0.9), 0.7))
    top, _ = draw_calibration(found, before).axes
    assert top.get_title() == "expected calibration error 0.00%, before 20.00%"
    bars = [bar for bar in top.containers[0] if bar.get_height()]
    assert [bar.get_alpha() for bar in bars] == [1.0]
    (line,) = (one for one in top.lines if one.get_label() == "before")
    np.testing.assert_allclose(line.get_xydata(), [[0.9, 0.7]])


def test_images_sounds_and_texts_are_drawn():
    found = mistakes(SCORES, LABELS, 5)
    names = ["ham", "spam"]
    images = np.zeros((4, 8, 8, 3), np.uint8)
    images[1] = 200
    grid = draw_mistakes(images, found, names).axes
    assert grid[0].get_title() == "ham (80.0%)\nis spam"
    assert (grid[0].images[0].get_array() == 200).all()
    waves = draw_mistakes(np.arange(40.0).reshape(4, 10, 1), found, names).axes
    assert waves[1].lines[0].get_ydata().tolist() == list(range(30, 40))
    texts = np.array(["a", "costs $5 or $6", "c", ""])
    listed = [text.get_text() for text in draw_mistakes(texts, found, names).axes[0].texts]
    assert listed == ["ham (80.0%), is spam", texts[1], "spam (55.0%), is ham", "(empty)"]


@pytest.mark.parametrize(
    ("inputs", "count", "names", "message"),
    [
        (np.zeros((4, 8, 8, 1)), 0, ["a", "b"], "found must hold at least one mistake; got none"),
        (np.zeros((3, 8, 8, 1)), 2, ["a", "b"], "inputs must hold example 3, a mistake; got 3"),
        (np.zeros((4, 8, 8, 1)), 2, ["a"], "class_names must name class 1; got 1 names"),
        (np.zeros((4, 8)), 2, ["a", "b"], "inputs must be images .*; got float64 .2, 8."),
    ],
)
def test_what_cannot_be_drawn_is_told(inputs, count, names, message):
    with pytest.raises(CnnzooError, match=message):
        draw_mistakes(inputs, mistakes(SCORES, LABELS, 2)[:count], names)
