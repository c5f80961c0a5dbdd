import pytest

from cnnzoo.export.card import interval, markdown


def test_the_interval_is_wilsons():
    # Newcombe 1998, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E,
    # table I, method 3.
    assert interval(81 / 263, 263) == pytest.approx([0.2553, 0.3662], abs=1e-4)
    assert interval(0.0, 20) == pytest.approx([0.0, 0.1611], abs=1e-4)


def test_the_card_for_people_states_accuracy_limits_and_use(classifier):
    seeds = {"n": 5, "accuracy_mean": 0.993, "accuracy_std": 0.001}
    text = markdown({**classifier.card, "metrics": {**classifier.card["metrics"], "seeds": seeds}})
    assert text.startswith("# mnist_lenet5\n")
    for part in (
        "61,706 parameters, 416,520 multiply-adds",
        "95% confidence interval",
        "Mean accuracy of 5 runs of the recipe: 99.30% ± 0.10%.",
        "CC BY-SA 3.0",
        "calls an input unknown that is unlike its training data",
        "cnnzoo.load('mnist_lenet5').predict",
        "curl localhost:8501/v1/models/mnist_lenet5:predict",
    ):
        assert part in text
