import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.datasets import DATASETS
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.batches import train_batches
from cnnzoo.pipelines.splits import Split, training_data
from cnnzoo.training.learning_rate_finder import has_diverged, result, smoothed

RATES = np.geomspace(1e-6, 10, 200)


def descent(curvature):
    """Losses of gradient descent on curvature * weight^2 / 2 with rising rates."""
    weight, losses = 1.0, []
    for rate in RATES:
        losses.append(curvature * weight**2 / 2)
        if has_diverged(losses):
            break
        weight -= rate * curvature * weight
    return losses


@pytest.mark.parametrize("curvature", [3.0, 100.0, 3e4])
def test_on_a_quadratic_the_loss_diverges_above_two_over_curvature(curvature):
    losses = descent(curvature)
    found = result(RATES, losses)
    assert found.diverged
    assert found.rates[-1] > 2 / curvature
    assert found.rates[-1] < 20 / curvature  # It stops soon after.
    # With the suggestion, each step takes a good part of the loss away.
    assert (1 - found.suggestion * curvature) ** 2 < 0.9


def test_the_suggestion_is_a_tenth_of_the_rate_of_the_least_average():
    found = result(np.array([1.0, 2.0, 4.0, 8.0]), [5.0, 1.0, 3.0, 9.0])
    # By hand: averages 5, (0.09 * 5 + 0.1 * 1) / 0.19, ...
    assert found.smoothed[:2] == pytest.approx([5, 0.55 / 0.19])
    assert found.suggestion == pytest.approx(0.2)
    assert not found.diverged


def test_the_loss_has_diverged_when_all_is_lost_that_was_won():
    assert has_diverged([2.0] * 5 + [1.0] * 20 + [4.0] * 5)
    assert not has_diverged([2.0] * 5 + [1.0] * 20 + [1.9] * 5)
    assert not has_diverged([2.0, 2.1, 1.95, 2.05, 2.0, 2.1])  # Nothing was won: that is noise.
    assert has_diverged([2.0] * 5 + [90.0])


def test_the_average_is_the_weighted_mean_of_all_losses_before():
    losses = np.random.default_rng(0).normal(size=50)
    expected = [
        np.average(losses[: step + 1], weights=0.9 ** np.arange(step, -1, -1)) for step in range(50)
    ]
    assert smoothed(losses) == pytest.approx(np.array(expected))


def test_a_loss_that_is_no_number_ends_the_test():
    found = result(RATES, [1.0, 0.5, float("inf")])
    assert found.diverged
    assert found.rates.tolist() == RATES[:2].tolist()
    with pytest.raises(CnnzooError, match="loss must be finite at the lowest rate; got nan"):
        result(RATES, [float("nan")])


@pytest.fixture
def fields(small):
    """Fields of a recipe for few images; the rate is the test's."""
    return {name: value for name, value in small.items() if name != "learning_rate"}


@pytest.fixture
def linear():
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    )


PLAIN = {"augmentation": None, "normalization": "unit", "optimizer": "sgd"}


def test_steps_are_those_of_the_recipe_with_a_rising_rate(fields, linear):
    before = linear.get_weights()
    options = {"lowest": 0.01, "highest": 0.3, "steps": 6, "network": linear}
    found = cnnzoo.find_learning_rate("mnist_lenet5", **options, **fields, **PLAIN)
    assert found.rates == pytest.approx(np.geomspace(0.01, 0.3, 6))
    assert found.losses == pytest.approx(by_hand(fields, before, found.rates), rel=1e-4)
    assert all(map(np.array_equal, before, linear.get_weights()))  # A copy was trained.


def by_hand(fields, weights, rates):
    """Losses of softmax regression on the recipe's batches, in NumPy."""
    examples, training, _ = training_data(DATASETS["small_mnist"], Split(fields["validation"]))
    batches = train_batches(examples, batch_size=50, seed=0, chosen=training).as_numpy_iterator()
    (kernel, bias), losses = weights, []
    for rate, (images, labels) in zip(rates, batches, strict=False):
        inputs = images.reshape(50, -1) / 255
        logits = inputs @ kernel + bias
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        losses.append(-np.log(shares[np.arange(50), labels]).mean())
        gradient = (shares - np.eye(10)[labels]) / 50
        kernel = kernel - rate * inputs.T @ gradient
        bias = bias - rate * gradient.sum(axis=0)
    return losses


def test_on_a_real_recipe_the_suggestion_learns_and_the_highest_rate_does_not(fields):
    found = cnnzoo.find_learning_rate("mnist_lenet5", steps=100, **fields)
    assert found.diverged
    assert len(found.rates) < 100
    fresh = found.smoothed[0]
    assert found.losses[0] == pytest.approx(np.log(10), rel=0.1)
    assert 1e-4 < found.suggestion < 0.1
    assert found.smoothed[-1] > fresh > found.smoothed.min()
    axes = found.draw().axes[0]
    assert axes.get_xscale() == "log"
    assert axes.lines[2].get_xdata() == [found.suggestion] * 2


def test_the_loss_scale_of_float16_lets_the_rate_through(fields):
    options = {"lowest": 0.01, "highest": 0.1, "steps": 3, "precision": "float16"}
    found = cnnzoo.find_learning_rate("mnist_mlp", **options, **fields, optimizer="sgd")
    assert found.losses[2] < found.losses[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lowest": 1.0, "highest": 1.0}, "lowest and highest must be rates above 0, .*; got 1.0 "),
        ({"lowest": 0.0}, "lowest and highest must be rates above 0, one below the other; got 0.0"),
        ({"steps": 1}, "steps must be a whole number of at least 2; got 1"),
        ({"learning_rate": 0.1}, "learning_rate must be left to the test, .*; got 0.1"),
        ({"batch_sise": 3}, "recipe field 'batch_sise' is unknown; did you mean batch_size?"),
        ({"network": 3}, "network must be a built Functional or Sequential model"),
        ({"network": keras.Sequential([])}, "network must be a built Functional or Sequential"),
    ],
)
def test_wrong_arguments_are_told(options, message):
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.find_learning_rate("mnist_lenet5", **options)
