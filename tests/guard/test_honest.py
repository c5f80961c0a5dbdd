"""Files that the zoo and its users write pass every check."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo import weights
from cnnzoo.config.recipe import recipes
from cnnzoo.errors import CnnzooError
from cnnzoo.export import artifact
from cnnzoo.export.assembly import assemble
from cnnzoo.export.signatures import ServingGraph
from cnnzoo.files import read_xz
from cnnzoo.guard.keras_file import check_keras_file
from cnnzoo.guard.saved_model import check_saved_model
from cnnzoo.models import MODELS
from cnnzoo.pipelines.tokenizer import Tokenizer

SIDES = {3: {"light_on_dark": False}, 2: {"sample_rate": 8_000}, 4: {"light_on_dark": False}}


def lightest(module):
    return min(module.VARIANTS, key=lambda name: module.VARIANTS[name].macs)


FAMILIES = sorted({lightest(module) for module in MODELS.values()})


def classifier_of(name):
    """A classifier of the family's lightest network, and what its card says of raw input."""
    variant = MODELS[name].VARIANTS[name]
    if len(variant.input_shape) > 1:
        shape = tuple(min(side, variant.smallest + 3) for side in variant.input_shape[:-1])
        network = cnnzoo.create_model(name, input_shape=(*shape, variant.input_shape[-1]))
        facts = {"shape": list(network.input_shape[1:]), **SIDES[len(variant.input_shape)]}
        return assemble([keras.layers.Rescaling(1 / 255)], network, facts), facts
    length = max(variant.smallest, 40)
    tokenizer = Tokenizer("abcdefgh", level="character", length=length, name="tokenizer")
    size = {"vocabulary_size": tokenizer.vocabulary_size} if "text_cnn" in name else {}
    network = cnnzoo.create_model(name, input_shape=(length,), **size)
    return assemble([tokenizer], network, {"shape": []}), {"shape": []}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_as_a_keras_file(name, tmp_path):
    if len(MODELS[name].VARIANTS[name].input_shape) == 4:
        network = cnnzoo.create_model(name, input_shape=(16, 32, 32, 3))
        network.save(tmp_path / "a.keras")
    else:
        classifier_of(name)[0].save(tmp_path / "a.keras")
    check_keras_file(tmp_path / "a.keras")


def without_recipe():
    """Families that tests/test_recipes.py does not export; of videos there is no raw input yet."""
    trained = {MODELS[module.RECIPE.model] for module in recipes().values()}
    for name in FAMILIES:
        if MODELS[name] not in trained and len(MODELS[name].VARIANTS[name].input_shape) < 4:
            yield name


@pytest.mark.slow
@pytest.mark.parametrize("name", without_recipe())
def test_every_other_family_as_a_saved_model(name, tmp_path):
    model, facts = classifier_of(name)
    classes = [str(place) for place in range(model.output_shape[-1])]
    graph = ServingGraph(model, {"class_names": classes, "input": facts})
    tf.saved_model.save(graph, tmp_path, signatures=graph.functions)
    check_saved_model(tmp_path)


@pytest.mark.parametrize("name", cnnzoo.list_weights())
def test_every_shipped_network(name, tmp_path):
    path = tmp_path / "artifact.keras"
    path.write_bytes(read_xz(weights.FOLDER / f"{name}{weights.SUFFIX}"))
    check_keras_file(path)


def test_a_run_with_its_saved_model(finished_run, saved_model):
    check_keras_file(finished_run.artifact)
    check_saved_model(saved_model)


def test_a_vocabulary_of_100_000_words(tmp_path):
    words = [f"wört{place:06}[" for place in range(100_000)]
    tokenizer = Tokenizer(words, length=64, name="tokenizer")
    size = tokenizer.vocabulary_size
    network = cnnzoo.create_model("vdcnn9", input_shape=(64,), num_classes=2, vocabulary_size=size)
    path = tmp_path / "words.keras"
    card = {"name": "words", "class_names": ["a", "b"], "input": {"shape": []}}
    artifact.save(path, assemble([tokenizer], network, card["input"]), card)
    classifier = cnnzoo.load(path)
    assert classifier.model.layers[1].tokenize([words[77] + " ?"])[0][:3] == [79, 1, 0]


@keras.saving.register_keras_serializable("mine")
class Twice(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs

    def compute_output_shape(self, shape):
        return shape


@keras.saving.register_keras_serializable("mine")
def swish(values):
    return values * keras.ops.sigmoid(values)


def layers():
    some = keras.layers
    return {
        "images": (
            (16, 16, 3),
            [
                *(
                    some.RandomFlip(),
                    some.RandomRotation(0.1),
                    some.Normalization(mean=0.5, variance=2.0),
                ),
                *(some.Conv2D(4, 3, activation="gelu"), some.SeparableConv2D(4, 3), some.PReLU()),
                *(some.SpatialDropout2D(0.1), some.GroupNormalization(2), some.UpSampling2D()),
                *(some.Conv2DTranspose(4, 2), some.GlobalAveragePooling2D()),
                some.Dense(3, kernel_regularizer="l2", kernel_constraint="max_norm"),
            ],
        ),
        "sequences": (
            (12, 4),
            [
                some.Bidirectional(some.LSTM(3, return_sequences=True)),
                *(some.TimeDistributed(some.Dense(4)), some.GRU(3, return_sequences=True)),
                *(some.LayerNormalization(), some.GaussianNoise(0.1), some.GRU(3)),
                *(some.Dense(5, activation=keras.activations.silu), some.Dense(2)),
            ],
        ),
        "own layers": ((4,), [Twice(), some.Dense(3, activation=swish), some.Dense(2)]),
        "models within": (
            (8,),
            [
                keras.Sequential([keras.Input((8,)), some.Dense(4)]),
                some.Dropout(0.5),
                some.Dense(2),
            ],
        ),
        "half the precision": ((8,), [some.Dense(4, dtype="mixed_bfloat16"), some.Dense(2)]),
    }


@pytest.mark.parametrize("name", layers())
def test_a_custom_sequential_network(name, tmp_path):
    shape, listed = layers()[name]
    model = keras.Sequential([keras.Input(shape), *listed])
    model.compile("adam", "mse", metrics=["accuracy"])
    model.save(tmp_path / "own.keras")
    check_keras_file(tmp_path / "own.keras")
    inner = keras.saving.load_model(tmp_path / "own.keras")
    assert inner.count_params() == model.count_params()


def test_a_custom_functional_network(tmp_path):
    some = keras.layers
    images = keras.Input((8, 8, 3))
    shared = some.Conv2D(3, 3, padding="same", name="shared")
    once = shared(images)
    maps = some.Add()([shared(some.ReLU()(once)), images * 0.5 + once])
    tokens = some.Reshape((64, 3))(keras.ops.maximum(maps, 0.0))
    seen = some.MultiHeadAttention(2, 2)(tokens, tokens)
    model = keras.Model(images, some.Dense(2)(keras.ops.mean(seen, axis=1)[:, ::2]))
    model.save(tmp_path / "own.keras")
    check_keras_file(tmp_path / "own.keras")


def test_a_network_that_is_called_again_and_again(tmp_path):
    """Its layers cannot stand in the order of all their calls."""
    values = images = keras.Input((4,))
    steps = [keras.layers.Dense(4, name=f"step{place}") for place in range(5)]
    for _ in range(8):
        for step in steps:
            values = step(values)
    keras.Model(images, values).save(tmp_path / "again.keras")
    check_keras_file(tmp_path / "again.keras")


def test_a_layer_that_is_not_registered_is_refused(tmp_path):
    class Unknown(keras.layers.Layer):
        def call(self, inputs):
            return inputs

    keras.Sequential([keras.Input((2,)), Unknown(), keras.layers.Dense(1)]).save(
        tmp_path / "a.keras"
    )
    with pytest.raises(CnnzooError, match=r"of your own \(registered\) .* got .*\.Unknown"):
        check_keras_file(tmp_path / "a.keras")


def test_a_card_is_what_is_written(finished_run):
    card = json.loads(json.dumps(cnnzoo.load(finished_run.path).card))
    assert card["name"] == "mnist_lenet5"
    assert np.prod(card["input"]["shape"]) == 784
