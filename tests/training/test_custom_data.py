"""Your networks and tf.data sets, trained by any recipe."""

import dataclasses
import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import cnnzoo
from cnnzoo import report
from cnnzoo.config.recipe import recipes
from cnnzoo.config.schedules import Steps
from cnnzoo.datasets import mnist
from cnnzoo.errors import CnnzooError
from cnnzoo.training.distributed.distribution import Distribution
from cnnzoo.training.networks import prepare
from cnnzoo.training.request import request, suit, usual_recipe
from cnnzoo.training.run import example_of
from cnnzoo.training.run_data import input_spec, run_data

SHORT = {"epochs": 2, "batch_size": 50, "validation": 200, "learning_rate": 0.01}


def network(classes=10, activation=None, sides=28, dtype=None):
    layers = [
        keras.Input((sides, sides, 1)),
        keras.layers.Conv2D(8, 3, strides=2, activation="relu", dtype=dtype),
        keras.layers.Flatten() if sides else keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(classes, activation=activation),
    ]
    return keras.Sequential(layers, name="mine")


def ending(last):
    images = keras.Input((28, 28, 1))
    return keras.Model(images, last(network()(images)))


def network_in_softmax(logits):
    layers = [keras.Input((10,)), keras.layers.Activation("softmax", name="scores")]
    return keras.Sequential(layers)(logits)


def two_inputs():
    first, second = keras.Input((28, 28, 1)), keras.Input((28, 28, 1))
    return keras.Model([first, second], network()(first + second))


def two_outputs():
    images = keras.Input((28, 28, 1))
    return keras.Model(images, [network()(images), keras.layers.Flatten()(images)])


def digits(split, count):
    images, labels = mnist.read(split)
    return tf.data.Dataset.from_tensor_slices((images[:count], labels[:count]))


@pytest.fixture(scope="module")
def data():
    train = digits("train", 1_000).batch(64)  # Batches are taken apart.
    return cnnzoo.from_tf_data(train, digits("test", 300), name="my_digits")


def test_a_network_and_a_tf_data_set_of_your_own(data, tmp_path, proving_here):
    own = network()
    run = cnnzoo.train("mnist_lenet5", network=own, data=data, out=tmp_path / "run", **SHORT)
    assert run.accuracy > 0.7
    assert run.metrics["examples"] == 300
    classifier = cnnzoo.load(run.path)
    assert classifier.card["model"] == "mine"
    # (28 - 3) / 2 + 1 = 13 places a side.
    assert classifier.card["params"] == 8 * 10 + (13 * 13 * 8 + 1) * 10
    assert cnnzoo.evaluate(classifier, data=data)["accuracy"] == run.accuracy
    assert "my_digits" not in cnnzoo.list_datasets()
    with pytest.raises(CnnzooError, match="the data of mnist_lenet5 were in memory; give them"):
        cnnzoo.evaluate(classifier)
    drawing = Image.open(example_of(run))
    assert np.array_equal(np.asarray(drawing), mnist.read("test").inputs[0, ..., 0])
    found = report.write(run.path, out=tmp_path / "report", data=data)
    assert (found["accuracy"], found["examples"]) == (run.accuracy, 300)
    with proving_here():
        (row,) = cnnzoo.export(classifier, tmp_path, ["savedmodel"], data=data)
    assert row["examples"] == "test"
    other = dataclasses.replace(data, class_names=tuple("abcdefghij"))
    for use in (
        lambda: cnnzoo.evaluate(classifier, data=other),
        lambda: cnnzoo.export(classifier, tmp_path, data=other),
        lambda: report.write(run.path, data=other),
    ):
        with pytest.raises(CnnzooError, match="data must have only classes that .*; got 'a', 'b'"):
            use()
    again = cnnzoo.from_tf_data(digits("train", 900), digits("test", 300), name="my_digits")
    (run.path / "metrics.json").unlink()
    with pytest.raises(CnnzooError, match="dataset must be the one that .* was started with"):
        cnnzoo.train(
            "mnist_lenet5", network=network(), data=again, out=run.path, resume=True, **SHORT
        )


def test_a_custom_network_starts_from_its_weights(data, tmp_path):
    fields = {**SHORT, "epochs": 1, "learning_rate": 1e-9}
    own = network()
    before = own.get_weights()
    run = cnnzoo.train("mnist_lenet5", network=own, data=data, out=tmp_path / "run", **fields)
    for one, other in zip(cnnzoo.load(run.path).network.weights, before, strict=True):
        assert np.allclose(np.asarray(one), other, atol=1e-5)


class Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize(
    ("make", "fields", "message"),
    [
        (
            lambda: network(7),
            {},
            r"model must give \[batch, 10\] logits, one per class of my_",
        ),
        (lambda: "lenet5", {}, "network must be a built Functional or Sequential model"),
        (Subclassed, {}, "network must be a built Functional or Sequential model"),
        (
            lambda: keras.Sequential([keras.Input((9,)), keras.layers.Dense(10)]),
            {},
            "dataset must hold what the network takes; my_digits does not",
        ),
        (
            lambda: keras.Sequential(
                [keras.Input((9, 9, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
            ),
            {},
            r"model must take images of at least \(28, 28, 1\)",
        ),
        (
            lambda: network(activation="softmax"),
            {},
            "must end in logits.*; got softmax in layer 'd",
        ),
        (lambda: keras.Sequential([network(), keras.layers.Softmax()]), {}, "got softmax in layer"),
        (lambda: ending(keras.ops.sigmoid), {}, "got sigmoid in layer 'sigmoid"),
        (lambda: ending(network_in_softmax), {}, "got softmax in layer 'scores'"),
        (lambda: network(sides=None), {}, r"must take inputs of one size; got .*\(None, None, 1\)"),
        (two_inputs, {}, "network must be a built .* model with one input and one output; got"),
        (two_outputs, {}, "network must be a built .* model with one input and one output; got"),
        (lambda: network(dtype="mixed_bfloat16"), {}, "must compute in float32; got bfloat16 in l"),
        (
            network,
            {"precision": "float16"},
            "precision must be 'float32' with a network of your own",
        ),
    ],
)
def test_networks_that_do_not_fit_are_refused(make, fields, message, data, tmp_path):
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.train(
            "mnist_lenet5", network=make(), data=data, out=tmp_path / "run", **{**SHORT, **fields}
        )


def test_a_name_of_the_catalog_is_not_taken_over(tmp_path):
    data = cnnzoo.from_tf_data(digits("train", 20), digits("test", 99), name="cifar10")
    with pytest.raises(CnnzooError, match="dataset name must be new; got 'cifar10'"):
        cnnzoo.train("mnist_lenet5", data=data, out=tmp_path / "run", **SHORT)


PAIRS = tf.data.Dataset.from_tensor_slices


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (digits("train", 5).repeat(), "train must be finite; got a tf.data set without end"),
        (digits("train", 0), "train must hold examples; got none"),
        (PAIRS(np.zeros(3)), r"train must be a tf.data set of pairs \(input, label\)"),
        ([1, 2], r"train must be a tf.data set of pairs \(input, label\).*; got None"),
        (PAIRS((np.zeros((3, 9)), [0, 1, 2])), "train must hold inputs of one of these kinds"),
        (PAIRS(([b"a", b"\xff"], [0, 1])), "train, text 1, must be UTF-8; got bytes b'.xff'"),
        (
            PAIRS((np.zeros((3, 2, 2, 1), np.uint8), [0, 1, 2])),
            r"test must hold inputs of shape \[2, 2, 1\], as train does; got \[28, 28, 1\]",
        ),
        (PAIRS((np.zeros((3, 5, 1), np.int16), [0, 1, 2])), "test must hold inputs of shape"),
    ],
)
def test_other_tf_data_sets_are_refused(train, message):
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.from_tf_data(train, digits("test", 5), name="wrong")


def test_texts_and_sounds_come_in_the_same_way():
    texts = PAIRS((["good film", "b\u00f6se"], [1, 0]))
    data = cnnzoo.from_tf_data(texts, texts.batch(2), name="words", class_names=["no", "yes"])
    assert data.kind == "texts"
    assert data.examples("test").inputs.tolist() == ["good film", "b\u00f6se"]
    assert data.class_names == ("no", "yes")
    sounds = PAIRS((np.ones((2, 8, 1), np.int16), [0, 1]))
    assert cnnzoo.from_tf_data(sounds, sounds, name="s", sample_rate=8_000).kind == "sounds"
    with pytest.raises(CnnzooError, match="sample_rate must be at least 1 for sounds; got 0"):
        cnnzoo.from_tf_data(sounds, sounds, name="s")


def test_data_is_a_name_or_a_path_too(small, tmp_path):
    images, labels = mnist.read("train")
    path = tmp_path / "digits.npz"
    np.savez(path, x_train=images[:1_000], y_train=labels[:1_000])
    fields = {**SHORT, "epochs": 1}
    run = cnnzoo.train("mnist_lenet5", data=path, out=tmp_path / "path", **fields)
    assert cnnzoo.load(run.path).card["dataset"] == str(path)
    assert cnnzoo.evaluate(str(run.path), data=path)["accuracy"] == run.accuracy
    fields["dataset"] = "mnist"  # Of which `data` is the replacement.
    run = cnnzoo.train("mnist_lenet5", data="small_mnist", out=tmp_path / "name", **fields)
    assert run.metrics["examples"] == 500
    with pytest.raises(
        CnnzooError, match="data must be a data set, a name, a path, or a table .*; got 3"
    ):
        cnnzoo.train("mnist_lenet5", data=3, out=tmp_path / "number", **SHORT)


def photos(folder, counts, size=(40, 50)):
    """Write a folder of PNG files per class, as many as `counts` says, each class in a color."""
    random = np.random.RandomState(0)
    for place, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = random.randint(0, 100, (*size, 3))
            pixels[..., place % 3] += 120
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.png")
    return str(folder)


def table(path, counts):
    rows = [f"{name} {number} film,{name}" for name in counts for number in range(counts[name])]
    path.write_text("\n".join(["text,label", *rows]) + "\n")
    return str(path)


def test_custom_data_are_cut_by_their_own_splits(data, tmp_path):
    def cut(recipe, own=None, **fields):
        value = request(recipe, own, fields).recipe
        return value.validation, value.folds, value.fold

    reviews = table(tmp_path / "reviews.csv", {"a": 50, "b": 50})
    assert cut("mr_text_cnn", fold=3) == (0.1, 10, 3)
    assert cut("mr_text_cnn", dataset=reviews) == (0.1, None, 0)
    assert cut("mr_text_cnn", dataset=f"{reviews}[text,label]") == (0.1, None, 0)
    assert cut("mnist_lenet5", data) == (0.1, None, 0)
    assert cut("mnist_lenet5", dataset="cifar10") == (5_000, None, 0)
    assert cut("mnist_lenet5", data, validation=50, folds=5, fold=1) == (50, 5, 1)
    mine = recipes()["mnist_lenet5"].RECIPE.replace(dataset="digits.npz", validation=50, folds=3)
    assert cut(mine, seed=1) == (50, 3, 0)


def test_a_recipe_keeps_its_validation_on_its_own_path(tmp_path):
    recipe = recipes()["mnist_lenet5"].RECIPE.replace(dataset="toy.npz", validation=0.3)
    for data, fields in ((None, {"dataset": "toy.npz"}), ("toy.npz", {})):
        found = request(recipe, data, fields).recipe
        assert (found.validation, found.batch_size) == (0.3, recipe.batch_size)
    other = photos(tmp_path / "other", {"a": 5, "b": 5})
    assert request(recipe, other, {}).recipe.validation == 2


@pytest.mark.parametrize(
    ("train", "classes", "given", "expected"),
    [
        (48, 2, {}, (0.1, 4, Steps(0.1 / 32, drops=(91, 137)))),  # 43 for training.
        (400, 2, {}, (0.1, 32, Steps(0.1 / 4, drops=(91, 137)))),
        (2_000, 2, {}, (0.1, 128, Steps(0.1, drops=(91, 137)))),
        (48, 12, {}, (12, 4, Steps(0.1 / 32, drops=(91, 137)))),  # A tenth is no 12.
        (3, 2, {}, (1, 2, Steps(0.1 / 64, drops=(91, 137)))),  # One step.
        (2, 2, {}, (1, 1, Steps(0.1 / 128, drops=(91, 137)))),
        (48, 2, {"batch_size": 99}, (0.1, 99, Steps(0.1, drops=(91, 137)))),
        (48, 2, {"learning_rate": 0.5}, (0.1, 4, 0.5)),
        (48, 2, {"optimizer": "adam"}, (0.1, 4, Steps(0.1, drops=(91, 137)))),
        (48, 2, {"validation": 40}, (40, 4, Steps(0.1 / 32, drops=(91, 137)))),
        (20, 2, {"folds": 2}, (2, 4, Steps(0.1 / 32, drops=(91, 137)))),
    ],
)
def test_fields_that_nobody_set_suit_the_size_of_custom_data(train, classes, given, expected, data):
    names = tuple(map(str, range(classes)))
    sized = dataclasses.replace(data, class_names=names, sizes={"train": train, "test": 9})
    recipe = cnnzoo.get_recipe("cifar10_resnet20").replace(**{"validation": 0.1, **given})
    found = suit(recipe, sized, given)
    assert (found.validation, found.batch_size, found.learning_rate) == expected
    assert suit(found, sized, {}).batch_size == found.batch_size or "batch_size" in given


@pytest.mark.parametrize(("recipe", "count"), [("cifar10_resnet8", 2), ("images_small", 12)])
def test_a_few_photographs_can_be_trained_on(recipe, count, tmp_path, capsys):
    folder = photos(tmp_path / "photos", {"cat": count, "dog": count})
    run = cnnzoo.train(recipe, data=folder, out=tmp_path / "run", epochs=1)
    stored = json.loads((run.path / "recipe.json").read_text())["recipe"]
    training = 2 * (count - max(round(0.2 * count), 1)) - 2
    assert stored["batch_size"] == (4 if training >= 4 else 2 if training >= 2 else 1)
    assert f"batch_size  {stored['batch_size']}, where the recipe has" in capsys.readouterr().err
    assert cnnzoo.load(run.path).input_shape == ((64, 64, 3) if count == 12 else (32, 32, 3))
    refused = {"batch_size": 99, "data": folder, "out": tmp_path / "other"}
    with pytest.raises(CnnzooError, match="batch_size must be from 1 to .*; got 99"):
        cnnzoo.train(recipe, **refused)


def test_uneven_classes_are_noted(tmp_path, capsys):
    reviews = table(tmp_path / "reviews.csv", {"ham": 140, "spam": 12})
    cnnzoo.train("texts_small", data=reviews, out=tmp_path / "run", epochs=1, batch_size=64)
    note = (
        r"classes  'ham' has 1\d\d training texts, 'spam' \d+; sampling=balanced or class_weight="
    )
    assert re.search(note, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (None, None),
        ({"spam": 50}, [1.0, 50.0]),
        ("balanced", [96 / (2 * 87), 96 / (2 * 9)]),
    ],
)
def test_weights_of_classes_are_those_of_the_training_part(weights, expected, tmp_path):
    reviews = table(tmp_path / "reviews.csv", {"ham": 120, "spam": 12})
    recipe = cnnzoo.get_recipe("texts_small").replace(dataset=reviews, class_weight=weights)
    _, data, networks = prepare(recipe, Distribution(recipe.batch_size))
    assert data.class_counts.tolist() == [87, 9]
    assert data.pipeline.class_weights == expected
    losses = [
        float(networks.model.loss(np.array([label]), np.zeros((1, 2), np.float32)))
        for label in (0, 1)
    ]
    assert losses == pytest.approx([np.log(2) * one for one in expected or [1.0, 1.0]])
    with pytest.raises(CnnzooError, match="class_weight: class 'spa' is unknown; did you mean spa"):
        prepare(recipe.replace(class_weight={"spa": 2.0}), Distribution(recipe.batch_size))


def test_the_kind_of_the_data_chooses_a_recipe(data, tmp_path):
    photos(tmp_path / "photos", {"a": 1, "b": 1}, (3, 4))
    table(tmp_path / "reviews.csv", {"a": 1, "b": 1})
    (tmp_path / "files.csv").write_text("file,kind\nphotos/a/0.png,a\n")
    (tmp_path / "images.tsv").write_text("image\tlabel\nphotos/a/0.png\ta\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "pos.txt").write_text("good\n")
    np.savez(tmp_path / "a.npz", x_train=np.zeros((2, 4, 4), np.uint8), y_train=[0, 1])
    np.savez(tmp_path / "b.npz", x_train=["good", "bad"], y_train=[0, 1])
    for name in ("photos", "files.csv[file,kind]", "images.tsv", "a.npz"):
        assert usual_recipe(str(tmp_path / name)) == "images_transfer"
    for name in ("reviews.csv", "reviews.csv[text,label]", "texts", "b.npz", "empty.csv"):
        assert usual_recipe(tmp_path / name) == "texts_small"
    assert usual_recipe("mnist") == "images_small"
    with pytest.raises(CnnzooError, match="dataset 'photoss' is unknown"):
        usual_recipe("photoss")
    with pytest.raises(CnnzooError, match="recipe must be given for sounds"):
        usual_recipe("spoken_digit")
    with pytest.raises(CnnzooError, match="recipe must be given where data are not"):
        cnnzoo.train(out=tmp_path / "run")
    with pytest.raises(CnnzooError, match="data must be given for images_small"):
        cnnzoo.train("images_small", out=tmp_path / "run")


@pytest.mark.parametrize(
    ("recipe", "shape", "message"),
    [
        ("texts_small", (64, 64, 3), "input_shape must be that of images, and none for other"),
        ("images_small", (64, 64), "input_shape must be that of images, and none for other"),
        ("images_small", (64, 64, 2), "input_shape must have at least 1 rows and columns and 1 or"),
        ("images_small", (0, 64, 3), "input_shape must have at least 1 rows and columns"),
        ("cifar10_basic_cnn", (7, 64, 3), "at least 8 rows and columns .*basic_cnn_small; got"),
    ],
)
def test_a_shape_that_the_network_does_not_take_is_refused(recipe, shape, message, tmp_path):
    with pytest.raises(CnnzooError, match=message):
        request(recipe, photos(tmp_path / "photos", {"a": 2, "b": 2}), {"input_shape": shape})


CHINESE = [f"{'好喜' if i % 2 else '坏差'}电影{i}" for i in range(40)]


def text_pipeline(texts, **tokens):
    recipe = cnnzoo.get_recipe("mr_text_cnn")
    recipe = recipe.replace(validation=4, folds=None, batch_size=8)
    recipe = recipe.replace(tokens=recipe.tokens.replace(**tokens))
    dataset = cnnzoo.from_examples(texts, [i % 2 for i in range(len(texts))], name="mine")
    return run_data(recipe, input_spec(recipe.model), dataset).pipeline


def test_texts_of_every_script_keep_their_words(capsys):
    pipeline = text_pipeline(CHINESE)
    assert pipeline.layers[0].cleaning == pipeline.metadata["cleaning"] == "unicode"
    assert "好".encode() in pipeline.layers[0].vocabulary
    assert "'unicode', where 'kim' would erase letters of mine" in capsys.readouterr().err


def test_other_texts_keep_the_cleaning_of_the_recipe(capsys):
    english = [f"film {i} {'!' if i % 2 else '%'}" for i in range(38)] + [
        f"same{place // 2} {'-%'[place % 2]}" for place in range(12)
    ]
    assert text_pipeline(english).layers[0].cleaning == "kim"
    assert "cleaning" not in text_pipeline(english).metadata
    assert "equal to one of another class" in capsys.readouterr().err
    with pytest.raises(CnnzooError, match="mine must hold characters that the cleaning 'kim'"):
        text_pipeline([chr(0x4E00 + i) for i in range(40)], fallback=None)


@pytest.mark.slow
def test_the_command_line_takes_texts_of_another_encoding(tmp_path, warm_command):
    rows = "".join(f"{('böse', 'schön')[i % 2]} {i},{i % 2}\n" for i in range(60))
    (tmp_path / "mine.csv").write_bytes(f"text,label\n{rows}".encode("cp1252"))
    arguments = ("train", "sms_spam_text_cnn", "--data", "mine.csv", "--set", "epochs=2")
    arguments = (*arguments, "--set", "batch_size=8", "--out", "run")
    done = warm_command(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert "mine.csv, line 2, must be UTF-8 text; got 0xf6" in done.stderr
    assert "--encoding cp1252" in done.stderr
    assert warm_command(*arguments, "--encoding", "cp1252", cwd=tmp_path).returncode == 0
    assert warm_command("evaluate", "run", cwd=tmp_path).returncode == 0
