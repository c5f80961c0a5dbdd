import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation import (
    POLICIES,
    FromKeras,
    MixUp,
    PadCrop,
    Policy,
    RandomFlip,
    RandomShift,
    policy,
)

RNG = np.random.default_rng(1)
IMAGES = RNG.integers(0, 256, (50, 19, 17, 3)).astype(np.uint8)
LABELS = np.eye(5, dtype=np.float32)[RNG.integers(0, 5, 50)]
KERAS = Policy([keras.layers.RandomRotation(0.1), RandomFlip(), keras.layers.Dropout(0.1)])


def named(name):
    return KERAS if name == "keras" else policy(name)


def noise_for(layer, count=50):
    return np.random.default_rng(2).random((count, layer.noise_size), np.float32)


def assert_equal(one, other):
    for first, second in zip(one, other, strict=True):
        assert np.array_equal(np.asarray(first), np.asarray(second))


@pytest.mark.parametrize("name", [*POLICIES, "keras"])
def test_eager_graph_and_model_agree(name):
    layer = named(name)
    noise = noise_for(layer)
    eager = layer.mix(IMAGES, LABELS, noise)
    assert np.asarray(eager[0]).dtype == np.uint8
    assert np.asarray(eager[0]).shape == IMAGES.shape
    assert not np.array_equal(np.asarray(eager[0]), IMAGES)

    mapped = tf.data.Dataset.from_tensors((IMAGES, LABELS, noise)).map(layer.mix)
    assert_equal(next(iter(mapped)), eager)

    class InModel(keras.layers.Layer):
        def call(self, images, labels, noise):
            return layer.mix(images, labels, noise)

        def compute_output_spec(self, images, labels, noise):
            return tuple(keras.KerasTensor(x.shape, x.dtype) for x in (images, labels))

    images = keras.Input(IMAGES.shape[1:], dtype="uint8")
    labels, numbers = keras.Input((5,)), keras.Input((layer.noise_size,))
    outputs = InModel(autocast=False)(images, labels, numbers)
    model = keras.Model([images, labels, numbers], outputs)
    assert_equal(tf.function(model)([IMAGES, LABELS, noise]), eager)


@pytest.mark.parametrize("name", [*POLICIES, "keras"])
def test_in_a_model_on_in_training_alone(name):
    layer = named(name)
    inputs = images = keras.Input(IMAGES.shape[1:], dtype="uint8")
    given = IMAGES
    if layer.soft_labels:
        inputs, given = (images, keras.Input((5,))), (IMAGES, LABELS)
    outputs = layer(inputs)
    assert keras.tree.map_structure(lambda x: x.dtype, outputs) == (
        ("uint8", "float32") if layer.soft_labels else "uint8"
    )
    model = keras.Model(inputs, outputs)
    numbers = keras.random.SeedGenerator(7)
    layer.seed_generator.state.assign(numbers.state)
    changed = model(given, training=True)
    noise = keras.random.uniform((50, layer.noise_size), seed=numbers)
    expected = layer.mix(*given, noise) if layer.soft_labels else layer.transform(given, noise)
    if layer.soft_labels:
        assert_equal(changed, expected)
        assert_equal(model(given), given)
    else:
        assert_equal([changed], [expected])
        assert_equal([model(given), model(given, training=False)], [given, given])


@pytest.mark.parametrize("name", [name for name in POLICIES if not policy(name).soft_labels])
def test_each_image_changes_by_its_own_numbers(name):
    layer = policy(name)
    noise = noise_for(layer)
    changed = np.asarray(layer.transform(IMAGES, noise))
    for place in range(0, 50, 7):
        alone = layer.transform(IMAGES[place : place + 1], noise[place : place + 1])
        assert np.array_equal(changed[place], np.asarray(alone)[0])


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("shape", [(3, 2, 1, 1), (2, 5, 40, 4)])
def test_any_height_width_and_channels(name, shape):
    layer = policy(name)
    images = RNG.integers(0, 256, shape).astype(np.uint8)
    changed, _ = layer.mix(images, LABELS[: shape[0]], noise_for(layer, shape[0]))
    assert np.asarray(changed).shape == shape


@pytest.mark.parametrize("name", [*POLICIES, "keras"])
def test_config_round_trip(name):
    layer = named(name)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    noise = noise_for(layer)
    assert_equal(again.mix(IMAGES, LABELS, noise), layer.mix(IMAGES, LABELS, noise))


def test_a_policy_shares_the_noise_out_among_its_parts():
    shift, flip = RandomShift(2), RandomFlip()
    noise = noise_for(Policy([shift, flip]))
    assert noise.shape == (50, 3)
    expected = flip.transform(shift.transform(IMAGES, noise[:, :2]), noise[:, 2:])
    assert_equal([Policy([shift, flip]).transform(IMAGES, noise)], [expected])


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.RandomRotation(0.2),
        keras.layers.RandomColorJitter(brightness_factor=0.5, contrast_factor=0.5),
        keras.layers.GaussianNoise(1.0),
        keras.Sequential([keras.layers.RandomFlip(), keras.layers.RandomZoom(0.3)]),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_keras_layer_draws_from_the_noise_alone(layer):
    wrapped = FromKeras(layer)
    noise = noise_for(wrapped)
    first = np.asarray(wrapped.transform(IMAGES, noise))
    states = [np.asarray(variable) for variable in layer.variables]
    assert np.array_equal(np.asarray(wrapped.transform(IMAGES, noise)), first)
    assert_equal(layer.variables, states)  # Nothing was counted.
    other = noise.copy()
    other[0, 1] += 1e-5
    assert not np.array_equal(np.asarray(wrapped.transform(IMAGES, other)), first)
    floats = IMAGES.astype("float32")  # Alone, the layer draws from its own state, as before.
    once, again = (np.asarray(layer(floats, training=True)) for _ in range(2))
    assert not np.array_equal(once, again)


def test_draws_of_one_keras_layer_differ():
    twice = FromKeras(keras.Sequential([keras.layers.GaussianNoise(1.0) for _ in range(2)]))
    once = FromKeras(keras.layers.GaussianNoise(1.0))
    gray = np.full((1, 64, 64, 1), 128, np.float32)
    noise = noise_for(once, 1)
    first = np.asarray(once.transform(gray, noise)) - gray
    second = np.asarray(twice.transform(gray, noise)) - gray - first
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.1


def test_names():
    assert policy("shift2").pixels == 2
    assert isinstance(policy("pad_crop_flip"), PadCrop)
    with pytest.raises(CnnzooError, match="augmentation 'shfit2' is unknown; did you mean shift2"):
        policy("shfit2")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Policy([]), "parts must be a list of one or more Keras layers; got"),
        (lambda: Policy(["flip"]), "parts must be a list of one or more Keras layers; got"),
        (lambda: FromKeras("flip"), "layer must be a Keras layer; got 'flip'"),
        (lambda: Policy([keras.layers.MixUp()]), "layer must leave labels as they are; .* got"),
        (lambda: MixUp().transform(IMAGES, None), "images must come with labels where they are"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(CnnzooError, match=message):
        make()
