import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo import layers
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.cost import describe, largest_receptive_field, layer_costs, multiply_adds


def test_lenet_as_taught():
    expected = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10
    assert describe("lenet5")["macs"] == expected == 416_520


def test_lenet_as_published():
    c1, c3, c5, f6 = 28 * 28 * 6 * 25, 10 * 10 * 25 * 60, 400 * 120, 120 * 84
    s2, s4, rbf = 14 * 14 * 6, 5 * 5 * 16, 10 * 84
    facts = describe("lenet5_1998")
    assert facts["macs"] == c1 + s2 + c3 + s4 + c5 + f6 + rbf
    assert facts["params"] == 60_000
    # The paper counts 340,908 connections: biases too, and four inputs a unit in S2 and S4.
    biases = 28 * 28 * 6 + 14 * 14 * 6 + 10 * 10 * 16 + 5 * 5 * 16 + 120 + 84
    assert facts["macs"] + biases + 3 * (s2 + s4) == 340_908


def small(*layers, shape=(30, 24, 2)):
    return keras.Sequential([keras.Input(shape), *layers])


def test_convolutions_of_every_kind():
    model = small(
        keras.layers.Conv2D(4, (3, 5), strides=2, padding="same"),  # 15x12
        keras.layers.BatchNormalization(),
        keras.layers.Conv2D(8, 3, groups=2, dilation_rate=2),  # 11x8
        keras.layers.DepthwiseConv2D(3, padding="same"),
        keras.layers.Conv2DTranspose(3, 2, strides=2),  # 22x16
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(5),
    )
    expected = 15 * 12 * 4 * 15 * 2 + 11 * 8 * 8 * 9 * 2 + 11 * 8 * 8 * 9 + 11 * 8 * 4 * 3 * 8 + 15
    assert multiply_adds(model) == expected


class Scaled(keras.layers.Layer):
    """A layer with a weight of which nothing is known."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],))

    def call(self, inputs):
        return inputs * self.scale


def test_layers_of_unknown_cost_are_left_out_with_a_remark():
    model = small(Scaled(name="scaled"), keras.layers.Dense(5), shape=(4,))
    with pytest.warns(UserWarning, match=r"leave out layers of unknown cost: 'scaled' \(Scaled\)"):
        assert multiply_adds(model) == 4 * 5
    assert [row.remark for row in layer_costs(model)] == ["multiply-adds not known", ""]
    assert [row.params for row in layer_costs(model)] == [4, 25]


def measured_field(model, layer, unit):
    """Return first and last input position, a side, that moves `unit` of `layer`, by gradient."""
    part = keras.Model(model.inputs, layer.output)
    rng = np.random.default_rng(0)
    for weight in part.weights:
        weight.assign(rng.uniform(0.005, 0.01, weight.shape))  # No tanh may saturate.
    inputs = tf.constant(rng.uniform(0.1, 1, (1, *model.input_shape[1:])).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = part(inputs)[(0, *unit, 0)]
    moved = np.argwhere(np.abs(tape.gradient(value, inputs).numpy()[0]).sum(axis=-1))
    return moved.min(axis=0), moved.max(axis=0)


def assert_field_is_that_measured(model, layer, row):
    """Compare the field of a unit in the middle; both end at the borders of the input."""
    unit = [side // 2 for side in row.output_shape[:-1]]
    first, last = measured_field(model, layer, unit)
    center = np.array(row.center) + np.array(unit) * row.stride
    half = (np.array(row.receptive_field) - 1) / 2
    sides = np.array(model.input_shape[1:-1])
    assert (first == np.maximum(np.ceil(center - half), 0)).all(), layer.name
    assert (last == np.minimum(np.floor(center + half), sides - 1)).all(), layer.name


def assert_fields_are_those_measured(model):
    rows = {row.name: row for row in layer_costs(model) if row.receptive_field is not None}
    assert len(rows) >= 2
    for name, row in rows.items():
        assert_field_is_that_measured(model, model.get_layer(name), row)


def test_fields_of_a_branched_network_equal_those_measured_by_gradient():
    images = keras.Input((64, 61, 1))
    maps = keras.layers.Conv2D(3, 3, padding="same")(images)
    short = keras.layers.AveragePooling2D(2, padding="same")(maps)
    long = keras.layers.Conv2D(3, (5, 3), strides=2, padding="same")(maps)
    maps = keras.layers.Add()([short, long])
    maps = keras.layers.ZeroPadding2D(((1, 3), (2, 0)))(maps)
    maps = keras.layers.Conv2D(2, 3, dilation_rate=2)(maps)
    maps = keras.layers.DepthwiseConv2D(3, strides=2, padding="same")(maps)
    maps = keras.layers.Cropping2D(1)(maps)
    maps = keras.layers.Conv2D(4, 1, groups=2)(maps)
    units = keras.layers.GlobalAveragePooling2D()(maps)
    model = keras.Model(images, keras.layers.Dense(3)(units))
    assert_fields_are_those_measured(model)
    # 3, then 5 or 3 and a stride of 2, then dilated 3x3, then 3x3 strided: 3+4+8+4, and 3+2+8+4.
    assert largest_receptive_field(model) == [19, 17]


@pytest.mark.parametrize("length", [31, 32, 33])
def test_fields_in_one_dimension(length):
    model = small(
        keras.layers.Conv1D(3, 3, padding="causal", dilation_rate=2),
        keras.layers.MaxPooling1D(3, 2, padding="same"),
        keras.layers.Conv1D(3, 4, strides=3, padding="same"),
        keras.layers.GlobalMaxPooling1D(),
        shape=(length, 2),
    )
    # Of a maximum only the winner has a gradient, so sizes come from the formula of the source.
    assert [row.receptive_field for row in layer_costs(model)[:3]] == [[5], [7], [13]]
    assert [row.stride for row in layer_costs(model)[:3]] == [[1], [2], [6]]
    assert layer_costs(model)[3].receptive_field is None


def test_fields_in_three_dimensions():
    assert_fields_are_those_measured(
        small(
            keras.layers.Conv3D(2, (3, 5, 1), padding="same"),
            keras.layers.AveragePooling3D((1, 2, 2)),
            keras.layers.Conv3D(2, 3, strides=(1, 2, 1)),
            shape=(9, 24, 24, 1),
        )
    )


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("alexnet_2012", (99, 131, 3)),
        ("basic_cnn_small", (61, 64, 1)),
        ("preact_resnet20", (63, 64, 3)),
        ("resnet8", (63, 64, 3)),
        ("resnet18", (95, 128, 3)),
        ("resnet20_b", (63, 64, 3)),
        ("vgg16_c_bn", (95, 128, 3)),
        ("wrn16_4", (63, 64, 3)),
        ("m5", (4_100, 1)),
        ("c3d", (17, 32, 35, 3)),
    ],
)
def test_fields_of_the_zoo_equal_those_measured_by_gradient(name, shape):
    if name == "c3d":
        model = cnnzoo.features(cnnzoo.create_model(name, input_shape=shape), "conv3b")
    else:
        model = cnnzoo.create_model(name, input_shape=shape)
    linear = keras.models.clone_model(model, clone_function=_averaging)
    rows = {row.name: row for row in layer_costs(linear)}
    name = [name for name, row in rows.items() if row.receptive_field is not None][-1]
    assert [rows[name].receptive_field] == [
        row.receptive_field for row in layer_costs(model) if row.name == name
    ]
    assert_field_is_that_measured(linear, linear.get_layer(name), rows[name])


def _averaging(layer):
    """A layer that lets every input of a maximum have a gradient."""
    if not type(layer).__name__.startswith("MaxPooling"):
        return type(layer).from_config(layer.get_config())
    kind = getattr(keras.layers, type(layer).__name__.replace("Max", "Average"))
    return kind.from_config(layer.get_config())


def test_layers_of_the_zoo_that_pad_by_themselves():
    model = small(
        layers.MaskedConv1D(2, 3, full=True),
        layers.MaskedMaxPooling1D(3, strides=2),
        layers.MaskedConv1D(2, 5),
        shape=(30, 2),
    )
    # Windows of the first begin two positions before the text; each margin is in its own steps.
    assert [row.receptive_field for row in layer_costs(model)] == [[3], [5], [13]]
    assert [row.center for row in layer_costs(model)] == [[-1], [-1], [-1]]
    assert_fields_are_those_measured(
        small(
            layers.MaskedConv1D(2, 4, full=True),
            layers.MaskedConv1D(1, 3, strides=2),
            shape=(21, 1),
        )
    )


def test_transposed_convolutions_and_upsampling():
    model = small(
        keras.layers.Conv2D(2, 3, strides=2, padding="same"),
        keras.layers.UpSampling2D(2),
        keras.layers.Conv2D(2, 3),
        shape=(24, 24, 1),
    )
    # Two rows of the first layer, at least, reach three rows after the repetition.
    assert [row.stride for row in layer_costs(model)] == [[2, 2], [1, 1], [1, 1]]
    transposed = small(keras.layers.Conv2DTranspose(2, 4, strides=2), shape=(12, 12, 1))
    assert layer_costs(transposed)[0].receptive_field == [2, 2]
    assert layer_costs(transposed)[0].stride == [0.5, 0.5]


def test_maps_that_are_multiplied_by_gates_from_global_pooling_see_all():
    images = keras.Input((20, 16, 3))
    maps = keras.layers.Conv2D(4, 3)(images)
    ungated = keras.Model(images, keras.layers.Conv2D(4, 3)(maps))
    gates = keras.layers.GlobalAveragePooling2D(keepdims=True)(maps)
    gates = keras.layers.Conv2D(4, 1, activation="sigmoid")(gates)
    maps = keras.layers.Conv2D(4, 3)(keras.layers.Multiply()([maps, gates]))
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(maps))
    assert largest_receptive_field(ungated) == [5, 5]
    assert largest_receptive_field(keras.Model(images, logits)) == [20, 16]


def test_the_largest_of_parallel_fields_counts_and_masks_have_no_rows():
    model = cnnzoo.create_model("text_cnn_rand")
    assert largest_receptive_field(model) == [5]
    assert {row.name for row in layer_costs(model)} == {layer.name for layer in model.layers[1:]}


def test_nested_and_shared_layers():
    twin = keras.Sequential(
        [keras.Input((12, 12, 1)), keras.layers.Conv2D(4, 3, name="inner"), keras.layers.ReLU()],
        name="twin",
    )
    left, right = keras.Input((12, 12, 1)), keras.Input((12, 12, 1))
    both = keras.layers.Concatenate(name="both")([twin(left), twin(right)])
    maps = keras.layers.Conv2D(2, 3, name="last")(both)
    model = keras.Model([left, right], maps)
    rows = layer_costs(model, batch_size=3)
    inner = [row for row in rows if row.name == "twin/inner"]
    assert [row.params for row in inner] == [40, 0]
    assert [row.macs for row in inner] == [10 * 10 * 4 * 9] * 2
    assert sum(row.params for row in rows) == model.count_params() == 40 + 8 * 2 * 9 + 2
    assert rows[-1].receptive_field == [5, 5]
    assert rows[-1].activation_bytes == 3 * 8 * 8 * 2 * 4


def test_frozen_and_moving_weights_are_in_the_total_alone():
    model = small(
        keras.layers.Conv2D(4, 3, trainable=False, name="frozen"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5),
    )
    rows = layer_costs(model)
    assert [(row.params, row.total_params) for row in rows] == [(0, 76), (8, 16), (0, 0)]


def test_a_model_of_another_kind_or_without_definite_sides_is_refused():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(CnnzooError, match="model must be Functional, or Sequential and built"):
        multiply_adds(Own())
    with pytest.raises(CnnzooError, match="input_shape must be definite for a cost"):
        multiply_adds(small(keras.layers.Conv2D(1, 1), shape=(None, 4, 1)))


def test_the_field_of_the_published_lenet_is_measured_too():
    model = cnnzoo.create_model("lenet5_1998", input_shape=(64, 64, 1))
    assert_fields_are_those_measured(model)
    assert largest_receptive_field(model) == [32, 32]
    # 5x5, 2x2, 5x5, 2x2: 5, 6, 14, 16.
    assert largest_receptive_field(cnnzoo.create_model("lenet5")) == [16, 16]


def test_describing_gives_no_values_to_the_weights(monkeypatch):
    monkeypatch.setattr(keras.Variable, "_initialize", None)
    assert describe("lenet5")["params"] == 61_706
    monkeypatch.undo()
    assert cnnzoo.create_model("lenet5")(np.zeros((1, 28, 28, 1))).shape == (1, 10)
