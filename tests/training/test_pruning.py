"""Networks with fewer filters."""

import keras
import numpy as np
import pytest
from stopping import in_parts, same_run

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.cost import multiply_adds
from cnnzoo.models import MODELS
from cnnzoo.training.pruning import _Channels, pruned

RNG = np.random.default_rng(0)
NAMES = [
    "lenet5",
    "mlp",
    "resnet8",
    "resnet20",
    "mobilenet_v1_025",
    "m5",
    "squeezenet_1_1",
    pytest.param("densenet_40_12", marks=pytest.mark.slow),
    pytest.param("mobilenet_v2_050", marks=pytest.mark.slow),
    pytest.param("shufflenet_v2_050", marks=pytest.mark.slow),
    pytest.param("se_resnet20", marks=pytest.mark.slow),
    pytest.param("airbench93", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("name", NAMES)
def test_without_filters_that_give_zero_the_answers_are_the_same(name):
    keras.utils.set_random_seed(0)
    row = MODELS[name].VARIANTS[name]
    *sides, depth = row.input_shape
    shape = (*(min(side, row.smallest + 3) for side in sides), depth)
    network = cnnzoo.create_model(name, input_shape=shape)
    inputs = RNG.standard_normal((16, *shape)).astype(np.float32)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(inputs, training=True)  # Else signals fade in deep networks.
    channels = _Channels(network)
    kept = channels.kept(0.5)
    for layer in network.layers:
        if layer.weights and layer.name in channels._given:
            stays = channels._masks(layer, kept)[1]
            layer.set_weights([_silent(weight, stays) for weight in layer.get_weights()])
    copy = channels.without(kept)
    assert copy.count_params() < 0.75 * network.count_params()
    expected = np.asarray(network(inputs))
    assert np.ptp(expected, axis=0).max() > 1e-6
    assert np.asarray(copy(inputs)) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def _silent(weight, stays):
    """Zeros where a channel is to go, in a kernel or in a vector over channels."""
    if weight.ndim > 1 and weight.shape[-1] == 1 != len(stays):  # Depthwise.
        return weight * stays[:, None]
    return weight * stays


@pytest.mark.parametrize("name", ["lenet5", "resnet20", "mobilenet_v1_025"])
@pytest.mark.parametrize("share", [0.3, 0.5])
def test_the_multiply_adds_fall_by_the_share_and_no_more_than_they_must(name, share):
    network = cnnzoo.create_model(name)
    left = multiply_adds(pruned(network, share)) / multiply_adds(network)
    assert 0.85 * (1 - share) < left <= 1 - share


def test_the_filters_of_least_magnitude_go_by_hand():
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(4, activation="relu", name="hidden")
    logits = keras.layers.Dense(2, name="logits")
    network = keras.Model(inputs, logits(hidden(inputs)), name="small")
    kernel = np.array([[1, 5, -2, 0.1], [1, 0, -2, 0.1]])  # Magnitudes 2, 5, 4 and 0.2.
    hidden.set_weights([kernel, np.arange(4)])
    logits.set_weights([np.arange(8).reshape(4, 2), np.zeros(2)])
    copy = pruned(network, 0.5)
    assert copy.get_layer("hidden").get_weights()[0].tolist() == [[5, -2], [0, -2]]
    assert copy.get_layer("hidden").get_weights()[1].tolist() == [1, 2]
    assert copy.get_layer("logits").get_weights()[0].tolist() == [[2, 3], [4, 5]]


def test_normalization_counts():
    inputs = keras.Input((4, 4, 1))
    conv = keras.layers.Conv2D(2, 1, use_bias=False, name="conv")
    norm = keras.layers.BatchNormalization(name="norm")
    maps = keras.layers.Flatten()(norm(conv(inputs)))
    network = keras.Model(inputs, keras.layers.Dense(2)(maps), name="small")
    conv.set_weights([np.array([[[[1.0, 2.0]]]])])
    norm.set_weights([np.array([3.0, 1.0]), np.zeros(2), np.zeros(2), np.ones(2)])
    assert pruned(network, 0.5).get_layer("conv").get_weights()[0].tolist() == [[[[1.0]]]]


def test_a_layer_that_is_used_twice_or_unknown_keeps_its_channels():
    inputs = keras.Input((8,))
    shared = keras.layers.Dense(8, name="shared")
    hidden = shared(shared(inputs))
    hidden = keras.layers.LayerNormalization()(keras.layers.Dense(8, name="normalized")(hidden))
    hidden = keras.layers.Dense(80, name="free")(hidden)
    network = keras.Model(inputs, keras.layers.Dense(2)(hidden), name="odd")
    copy = pruned(network, 0.5)
    assert [copy.get_layer(name).units for name in ("shared", "normalized")] == [8, 8]
    assert copy.get_layer("free").units < 80


def test_layers_of_other_shapes_are_left_alone():
    inputs = keras.Input((4, 4, 3))
    parts = [keras.layers.Conv2D(count, 1, name=f"part{count}")(inputs) for count in (4, 12)]
    whole = keras.layers.Conv2D(16, 1, name="whole")(inputs)
    maps = keras.layers.Add()([keras.layers.Concatenate()(parts), whole])
    maps = keras.layers.BatchNormalization(axis=1)(maps)
    maps = keras.layers.Conv2D(32, 1, name="before")(maps)
    maps = keras.layers.Conv2D(8, 1, groups=4, name="grouped")(maps)
    inner = keras.Input((4, 4, 8))
    nested = keras.Model(inner, keras.layers.Conv2D(64, 3, name="inside")(inner), name="nested")
    maps = keras.layers.Conv2D(40, 1, name="free")(nested(maps))
    network = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(maps)), name="odd")
    copy = pruned(network, 0.2)
    assert multiply_adds(copy) <= 0.8 * multiply_adds(network)
    for name, filters in (("before", 32), ("grouped", 8)):
        assert copy.get_layer(name).filters == filters
    assert copy.get_layer("nested").output.shape == (None, 2, 2, 64)
    small = keras.layers.Add()([keras.layers.Concatenate()(parts), whole])
    small = keras.layers.Dense(2)(keras.layers.Flatten()(small))
    parts[0]._keras_history.operation.kernel.assign(np.full((1, 1, 3, 4), 1e-6))
    copy = pruned(keras.Model(inputs, small, name="joined"), 0.8)
    assert copy.get_layer("part4").filters + copy.get_layer("part12").filters == (
        copy.get_layer("whole").filters
    )
    assert copy.get_layer("part4").filters >= 1


@pytest.mark.parametrize(
    ("name", "share", "message"),
    [
        ("resnet20", 0.99, r"prune must be at most 0\.\d+ for resnet20, whose other filters"),
        ("text_cnn_rand", 0.5, "prune must be none for text_cnn_rand, none of whose filters"),
    ],
)
def test_more_than_can_go_is_refused(name, share, message):
    options = {"vocabulary_size": 50} if name.startswith("text") else {}
    with pytest.raises(CnnzooError, match=message):
        pruned(cnnzoo.create_model(name, **options), share)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"prune": 0.5}, "prune must be none unless weights names"),
        ({"prune": 1.0, "weights": "mnist_lenet5"}, "prune must be between 0 and 1; got 1.0"),
        (
            {"prune": 0.5, "weights": "mnist_lenet5", "frozen_epochs": 1},
            "frozen_epochs must be none where quantize or prune is given; got 1",
        ),
    ],
)
def test_wrong_fields_are_refused_in_one_sentence(fields, message):
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.get_recipe("mnist_lenet5").replace(**fields)


def test_a_trained_network_is_pruned_tuned_resumed_exported_and_trained_on(small, tmp_path):
    fields = small | {"weights": "mnist_lenet5", "prune": 0.6}
    run = cnnzoo.train("mnist_lenet5", out=tmp_path / "run", **fields)
    network = cnnzoo.load(run.path).network
    whole = cnnzoo.create_model("lenet5")
    assert multiply_adds(network) <= 0.4 * multiply_adds(whole)
    card = cnnzoo.load(run.path).card
    assert card["params"] == run.metrics["params"] == network.count_params() < 61_706 / 2
    assert card["macs"] == multiply_adds(network)
    assert run.accuracy > 0.95
    assert same_run(in_parts("mnist_lenet5", [40], tmp_path / "parts", **fields), run)
    cnnzoo.export(cnnzoo.load(run.path), tmp_path / "exported", ["litert"])
    # What is pruned can be pruned further, and quantized.
    again = small | {"weights": str(run.path), "prune": 0.3, "quantize": "int8", "epochs": 1}
    further = cnnzoo.train("mnist_lenet5", out=tmp_path / "further", **again)
    assert further.metrics["params"] < run.metrics["params"]
    assert cnnzoo.load(further.path).card["recipe"]["prune"] == 0.3
