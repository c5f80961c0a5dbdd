import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation import confusion_matrix, draw_confusion, draw_per_class, per_class

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 2, 2])


def test_rows_are_true_classes_and_columns_predicted_ones():
    expected = [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert confusion_matrix(LABELS, PREDICTED, 4).tolist() == expected


def test_the_matrix_counts_what_a_loop_counts():
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 43, (2, 2_000))
    expected = np.zeros((43, 43), int)
    for label, taken in zip(labels, predicted, strict=True):
        expected[label, taken] += 1
    assert np.array_equal(confusion_matrix(labels, predicted, 43), expected)


def test_figures_of_each_class_follow_from_their_definitions():
    found = per_class(LABELS, PREDICTED, 4)
    # By hand: of class 1, two were taken for it and one of them is; it has two, and one is found.
    assert found.precision == pytest.approx([1, 1 / 2, 1 / 2, 0])
    assert found.recall == pytest.approx([2 / 3, 1 / 2, 1, 0])
    assert found.f1 == pytest.approx([4 / 5, 1 / 2, 2 / 3, 0])
    assert found.support.tolist() == [3, 2, 1, 0]


def test_averages_are_over_the_classes_that_occur_and_over_the_examples():
    found = per_class(LABELS, PREDICTED, 4)
    assert found.macro == pytest.approx((2 / 3, 13 / 18, 59 / 90))
    assert found.micro == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    ("labels", "predicted", "classes", "message"),
    [
        ([0, 1], [0], 2, "labels and predicted must be of the same examples; got 2 and 1"),
        ([0, 2], [0, 1], 2, "labels must be from 0 to 1; got 2"),
        ([0, 1], [0, -1], 2, "predicted must be from 0 to 1; got -1"),
        ([0.0, 1.0], [0, 1], 2, "labels must be whole numbers, one for each .*; got float64 .2."),
        ([0, 1], [[0.1, 0.9]] * 2, 2, "predicted must be whole numbers, .*; got float64 .2, 2."),
        ([], [], 2, "labels must be whole numbers, one for each of at least one example"),
        ([0], [0], 0, "classes must be at least 1; got 0"),
    ],
)
def test_wrong_labels_are_told(labels, predicted, classes, message):
    with pytest.raises(CnnzooError, match=message):
        confusion_matrix(labels, predicted, classes)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_small_matrices_have_their_numbers_and_empty_cells_have_none():
    figure = draw_confusion(confusion_matrix(LABELS, PREDICTED, 3), ["a", "b", "$c$"])
    assert sorted(texts(figure.axes[0])) == ["1", "1", "1", "1", "2"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b", r"\$c\$"]


def test_a_matrix_without_mistakes_is_drawn():
    figure = draw_confusion(np.diag([1, 2]), ["a", "b"])
    assert [texts(axes) for axes in figure.axes] == [["1", "2"]]  # And no scale of colors.


@pytest.mark.parametrize("classes", [43, 100])
def test_of_many_classes_the_most_frequent_mistakes_are_listed(classes):
    matrix = np.diag(np.full(classes, 50))
    matrix[7, 3], matrix[8, 2], matrix[1, 40] = 4, 9, 2
    names = [f"class{number}" for number in range(classes)]
    beside = draw_confusion(matrix, names).axes[1]
    assert [label.get_text() for label in beside.get_yticklabels()] == [
        "8 class8\n→ 2 class2",
        "7 class7\n→ 3 class3",
        "1 class1\n→ 40 class40",
    ]
    assert [bar.get_width() for bar in beside.patches] == [9, 4, 2]


def test_of_many_classes_the_worst_are_drawn():
    labels = np.repeat(np.arange(100), 4)
    predicted = labels.copy()
    predicted[4 * 77] = 3  # One of class 77 is taken for class 3.
    axes = draw_per_class(per_class(labels, predicted, 100), [f"c{i}" for i in range(100)]).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[:2] == ["c77", "c3"]  # F1 of 6/7 and of 8/9.
    assert len(names) == 45


@pytest.mark.parametrize("draw", [draw_confusion, draw_per_class])
def test_each_class_has_a_name(draw):
    found = np.eye(3, dtype=int) if draw is draw_confusion else per_class(LABELS, PREDICTED, 3)
    with pytest.raises(CnnzooError, match="class_names must be one for each of 3 classes; got 2"):
        draw(found, ["a", "b"])
