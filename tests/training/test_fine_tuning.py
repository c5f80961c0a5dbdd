"""Fine-tuning: what comes with weights, what is frozen, and a resumption across the thaw."""

import csv
import json
import runpy
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from stopping import Stop, StoppedError, in_parts, same_run

import cnnzoo
from cnnzoo import transfer
from cnnzoo.config.recipe import get_recipe
from cnnzoo.config.schedules import Cosine, OneCycle, Plateau, Steps
from cnnzoo.errors import CnnzooError
from cnnzoo.training.fine_tuning import first_rate, thawed_rate, trained_weights

# One epoch of the head, then two of all; all that has a state.
FIELDS = {"model": "mlp", "weights": "mnist_mlp", "epochs": 3, "seed": 1}
STATEFUL = {
    **FIELDS,
    "augmentation": "pad_crop_flip_mixup",
    "ema": 0.9,
    "l2": 1e-4,
    "clip_norm": 1.0,
    "patience": 3,
}


class Watch(keras.callbacks.Callback):
    """Keeps weights, rate and number of steps at the end of each epoch."""

    def __init__(self):
        super().__init__()
        self.seen = {"weights": [], "rates": [], "steps": []}

    def on_epoch_end(self, epoch, logs=None):
        network, optimizer = self.model.layers[-1], self.model.optimizer
        self.seen["weights"].append({one.path: one.numpy() for one in network.weights})
        self.seen["rates"].append(float(optimizer.learning_rate))
        self.seen["steps"].append(int(optimizer.iterations))


def changed(before, after):
    """Return the names of the layers of which a weight or a statistic differs."""
    return {
        path.split("/")[-2]
        for path, value in after.items()
        if not np.array_equal(value, before[path]) and "seed" not in path
    }


def test_only_the_head_learns_then_all_at_a_lower_rate(small, tmp_path):
    watch = Watch()
    fields = {**small, "model": "resnet8", "epochs": 3, "seed": 1, "validation": 1_800}
    source = cnnzoo.create_model("resnet8", input_shape=(28, 28, 1))
    source.save(tmp_path / "source.keras")
    path = tmp_path / "source.keras"  # Without a card: images are normalized as the recipe says.
    run = cnnzoo.train(
        "mnist_lenet5", out=tmp_path / "run", weights=path, callbacks=[watch], **fields
    )
    start = transfer.weights_of(path)
    first, second, third = watch.seen["weights"]
    for name, values in start.items():
        now = [value for path, value in first.items() if path.split("/")[-2] == name]
        assert all(map(np.array_equal, values, now)) == (name != "logits")
    assert changed(first, second) == changed(second, third) == set(start)
    assert watch.seen["rates"] == pytest.approx([0.002, 0.0002, 0.0002])
    assert watch.seen["steps"] == [4, 4, 8]  # The optimizer starts anew.
    recipe = json.loads((run.path / "recipe.json").read_text())["recipe"]
    assert recipe["weights"] == str(path)
    assert (recipe["frozen_epochs"], recipe["thaw_rate"]) == (None, 0.1)


@pytest.fixture(scope="module", params=[Plateau(0.01, patience=1), OneCycle(0.01)], ids=str)
def undisturbed(request, small, tmp_path_factory):
    fields = {**small, **STATEFUL, "learning_rate": request.param}
    out = tmp_path_factory.mktemp("runs") / "run"
    return fields, cnnzoo.train("mnist_lenet5", out=out, callbacks=[Stop(0)], **fields)


# An epoch has 30 steps; a stop at 30 comes before the end of the first epoch is written.
@pytest.mark.parametrize("stops", [(7, 23 + 5), (30, 3)], ids=str)
def test_a_run_stopped_on_both_sides_of_the_thaw_ends_with_the_same_weights(
    undisturbed, stops, tmp_path
):
    fields, run = undisturbed
    assert same_run(in_parts("mnist_lenet5", stops, tmp_path / "run", **fields), run)


class StopBefore(keras.callbacks.Callback):
    """Stops the program before an epoch, when the one before is in a checkpoint."""

    def __init__(self, epoch):
        super().__init__()
        self.left = {"epoch": epoch}

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.left["epoch"]:
            raise StoppedError


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_run_stopped_between_epochs_ends_with_the_same_weights(undisturbed, epoch, tmp_path):
    fields, run = undisturbed
    with pytest.raises(StoppedError):
        cnnzoo.train("mnist_lenet5", out=tmp_path / "run", callbacks=[StopBefore(epoch)], **fields)
    resumed = cnnzoo.train(
        "mnist_lenet5", out=tmp_path / "run", resume=True, callbacks=[StopBefore(9)], **fields
    )
    assert same_run(resumed, run)


def test_other_weights_under_the_same_name_are_refused(small, finished_run, tmp_path):
    source = shutil.copytree(finished_run.path, tmp_path / "source")
    fields = {**small, "weights": source, "out": tmp_path / "run", "checkpoint_seconds": 0}
    with pytest.raises(StoppedError):
        cnnzoo.train("mnist_lenet5", callbacks=[Stop(3)], **fields)
    shutil.rmtree(source)
    shutil.copytree(cnnzoo.train("mnist_lenet5", out=tmp_path / "b", **small).path, source)
    cnnzoo.train("mnist_lenet5", resume=True, callbacks=[Stop(0)], **fields)  # The same weights.
    other = cnnzoo.train("mnist_lenet5", out=tmp_path / "c", **{**small, "seed": 5})
    shutil.rmtree(source)
    shutil.copytree(other.path, source)
    (tmp_path / "run" / "metrics.json").unlink()
    with pytest.raises(CnnzooError, match="weights must be the one that .* was started with"):
        cnnzoo.train("mnist_lenet5", resume=True, callbacks=[Stop(0)], **fields)


def test_preprocessing_of_the_weights_replaces_what_would_be_measured(small, tmp_path):
    source = cnnzoo.create_model("lenet5")
    front = keras.layers.Rescaling(2.0, -3.0)
    nested = keras.Sequential([keras.Input((28, 28, 1)), front, source])
    nested.save(tmp_path / "source.keras")
    fields = {**small, "epochs": 1, "weights": str(tmp_path / "source.keras")}
    run = cnnzoo.train("mnist_lenet5", out=tmp_path / "run", **fields)
    images = np.full((1, 28, 28, 1), 7, np.uint8)
    tuned = cnnzoo.load(run.path)
    assert np.all(tuned.prepare(images) == 2 * 7 - 3)
    assert f"trained, from weights of {fields['weights']}, and tested" in tuned.card["limits"][1]


def test_imagenet_weights_come_with_options_and_mean_color(monkeypatch):
    monkeypatch.setattr(keras.applications, "ResNet50", lambda weights: None)
    monkeypatch.setattr(transfer, "from_application", lambda source: {})
    fields = {"model": "resnet50", "weights": "imagenet"}
    recipe, trained = trained_weights(get_recipe("cifar10_resnet20").replace(**fields))
    assert recipe.model_options == {"stride_at": "conv1"}
    assert trained.preprocessing.offset == [-123.68, -116.779, -103.939]
    assert trained.input_shape is None


@pytest.mark.slow
def test_a_network_of_imagenet_is_fine_tuned(tmp_path, monkeypatch):
    built = keras.applications.ResNet50
    shape = (32, 32, 3)
    monkeypatch.setattr(
        keras.applications,
        "ResNet50",
        lambda weights: built(weights=None, input_shape=shape, classes=10),
    )
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, *shape)).astype(np.uint8)
    labels = np.arange(40) % 2
    parts = {"x_train": images[:20], "y_train": labels[:20], "x_test": images[20:]}
    np.savez(tmp_path / "data.npz", **parts, y_test=labels[20:])
    monkeypatch.setitem(
        cnnzoo.models.MODELS["resnet50"].VARIANTS,
        "resnet50",
        cnnzoo.models.MODELS["resnet50"].VARIANTS["resnet50"]._replace(input_shape=shape),
    )
    run = cnnzoo.train(
        "cifar10_resnet20",
        out=tmp_path / "run",
        data=tmp_path / "data.npz",
        model="resnet50",
        weights="imagenet",
        epochs=1,
        batch_size=10,
        learning_rate=0.001,
    )
    trained = cnnzoo.load(run.path)
    expected = images[:2] - np.array(transfer.IMAGENET_MEAN, np.float32)
    assert np.allclose(trained.prepare(images[:2]), expected, atol=1e-4)
    assert trained.network.get_layer("stage2_unit1_conv1").strides == (2, 2)
    assert [type(layer).__name__ for layer in trained.model.layers] == [
        "InputLayer",
        "Rescaling",
        "Functional",
        "Softmax",
    ]


def test_a_vocabulary_comes_with_its_weights(tmp_path):
    letters = tmp_path / "texts.csv"
    rows = [("free prize money", "bad"), ("see you at noon", "good")] * 20
    with letters.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("text", "label")] + [(f"{a} {i}", b) for i, (a, b) in enumerate(rows)]
        )
    fields = {"epochs": 2, "batch_size": 8, "validation": 0.25, "seed": 1}
    run = cnnzoo.train(
        "sms_spam_text_cnn",
        data=letters,
        out=tmp_path / "run",
        weights="sms_spam_text_cnn",
        frozen_epochs=2,
        **fields,
    )
    source, tuned = cnnzoo.load("sms_spam_text_cnn"), cnnzoo.load(run.path)
    assert np.array_equal(tuned.prepare(["free prize"]), source.prepare(["free prize"]))
    theirs, ours = (
        {layer.name: layer.get_weights() for layer in one.network.layers} for one in (source, tuned)
    )
    kept = {name for name in theirs if all(map(np.array_equal, theirs[name], ours[name]))}
    assert "embedding_tuned" in kept
    assert "logits" not in kept
    source.network.save(tmp_path / "bare.keras")
    with pytest.raises(CnnzooError, match="weights must come with their tokenizer for text_cnn"):
        cnnzoo.train(
            "sms_spam_text_cnn", data=letters, weights=str(tmp_path / "bare.keras"), **fields
        )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"model": "resnet20", "weights": "cifar10_resnet20_fast"},
            r"weights must be of a network that takes \(28, 28, 1\), as resnet20 does here; "
            r"got 'cifar10_resnet20_fast', which takes \(32, 32, 3\)",
        ),
        (
            {"weights": "sms_spam_text_cnn"},
            r"takes \(28, 28, 1\), .*; got 'sms_spam_text_cnn', which takes \(None,\)",
        ),
        ({"weights": "mnist_mlp"}, "weights must fit lenet5: layer 'conv1' expects"),
        ({"weights": "mnist_lenet"}, "weights must be .*'mnist_lenet' is unknown; did you mean"),
        ({"weights": "imagenet"}, "weights 'imagenet' are those of resnet101, .*; got lenet5"),
        (
            {"model": "lenet5_1998", "weights": "mnist_lenet5_1998"},
            "frozen_epochs must be 0 for lenet5_1998, whose head has no weights to train; got 1",
        ),
        ({"frozen_epochs": 1}, "frozen_epochs must be none without weights; got 1"),
        ({"thaw_rate": 0.5}, "thaw_rate must be 0.1 without frozen epochs; got 0.5"),
        (
            {"weights": "mnist_lenet5", "frozen_epochs": 3},
            "frozen_epochs must be from 0 to epochs, 2",
        ),
        ({"weights": "mnist_lenet5", "thaw_rate": 0}, "thaw_rate must be above 0; got 0.0"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(fields, message, small, tmp_path):
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.train("mnist_lenet5", out=tmp_path / "run", **{**small, **fields})
    assert not (tmp_path / "run").exists()


def test_your_network_brings_its_own_weights(small, tmp_path):
    network = cnnzoo.create_model("lenet5")
    with pytest.raises(CnnzooError, match="weights must be None with a network of your own"):
        cnnzoo.train(
            "mnist_lenet5", out=tmp_path / "run", network=network, weights="mnist_lenet5", **small
        )


@pytest.mark.parametrize("rate", [0.2, Cosine(0.2), OneCycle(0.2), Steps(0.2), Plateau(0.2)])
def test_the_schedule_starts_anew_at_a_lower_rate(rate):
    recipe = get_recipe("mnist_lenet5").replace(
        learning_rate=rate, epochs=10, weights="mnist_lenet5", frozen_epochs=4, thaw_rate=0.5
    )
    first, then = first_rate(recipe, 10), thawed_rate(recipe, 10)
    assert isinstance(first, float) == isinstance(then, float)
    if not isinstance(rate, float | Plateau | Steps):
        assert float(then(20)) > float(then(59)) < 0.02
        assert float(first(39)) < 0.03
    greatest = then if isinstance(then, float) else max(float(then(step)) for step in range(60))
    assert greatest == pytest.approx(0.1)


def test_a_third_of_the_epochs_is_frozen_by_default():
    recipe = get_recipe("mnist_lenet5")
    assert recipe.frozen == 0
    for epochs, frozen in ((1, 1), (2, 1), (3, 1), (4, 2), (9, 3)):
        assert recipe.replace(weights="mnist_lenet5", epochs=epochs).frozen == frozen
    assert recipe.replace(weights="mnist_lenet5", frozen_epochs=0).frozen == 0


@pytest.mark.slow
@pytest.mark.data
def test_20_images_per_class_are_learned_better_from_trained_weights(tmp_path):
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "fine_tuning.py"
    benchmark = runpy.run_path(str(path), run_name="benchmark")
    accuracies = {
        name: benchmark["trained"](tmp_path, "cifar10", name, fields, seed=0)[0]
        for name, fields in benchmark["ROWS"].items()
    }
    assert accuracies["fine-tuned"] > accuracies["from nothing"] + 10
