"""Statistics against closed forms and a pass by hand in NumPy."""

import keras
import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import (
    draw_layer_statistics,
    draw_weight_histograms,
    feature_maps,
    layer_statistics,
    weight_histograms,
)


def chain(factor, depth=6, **options):
    """A network of `depth` layers that each multiply by `factor`, then a layer to two logits."""
    inputs = keras.Input((3,))
    values = inputs
    for place in range(depth):
        values = keras.layers.Dense(3, use_bias=False, name=f"times{place}", **options)(values)
    network = keras.Model(inputs, keras.layers.Dense(2, use_bias=False, name="logits")(values))
    for place in range(depth):
        network.get_layer(f"times{place}").set_weights([factor * np.eye(3)])
    return network


def by_name(rows):
    return {row.name: row for row in rows}


@pytest.mark.parametrize("factor", [0.1, 0.5, 2.0])
def test_gradients_shrink_or_grow_by_the_factor_of_each_layer(factor):
    inputs = np.abs(np.random.default_rng(0).normal(size=(5, 3)))
    rows = layer_statistics(chain(factor), inputs, [0, 1, 0, 1, 1])
    gradients = [row.output_gradient for row in rows[:6]]
    before, behind = np.array(gradients[:-1]), np.array(gradients[1:])
    assert before / behind == pytest.approx(np.full(5, factor), rel=1e-4)
    # Forwards the same; so the gradient of each kernel, their product, is the same for all.
    deviations = np.array([row.std for row in rows[:6]])
    assert deviations[1:] / deviations[:-1] == pytest.approx(np.full(5, factor), rel=1e-4)
    kernels = [row.kernel_gradient for row in rows[:6]]
    assert kernels == pytest.approx([kernels[0]] * 6, rel=1e-4)
    assert rows[0].kernel_norm == pytest.approx(factor * 3**0.5)
    assert rows[0].gradient_ratio == pytest.approx(kernels[0] / (factor * 3**0.5), rel=1e-4)


def test_norms_are_those_of_softmax_and_cross_entropy_by_hand():
    inputs, labels = np.random.default_rng(1).normal(size=(4, 3)), np.array([1, 0, 0, 1])
    network = chain(1.0, depth=1)
    kernel = network.get_layer("logits").get_weights()[0].astype(float)
    logits = inputs @ kernel
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    by_logits = (shares - np.eye(2)[labels]) / 4
    rows = by_name(layer_statistics(network, inputs, labels))
    assert rows["logits"].output_gradient == pytest.approx(np.linalg.norm(by_logits), rel=1e-4)
    assert rows["times0"].output_gradient == pytest.approx(
        np.linalg.norm(by_logits @ kernel.T), rel=1e-4
    )
    for name in ("logits", "times0"):
        gradient = inputs.T @ (by_logits if name == "logits" else by_logits @ kernel.T)
        assert rows[name].kernel_gradient == pytest.approx(np.linalg.norm(gradient), rel=1e-4)
    assert (rows["logits"].mean, rows["logits"].std) == pytest.approx(
        (logits.mean(), logits.std()), rel=1e-4
    )


def test_dead_units_are_those_that_are_never_active():
    network = chain(1.0, depth=1, activation="relu")
    # Of the units, one is dead, one is active for one input, one for both.
    network.get_layer("times0").set_weights([np.diag([-1.0, 1.0, 1.0])])
    row = layer_statistics(network, np.array([[1, 1, 1], [1, -1, 1.0]]))[0]
    assert (row.units, row.dead, row.zeros) == (3, 1, 3 / 6)
    assert row.mean == pytest.approx(3 / 6)


def test_units_of_maps_are_channels(networks):
    network = networks.flat()
    kernel, bias = network.get_layer("conv1").get_weights()
    bias[:3] = -1e6
    network.get_layer("conv1").set_weights([kernel, bias])
    rows = by_name(layer_statistics(network, networks.images()))
    assert (rows["conv1"].units, rows["conv1"].dead) == (4, 0)
    assert (rows["relu1"].units, rows["relu1"].dead) == (4, 3)
    assert rows["relu1"].zeros >= 3 / 4


def test_layers_of_nested_models_have_their_paths_and_the_same_figures(networks):
    images, labels = networks.images(), [0, 1, 2]
    flat = layer_statistics(networks.flat(), images, labels)
    inside = layer_statistics(networks.nested(), images, labels)
    assert [row.name for row in inside] == [
        *(f"body/{name}" for name in ("conv1", "relu1", "drop", "norm", "conv2")),
        *("pool", "logits"),
    ]
    for one, other in zip(flat, inside, strict=True):
        assert [value is None for value in one] == [value is None for value in other]
        numbers = [value for value in one[2:] if value is not None]
        assert numbers == pytest.approx([value for value in other[2:] if value is not None])
    assert flat[4].mean == pytest.approx(feature_maps(networks.flat(), images, "conv2").mean())


def test_without_labels_there_are_no_gradients(networks):
    for row in layer_statistics(networks.sequential(), networks.images()):
        assert row.output_gradient is row.kernel_gradient is row.gradient_ratio is None
    assert row.kernel_norm > 0


def test_the_softmax_at_the_end_is_left_out(networks):
    network, images = networks.sequential(), networks.images()
    with_softmax = layer_statistics(network, images, [0, 1, 2])
    network.layers[-1].activation = keras.activations.linear
    without = layer_statistics(network, images, [0, 1, 2])
    assert with_softmax == without


def test_networks_over_texts_have_gradients(networks):
    rows = layer_statistics(networks.texts(), np.array([[1, 2, 3, 0], [4, 4, 8, 1]]), [0, 1])
    assert rows[0].name == "embedding"
    assert all(row.output_gradient > 0 for row in rows)
    assert rows[0].kernel_gradient > 0


class Fixed(keras.layers.Layer):
    """A layer that multiplies by a matrix of ones, which is never trained."""

    def build(self, shape):
        self.ones = self.add_weight(shape=(shape[-1], 2), initializer="ones", trainable=False)

    def call(self, inputs):
        return inputs @ self.ones


def test_weights_that_are_never_trained_have_gradients():
    network = keras.Sequential([keras.Input((3,)), keras.layers.Rescaling(2.0), Fixed()])
    scaling, fixed = layer_statistics(network, np.ones((1, 3)), [0])
    # Both logits are 6, and so both scores 1/2.
    assert fixed.output_gradient == pytest.approx(0.5**0.5)
    assert fixed.kernel_gradient == pytest.approx(2 * 3**0.5 * 0.5**0.5)
    assert scaling.output_gradient == pytest.approx(0, abs=1e-6)


def test_in_training_batch_normalization_takes_the_inputs_and_the_model_stays(networks):
    network, images = networks.flat(), 50 + 9 * networks.images(20)
    before = [np.asarray(one) for one in network.variables]
    fresh, trained = (
        by_name(layer_statistics(network, images, [0] * 20, training=training))["norm"]
        for training in (False, True)
    )
    assert (trained.mean, trained.std) == pytest.approx((0, 1), abs=0.01)
    assert fresh.std > 2
    again = by_name(layer_statistics(network, images, [0] * 20, training=True))["norm"]
    assert again == trained  # Dropout drops the same: its random state is given back.
    for one, other in zip(network.variables, before, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], "labels must be one class or one for each of 3 examples; got 2"),
        ([0, 1, 3], "labels must be 0 to 2 for flat; got 3"),
        ([0, 1, 0.5], "labels must be an integer; got 0.5"),
    ],
)
def test_wrong_labels_are_told(networks, labels, message):
    with pytest.raises(CnnzooError, match=message):
        layer_statistics(networks.flat(), networks.images(3), labels)


def test_histograms_count_every_weight_of_a_kernel(networks):
    found = weight_histograms(networks.nested(), bins=7)
    assert [one.name for one in found] == ["body/conv1", "body/conv2", "logits"]
    for one, size in zip(found, (3 * 3 * 2 * 4, 3 * 3 * 4 * 5, 5 * 3), strict=True):
        assert (len(one.counts), one.counts.sum(), one.not_finite) == (7, size, 0)


def test_a_histogram_by_hand():
    network = chain(1.0, depth=1)
    network.get_layer("times0").set_weights([np.arange(9.0).reshape(3, 3)])
    found = weight_histograms(network, bins=2)[0]
    assert (found.counts.tolist(), found.edges.tolist()) == ([4, 5], [0, 4, 8])
    assert (found.mean, found.std) == pytest.approx((4, (20 / 3) ** 0.5))


def test_weights_that_are_no_numbers_are_counted():
    network = chain(1.0, depth=1)
    network.get_layer("times0").set_weights([np.full((3, 3), np.nan)])
    weights = np.array([[1, np.inf], [1, 1], [np.nan, 1]])
    network.get_layer("logits").set_weights([weights])
    broken, half = weight_histograms(network)
    assert (broken.not_finite, half.not_finite) == (9, 2)
    assert half.mean == 1
    titles = [axes.get_title() for axes in draw_weight_histograms([broken, half]).axes]
    assert titles[1] == "logits\n1 ± 0\n2 not finite"


def test_kernels_of_one_layer_are_told_apart():
    network = keras.Sequential(
        [keras.Input((8, 8, 2)), keras.layers.SeparableConv2D(3, 3, name="both")]
    )
    assert [one.name for one in weight_histograms(network)] == [
        "both/depthwise_kernel",
        "both/pointwise_kernel",
    ]


def test_bins_and_rows_must_be_there(networks):
    with pytest.raises(CnnzooError, match="bins must be at least 1; got 0"):
        weight_histograms(networks.flat(), bins=0)
    with pytest.raises(CnnzooError, match="found must hold at least one histogram; got none"):
        draw_weight_histograms([])
    with pytest.raises(CnnzooError, match="found must hold .*; got {'a': 0}"):
        draw_layer_statistics({"a": []})


def test_lines_are_the_statistics(networks):
    rows = layer_statistics(networks.flat(), networks.images(), [0, 1, 2])
    figure = draw_layer_statistics({"one": rows, "two": rows[:2]})
    deviations, _, gradients, ratios = figure.axes
    assert deviations.lines[0].get_ydata().tolist() == [row.std for row in rows]
    assert gradients.lines[1].get_ydata().tolist() == [row.output_gradient for row in rows[:2]]
    assert ratios.lines[0].get_xdata().tolist() == [0, 4, 6]  # The layers that have kernels.
    assert gradients.get_yscale() == "log"
    plain = draw_layer_statistics({"one": layer_statistics(networks.flat(), networks.images())})
    assert len(plain.axes) == 2
