"""Which test examples are shown."""

import numpy as np

from cnnzoo.report.heatmaps import chosen
from cnnzoo.report.subject import AnsweredExamples, spread


def examples(labels, scores):
    return AnsweredExamples(np.arange(len(labels)), np.array(labels), np.array(scores), len(labels))


def test_correct_predictions_of_all_classes_and_the_most_confident_error_last():
    confident, unsure = [0.9, 0.05, 0.05], [0.4, 0.3, 0.3]  # Of class 0.
    found = examples(
        [0, 0, 0, 1, 1, 2, 2],
        [confident, confident, unsure, [0.1, 0.8, 0.1], confident, [0.1, 0.1, 0.8], unsure],
    )
    # Right: 0, 1 and 2 of class 0, 3 of class 1, 5 of class 2. Wrong: 4, confident, and 6, unsure.
    assert chosen(found, 4) == [0, 3, 5, 4]
    assert chosen(found, 6) == [0, 1, 2, 3, 5, 4]


def test_without_errors_all_predictions_are_correct():
    assert chosen(examples([1, 0], [[0.2, 0.8], [0.8, 0.2]]), 6) == [1, 0]


def test_a_sample_is_spread_from_the_first_to_the_last():
    assert spread(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert spread(101, 3).tolist() == [0, 50, 100]
    found = examples([0, 1] * 50, [[0.2, 0.8]] * 100).sample(10)
    assert len(found.labels) == len(found.inputs) == 10
    assert (found.inputs[0], found.inputs[-1]) == (0, 99)
    assert found.of == 100
