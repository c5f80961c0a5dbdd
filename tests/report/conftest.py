"""Untrained networks over a few generated examples, as artifacts, and their reports."""

import contextlib
import io
import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo import cli
from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.export import artifact, assembly
from cnnzoo.pipelines.tokenizer import Tokenizer
from cnnzoo.report import write

HOSTILE = "<script>alert('it')</script>"  # A class's name, and a part of texts.
EXAMPLES = 24  # Of each split.


def images(split):
    """Noise, brighter in the second class; uint8 `[24, 20, 20, 1]`."""
    draw, labels = np.random.default_rng(len(split)), np.arange(EXAMPLES) % 2
    pixels = draw.integers(0, 128, (EXAMPLES, 20, 20, 1)) + 100 * labels[:, None, None, None]
    return Examples(pixels.astype(np.uint8), labels)


def sounds(split):
    """Noise, louder in the second class; int16 `[24, 1024, 1]`."""
    draw, labels = np.random.default_rng(len(split)), np.arange(EXAMPLES) % 2
    waves = draw.normal(0, 1, (EXAMPLES, 1024, 1)) * (300 + 3_000 * labels)[:, None, None]
    return Examples(waves.astype(np.int16), labels)


def texts(split):
    """Seven words each, among them those that are markup; str `[24]`."""
    draw, labels = np.random.default_rng(len(split)), np.arange(EXAMPLES) % 2
    words = draw.choice(["one", "two", "three", "four", "five"], (EXAMPLES, 6))
    lines = [
        f"{' '.join(row)} {HOSTILE if label else 'good'}"
        for row, label in zip(words, labels, strict=True)
    ]
    return Examples(np.array(lines, object), labels)


@pytest.fixture(scope="session")
def saved(classifier, tmp_path_factory):
    """Save a network over a data set of this module as an artifact, and return its path."""

    def save(name, read, layers, network, **facts):
        shape = tuple(facts["shape"])
        dataset = Dataset(
            f"report_{name}",
            ("plain", HOSTILE),
            {"train": EXAMPLES, "test": EXAMPLES},
            *("https://example.org/<data>", "", "CC0"),
            read=read,
            input_shape=shape,
            sample_rate=facts.get("sample_rate", 0),
        )
        if dataset.name not in DATASETS:
            DATASETS.add(dataset.name, dataset)
        fitted = ("calibration", "unknown")
        card = {key: value for key, value in classifier.card.items() if key not in fitted}
        card |= {"name": name, "dataset": dataset.name, "input": facts}
        card["class_names"] = list(dataset.class_names)
        card["recipe"] = {**card["recipe"], "validation": 4}
        path = tmp_path_factory.mktemp("artifacts") / f"{name}.keras"
        artifact.save(path, assembly.assemble(layers, network, facts), card)
        return path

    return save


def unit(scale):
    return keras.layers.Rescaling(scale)


@pytest.fixture(scope="session")
def capsules(saved):
    keras.utils.set_random_seed(0)
    network = cnnzoo.create_model("capsnet", input_shape=(20, 20, 1), num_classes=2)
    facts = {"shape": [20, 20, 1], "light_on_dark": False}
    return saved("capsules", images, [unit(1 / 255)], network, **facts)


@pytest.fixture(scope="session")
def of_sounds(saved):
    keras.utils.set_random_seed(0)
    network = cnnzoo.create_model("m3", input_shape=(1024, 1), num_classes=2)
    return saved("sounds", sounds, [unit(1 / 2**15)], network, shape=[1024, 1], sample_rate=8_000)


@pytest.fixture(scope="session")
def of_texts(saved):
    keras.utils.set_random_seed(0)
    tokenizer = Tokenizer.fit(texts("train").inputs, min_count=1, name="tokens")
    network = cnnzoo.create_model(
        "text_cnn_rand",
        input_shape=(None,),
        num_classes=2,
        vocabulary_size=tokenizer.vocabulary_size,
    )
    return saved("texts", texts, [tokenizer], network, shape=[])


@pytest.fixture(scope="session")
def own_digit(tmp_path_factory):
    """A PNG file whose name is markup."""
    path = tmp_path_factory.mktemp("own") / "a <b> & c.png"
    path.write_bytes(tf.io.encode_png(images("own").inputs[0]).numpy())
    return path


@pytest.fixture(scope="session")
def reports(finished_run, capsules, of_sounds, of_texts, own_digit, tmp_path_factory):
    """Reports of a run over images, and of networks over texts, over sounds and of capsules."""
    out = tmp_path_factory.mktemp("reports")
    given = {
        "run": (finished_run.path, [own_digit]),
        "sounds": (of_sounds, ()),
        "capsules": (capsules, ()),
    }
    found = {
        name: reported(out / name, write(network, inputs, out / name))
        for name, (network, inputs) in given.items()
    }
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.chdir(out)
        cli.main(["inspect", str(of_texts), f"two {HOSTILE} words", "--json"])
    found["texts"] = reported(out / "inspect" / "texts", json.loads(printed.getvalue()))
    return found


def reported(folder, answer):
    html = (folder / "report.html").read_text("utf-8")
    return SimpleNamespace(folder=folder, answer=answer, html=html)
