import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.export.folding import folded

RNG = np.random.default_rng(0)


def norms(model):
    found = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found += norms(layer)
    return found


def trained(model):
    """Give every normalization statistics, scale and offset of its own."""
    for layer in norms(model):
        layer.set_weights([RNG.uniform(0.5, 2, weight.shape) for weight in layer.weights])
    return model


@pytest.mark.parametrize(
    ("name", "shape", "left"),
    [
        ("resnet20", (32, 32, 3), 0),
        ("preact_resnet20", (16, 16, 3), 9),  # Those that follow an addition or feed two paths.
        ("vgg11_bn_small", (32, 32, 3), 0),
        ("m5", (4_000, 1), 0),
        ("mobilenet_v1_025", (32, 32, 3), 0),
        ("vdcnn9", (60,), 0),
    ],
)
def test_a_folded_network_gives_the_same_scores(name, shape, left):
    model = trained(cnnzoo.create_model(name, input_shape=shape))
    inputs = RNG.integers(1, 60, (2, *shape)) if len(shape) == 1 else RNG.normal(size=(2, *shape))
    inputs = inputs.astype(model.inputs[0].dtype)
    expected = np.asarray(model(inputs))
    copy = folded(model)
    assert len(norms(copy)) == left < len(norms(model))
    assert np.allclose(
        np.asarray(copy(inputs)), expected, rtol=0, atol=2e-5 * np.abs(expected).max()
    )


def test_a_layer_of_few_weights_becomes_its_stock_equivalent():
    model = cnnzoo.create_model("lenet5_1998")
    c3 = model.get_layer("c3")
    c3.set_weights([RNG.normal(size=weight.shape) for weight in c3.weights])
    copy, images = folded(model), RNG.normal(size=(2, 32, 32, 1))
    assert type(copy.get_layer("c3")) is keras.layers.Conv2D
    kernel, bias = copy.get_layer("c3").get_weights()
    assert np.count_nonzero(kernel) == 60 * 25  # Table I has 60 connections of 5x5 each.
    assert np.array_equal(bias, c3.get_weights()[1])
    assert np.allclose(copy(images), model(images), rtol=1e-5)


def test_depthwise_kernels_with_several_outputs_per_channel_are_folded():
    model = trained(
        keras.Sequential(
            [
                keras.Input((5, 6, 3)),
                keras.layers.DepthwiseConv2D(3, depth_multiplier=2, bias_initializer="ones"),
                keras.layers.BatchNormalization(),
            ]
        )
    )
    images = RNG.normal(size=(2, 5, 6, 3)).astype("float32")
    copy = folded(model)
    assert not norms(copy)
    assert np.allclose(copy(images), model(images), atol=1e-5)


def test_nested_sequential_and_biased_layers_are_folded():
    inner = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            keras.layers.Conv2D(4, 3, bias_initializer="ones"),
            keras.layers.BatchNormalization(scale=False),
        ]
    )
    outer = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            inner,
            keras.layers.Flatten(),
            keras.layers.Dense(3),
            keras.layers.BatchNormalization(center=False),
        ]
    )
    model = trained(outer)
    images = RNG.normal(size=(2, 6, 6, 2)).astype("float32")
    copy = folded(model)
    assert not norms(copy)
    assert np.allclose(np.asarray(copy(images)), np.asarray(model(images)), atol=1e-4)


def test_what_cannot_be_folded_stays():
    images = keras.Input((6, 6, 2))
    activated = keras.layers.Conv2D(2, 3, activation="relu")(images)
    used_twice = keras.layers.Conv2D(2, 3)(images)
    shared = keras.layers.Conv2D(2, 3)
    sums = [
        keras.layers.BatchNormalization()(activated),
        keras.layers.BatchNormalization()(used_twice),
        used_twice,
        keras.layers.BatchNormalization()(shared(images)),
        shared(images),
        keras.layers.BatchNormalization(axis=1)(keras.layers.Conv2D(2, 3)(images)),
    ]
    model = trained(keras.Model(images, keras.layers.Add()(sums)))
    values = RNG.normal(size=(2, 6, 6, 2)).astype("float32")
    copy = folded(model)
    assert len(norms(copy)) == 4
    assert np.allclose(np.asarray(copy(values)), np.asarray(model(values)), atol=1e-5)


@pytest.fixture(params=["channels_first", "mixed_bfloat16"])
def global_setting(request):
    """A global setting of Keras that differs from the one under which networks are built."""
    if request.param == "channels_first":
        change, usual = keras.config.set_image_data_format, "channels_last"
    else:
        change, usual = keras.config.set_dtype_policy, "float32"
    yield lambda: change(request.param)
    change(usual)


def test_global_settings_of_keras_do_not_matter(global_setting):
    layers = [
        keras.layers.Conv2D(4, 3),
        keras.layers.BatchNormalization(),
        cnnzoo.layers.PartialConv2D(((0, 1), (2, 3), (0, 3)), 3, limit=1.0),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3),
    ]
    model = trained(keras.Sequential([keras.Input((8, 9, 3)), *layers]))
    images = RNG.normal(size=(2, 8, 9, 3)).astype("float32")
    expected = np.asarray(model(images))
    global_setting()
    found = np.asarray(folded(model)(images))
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=1e-5)
