"""Training of networks that are to compute in int8."""

import csv

import keras
import numpy as np
import pytest
from stopping import in_parts, same_run

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.export.rounding import _places
from cnnzoo.keras_internals import flatten_layers
from cnnzoo.training.fused_kernels import fused
from cnnzoo.training.history import best_epoch
from cnnzoo.training.quantization import require_quantizable

QUANTIZED = {"model": "basic_cnn_8k", "epochs": 3, "quantize": "int8", "quantized_epochs": 2}


def history(run):
    with (run.path / "history.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def quantized(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("quantized") / "run"
    return cnnzoo.train("mnist_lenet5", out=out, **small | QUANTIZED)


def test_the_last_epochs_are_quantized_and_one_of_these_is_kept(quantized):
    rows = history(quantized)
    assert [row["quantized"] for row in rows] == [0, 1, 1]
    assert quantized.metrics["epoch"] in (2, 3)
    first = {"epoch": 1, "val_accuracy": 0.99, "val_loss": 0.01, "quantized": 0}
    last = {"epoch": 2, "val_accuracy": 0.98, "val_loss": 0.02, "quantized": 1}
    assert best_epoch([first, last]) is last
    names = [type(layer) for layer in cnnzoo.load(quantized.path).network.layers]
    assert keras.layers.Conv2D in names  # Saved as stock layers.


def test_statistics_stand_still_in_quantized_epochs(small, quantized, tmp_path):
    class Watch(keras.callbacks.Callback):
        seen = []

        def on_epoch_end(self, epoch, logs=None):
            layer = next(one for one in flatten_layers(self.model) if one.name == "stage1_bn1")
            self.seen.append([np.asarray(weight) for weight in layer.weights])

    run = cnnzoo.train(
        "mnist_lenet5", out=tmp_path / "run", callbacks=[Watch()], **small | QUANTIZED
    )
    assert same_run(run, quantized)
    one, two, three = Watch.seen
    for place, moves in enumerate([True, True, False, False]):  # Scale, offset, mean, variance.
        assert (one[place] != two[place]).any() == (two[place] != three[place]).any() == moves


def test_a_run_stopped_before_and_among_quantized_epochs_ends_with_the_same_weights(
    small, quantized, tmp_path
):
    stops = [10, 30, 35]  # Of 30 steps in each of three epochs.
    run = in_parts("mnist_lenet5", stops, tmp_path / "run", **small | QUANTIZED)
    assert same_run(run, quantized)


def test_it_starts_from_a_trained_network_with_its_head(small, tmp_path):
    run = cnnzoo.train(
        "mnist_lenet5",
        out=tmp_path / "run",
        **small
        | {"weights": "mnist_lenet5", "quantize": "int8", "epochs": 1, "learning_rate": 1e-9},
    )
    assert history(run)[0]["val_accuracy"] > 0.97  # The head was not fresh.
    assert history(run)[0]["quantized"] == 1
    other = small | {"model": "mlp", "weights": "mnist_lenet5", "quantize": "int8"}
    with pytest.raises(CnnzooError, match="weights must be of a trained mlp"):
        cnnzoo.train("mnist_lenet5", out=tmp_path / "other", **other)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"quantize": "int4"}, "quantize must be 'int8' or none; got 'int4'"),
        ({"quantized_epochs": 1}, "quantized_epochs must be none without quantize; got 1"),
        ({"quantize": "int8", "quantized_epochs": 9}, "quantized_epochs must be from 1 to epochs"),
        ({"quantize": "int8", "quantized_epochs": 0}, "quantized_epochs must be from 1 to epochs"),
        ({"quantize": "int8", "precision": "bfloat16"}, "precision must be float32 where quantize"),
    ],
)
def test_wrong_fields_are_refused_in_one_sentence(fields, message):
    recipe = cnnzoo.get_recipe("mnist_lenet5").replace(epochs=3)
    with pytest.raises(CnnzooError, match=message):
        recipe.replace(**fields)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("text_cnn_rand", "must be none for text models; got text_cnn_rand"),
        ("airbench93", r"none for airbench93, whose layer \w+ \(WhiteningConv2D\) is not a stock"),
    ],
)
def test_networks_with_other_layers_are_refused(name, reason):
    options = {"vocabulary_size": 50} if name.startswith("text") else {}
    with pytest.raises(CnnzooError, match=reason):
        require_quantizable(cnnzoo.create_model(name, **options))


def test_a_third_of_the_epochs_is_quantized_by_default():
    recipe = cnnzoo.get_recipe("mnist_lenet5")
    assert [recipe.replace(epochs=n, quantize="int8").quantized for n in (1, 3, 4, 12)] == [
        1,
        1,
        2,
        4,
    ]
    assert recipe.quantized == 0


def test_fused_kernels_change_nothing_of_what_is_rounded():
    network = cnnzoo.create_model("basic_cnn_8k")
    network.compile("adam", "mse")
    names = [place.name for place in _places(network)[0] if place.output]
    assert "stage1_relu1" in names
    assert "stage1_conv1" not in names
    with fused(network):
        assert [place.name for place in _places(network)[0] if place.output] == names


def test_patience_waits_for_quantized_epochs(small, tmp_path):
    fields = small | QUANTIZED | {"patience": 1, "epochs": 4, "learning_rate": 1e-9}
    run = cnnzoo.train("mnist_lenet5", out=tmp_path / "run", **fields)
    assert [row["quantized"] for row in history(run)][:3] == [0, 0, 1]
