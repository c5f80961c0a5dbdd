"""Class activation maps against closed forms and NumPy."""

import keras
import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.guard.shapes import without_values
from cnnzoo.inspection import grad_cam, grad_cam_plus_plus
from cnnzoo.inspection.graph import last_maps

RNG = np.random.default_rng(2)


def flattened(end="linear"):
    """Return a network whose logits weigh each position of each map."""
    keras.utils.set_random_seed(4)
    images = keras.Input((5, 4, 2))
    maps = keras.layers.Conv2D(3, 1, activation="relu", name="conv")(images)
    logits = keras.layers.Dense(3, activation=end, name="logits")(keras.layers.Flatten()(maps))
    return keras.Model(images, logits, name="flattened")


def maps_and_gradients(model, values, class_id):
    kernel, bias = model.get_layer("conv").get_weights()
    maps = np.maximum(values @ kernel[0, 0] + bias, 0)
    return maps, model.get_layer("logits").get_weights()[0][:, class_id].reshape(5, 4, 3)


def to_one(heat):
    return heat / heat.max(axis=(1, 2), keepdims=True)


@pytest.mark.parametrize("end", ["linear", "softmax"])
def test_grad_cam_weighs_maps_by_their_mean_gradient(end):
    model, values = flattened(end), RNG.normal(size=(4, 5, 4, 2)).astype("float32")
    maps, gradients = maps_and_gradients(model, values, 1)
    expected = np.maximum((maps * gradients.mean(axis=(0, 1))).sum(axis=-1), 0)
    assert np.allclose(grad_cam(model, values, 1), to_one(expected), atol=1e-5)


@pytest.mark.parametrize("end", ["linear", "softmax"])
def test_grad_cam_plus_plus_is_that_of_the_paper(end):
    model, values = flattened(end), RNG.normal(size=(4, 5, 4, 2)).astype("float32")
    maps, gradients = maps_and_gradients(model, values, 2)
    kernel, bias = model.get_layer("logits").get_weights()
    # Y = exp(S), of which the n-th derivative by a value with gradient g is exp(S) g^n; eq. 19.
    y = np.exp(maps.reshape(4, -1) @ kernel[:, 2] + bias[2])[:, None, None, None]
    first, second, third = (y * gradients**power for power in (1, 2, 3))
    alpha = second / (2 * second + maps.sum(axis=(1, 2), keepdims=True) * third)
    weights = (alpha * np.maximum(first, 0)).sum(axis=(1, 2), keepdims=True)
    expected = np.maximum((weights * maps).sum(axis=-1), 0)
    assert np.allclose(grad_cam_plus_plus(model, values, 2), to_one(expected), atol=1e-4)


def test_each_example_may_have_a_class_of_its_own():
    model, values = flattened(), RNG.normal(size=(3, 5, 4, 2)).astype("float32")
    mixed = grad_cam(model, values, [0, 2, 1])
    for place, class_id in enumerate([0, 2, 1]):
        alone = grad_cam(model, values[place : place + 1], class_id)
        assert np.allclose(mixed[place], alone[0], atol=1e-6)
    top = np.asarray(model(values)).argmax(axis=1)
    assert np.allclose(grad_cam(model, values), grad_cam(model, values, top), atol=1e-6)


@pytest.mark.parametrize("method", [grad_cam, grad_cam_plus_plus])
def test_nested_models_have_the_heat_of_the_flat_one(networks, method):
    images = networks.images()
    expected = method(networks.flat(), images, 1)
    assert np.allclose(method(networks.nested(), images, 1), expected, atol=1e-5)
    assert np.allclose(method(networks.nested(), images, 1, "body/conv2"), expected, atol=1e-5)


@pytest.mark.parametrize("sides", [(12,), (8, 9), (5, 6, 7)])
def test_heat_has_the_size_of_the_input(networks, sides):
    heat = grad_cam(networks.flat(sides), networks.images(sides=sides), 0, "relu1")
    assert heat.shape == (3, *sides)
    assert heat.dtype == np.float32
    assert 0 <= heat.min() <= heat.max() <= 1


def test_small_heat_is_enlarged_linearly():
    images = keras.Input((4, 6, 1))
    maps = keras.layers.AveragePooling2D(2, name="half")(images)
    logits = keras.layers.Dense(1, kernel_initializer="ones")(
        keras.layers.GlobalAveragePooling2D()(maps)
    )
    values = np.zeros((1, 4, 6, 1), "float32")
    values[0, :2, 2:4] = 1  # One of 2x3 maps' values.
    heat = grad_cam(keras.Model(images, logits), values, 0, "half")[0]
    # Positions of the input lie at -0.25, 0.25, 0.75, ... of the maps.
    assert np.allclose(heat[0], np.array([0, 0.25, 0.75, 0.75, 0.25, 0]) / 0.75, atol=1e-6)
    assert np.allclose(heat[:, 2] * 0.75, 0.75 * np.array([1, 0.75, 0.25, 0]), atol=1e-6)


@pytest.mark.parametrize(
    "name",
    [
        *("ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "InceptionV3", "MobileNet"),
        *("MobileNetV2", "MobileNetV3Small", "NASNetMobile", "ResNet50", "ResNet50V2", "Xception"),
    ],
)
def test_the_default_maps_are_those_that_are_pooled_globally(name):
    with without_values():
        model = getattr(keras.applications, name)(weights=None)
    pooled = [one for one in model.layers if "GlobalAveragePooling" in type(one).__name__]
    assert last_maps(model).outputs[0] is pooled[-1].input


def test_a_convolution_after_global_pooling_does_not_make_heat_uniform():
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNet((96, 96, 3), alpha=0.25, weights=None)
    values = RNG.normal(size=(2, 96, 96, 3)).astype("float32")
    heat = grad_cam(model, values)
    assert (np.ptp(heat, axis=(1, 2)) > 0.5).all()
    assert np.allclose(heat, grad_cam(model, values, layer="conv_pw_13_relu"))


def test_the_default_maps_are_those_after_a_channel_shuffle():
    images = keras.Input((8, 8, 4))
    branches = [keras.layers.Conv2D(3, 3, padding="same")(images) for _ in range(2)]
    maps = keras.layers.Concatenate()(branches)
    maps = keras.layers.Permute((1, 2, 4, 3))(keras.layers.Reshape((8, 8, 2, 3))(maps))
    maps = keras.layers.Reshape((8, 8, 6), name="shuffled")(maps)
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(maps))
    assert last_maps(keras.Model(images, logits)).layer.name == "shuffled"


def test_a_planted_object_is_found(planted):
    model, values, place = planted
    for method in (grad_cam, grad_cam_plus_plus):
        heat = method(model, values, 0)[0]
        assert heat[place].max() == 1
        assert heat[place].mean() > 0.5
        assert np.delete(heat, range(place[0].start - 4, place[0].stop + 4), axis=0).max() < 0.05


def test_layers_that_cannot_be_mapped_are_refused(networks):
    images = networks.images()
    with pytest.raises(CnnzooError, match="layer must give feature maps"):
        grad_cam(networks.flat(), images, 0, "logits")
    dense = keras.Sequential(
        [keras.Input((8, 8, 2)), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    with pytest.raises(CnnzooError, match="several positions, or layer be named; got"):
        grad_cam(dense, images)
    whole = keras.Sequential(
        [keras.Input((8, 8, 2)), keras.layers.Conv2D(3, 8), keras.layers.Flatten()]
    )
    with pytest.raises(CnnzooError, match="whose maps have several positions"):
        grad_cam(whole, images)
    images = keras.Input((4, 4, 1))
    rows = keras.layers.Reshape((4, 4), name="rows")(images)
    logits = keras.layers.Dense(2)(keras.layers.Flatten()(rows))
    with pytest.raises(CnnzooError, match="as many sides as the input, 2; 'rows' of .* gives 1"):
        grad_cam(keras.Model(images, logits), np.zeros((1, 4, 4, 1)), 0, "rows")
