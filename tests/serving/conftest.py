import contextlib
import dataclasses
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import httpx
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.guard.sums import SUMS
from cnnzoo.serving.limits import Limits
from cnnzoo.serving.server import Server


def _words(split):
    labels = np.arange(200) % 2
    return Examples(np.array([f"a {('good', 'bad')[label]} film" for label in labels]), labels)


def _tones(split):
    labels = np.arange(80) % 2
    waves = np.sin(np.arange(1_024) / 8_000 * 2 * np.pi * np.array([300, 1_200])[labels][:, None])
    return Examples((waves * 9_000).astype(np.int16)[..., None], labels)


FACTS = {"source": "", "citation": "", "license": ""}
WORDS = Dataset("few_words", ("good", "bad"), {"train": 200, "test": 200}, read=_words, **FACTS)
TONES = Dataset("few_tones", ("low", "high"), {"train": 80, "test": 80}, read=_tones, **FACTS)
TONES = dataclasses.replace(TONES, input_shape=(1_024, 1), sample_rate=8_000)

RECIPES = {
    "few_words": Recipe(
        model="text_cnn_rand",
        dataset="few_words",
        tokens=Tokens(window=2),
        epochs=1,
        batch_size=20,
        learning_rate=0.002,
        validation=40,
    ),
    "few_tones": Recipe(
        model="m3", dataset="few_tones", epochs=1, batch_size=8, learning_rate=0.002, validation=20
    ),
}


@pytest.fixture(scope="session")
def exports(saved_model, tmp_path_factory, proving_here):
    """A folder of three exported models: over images, texts and sounds."""
    to = tmp_path_factory.mktemp("served")
    shutil.copytree(saved_model.parent, to / saved_model.parent.name)
    for dataset in (WORDS, TONES):
        if dataset.name not in DATASETS:
            DATASETS.add(dataset.name, dataset)
        out = tmp_path_factory.mktemp("runs") / dataset.name
        run = cnnzoo.train(RECIPES[dataset.name], out=out)
        with proving_here():
            cnnzoo.export(cnnzoo.load(run.path), to)
    return to


@contextlib.contextmanager
def _serving(folder, **limits):
    server = Server(folder, "127.0.0.1", 0, Limits(**limits))
    while any(slot.loads for slots in server.repository.models.values() for slot in slots.values()):
        time.sleep(0.1)  # The machine may be busy.
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def serving():
    """Run a server for a folder, and give a client of it."""
    return _serving


@pytest.fixture(scope="session")
def client(exports):
    """A client of a server for `exports`."""
    with _serving(exports) as client:
        yield client


@pytest.fixture(scope="session")
def images(exports):
    return _name(exports, "lenet5")


@pytest.fixture(scope="session")
def texts(exports):
    return _name(exports, "text_cnn")


@pytest.fixture(scope="session")
def sounds(exports):
    return _name(exports, "m3")


def _name(exports, part):
    return next(path.name for path in exports.iterdir() if part in path.name)


@pytest.fixture(scope="session")
def loaded(exports):
    """Name of a model -> its signatures, as TensorFlow loads them."""
    return {path.name: tf.saved_model.load(path / "1").signatures for path in exports.iterdir()}


@pytest.fixture
def copy(exports, images, tmp_path):
    """A folder that holds the model over images alone, for changes: without its check sums."""
    shutil.copytree(exports / images, tmp_path / "served" / images)
    (tmp_path / "served" / images / "1" / SUMS).unlink()
    return tmp_path / "served"


@pytest.fixture
def started(tmp_path):
    """Start `cnnzoo serve` with arguments on a free port; return the process and its address."""
    processes = []

    def start(folder, *arguments):
        command = [sys.executable, "-m", "cnnzoo", "serve", folder, "--port", 0, *arguments]
        process = subprocess.Popen(
            [*map(str, command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "TFDS_DATA_DIR": os.devnull},
        )
        processes.append(process)
        for line in process.stderr:
            if found := re.search(r"serving .* at (http://127\.0\.0\.1:\d+)$", line):
                return process, found.group(1)
        raise AssertionError(process.communicate()[0])

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]
