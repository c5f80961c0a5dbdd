"""A run that is stopped at any moment and resumed ends as one that was not."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from stopping import Stop, StoppedError, figures, in_parts, same_run, weights_of

import cnnzoo
from cnnzoo.config.schedules import Plateau
from cnnzoo.errors import CnnzooError
from cnnzoo.training import checkpoints

# Everything that has a state: dropout, mixed labels of balanced classes, a schedule that watches
# validation, an average of the weights, early stopping.
STATEFUL = {
    "model": "mlp",
    "epochs": 4,
    "augmentation": "pad_crop_flip_mixup",
    "learning_rate": Plateau(0.01, patience=1),
    "ema": 0.9,
    "l2": 1e-4,
    "label_smoothing": 0.1,
    "clip_norm": 1.0,
    "patience": 3,
    "sampling": "balanced",
    "class_weight": {"3": 2.0, "7": 0.5},
}


class Memory(keras.callbacks.Callback):
    """Remembers in every form that a checkpoint holds."""

    def __init__(self):
        super().__init__()
        self.count = 0
        self.rows = []
        self.total = np.zeros(2)
        self.weights = []

    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        self.total += self.count

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append(logs["val_accuracy"])
        self.weights = self.model.get_weights()[:2]


@pytest.fixture(scope="module")
def fields(small):
    return {**small, **STATEFUL}


@pytest.fixture(scope="module")
def undisturbed(fields, tmp_path_factory):
    memory = Memory()
    out = tmp_path_factory.mktemp("runs") / "run"
    return cnnzoo.train("mnist_lenet5", out=out, callbacks=[memory], **fields), memory


def test_a_run_stopped_three_times_in_mid_epoch_ends_with_the_same_weights(
    undisturbed, fields, tmp_path
):
    run, memory = undisturbed
    again = []

    def callbacks():
        again[:] = [Memory()]
        return again

    # An epoch has 30 steps: the stops are in epochs 1, 2 and 4, the second one just before an end.
    stops = (7, 22 + 29, 1 + 35)
    assert same_run(in_parts("mnist_lenet5", stops, tmp_path / "run", callbacks, **fields), run)
    (again,) = again
    assert (again.count, again.rows) == (memory.count, memory.rows)
    assert np.array_equal(again.total, memory.total)
    for one, other in zip(again.weights, memory.weights, strict=True):
        assert np.array_equal(one, other)


class StopAfterTheLastEpoch(keras.callbacks.Callback):
    """Stops the program between training and the test score, if `stops`."""

    def __init__(self, stops):
        super().__init__()
        self.left = {"stops": stops}

    def on_train_end(self, logs=None):
        if self.left["stops"]:
            raise StoppedError


def test_patience_ends_a_run_and_a_resumed_one_does_not_go_on(small, tmp_path):
    fields = {**small, "epochs": 9, "patience": 2, "learning_rate": 1e-9}
    fields["out"] = tmp_path / "run"
    with pytest.raises(StoppedError):
        cnnzoo.train("mnist_lenet5", callbacks=[StopAfterTheLastEpoch(True)], **fields)
    assert not (tmp_path / "run" / "metrics.json").exists()
    callbacks = [StopAfterTheLastEpoch(False)]
    run = cnnzoo.train("mnist_lenet5", resume=True, callbacks=callbacks, **fields)
    scores = [float(row["val_accuracy"]) for row in figures(run)]
    assert len(scores) < 9
    assert len(scores) - 1 - scores.index(max(scores)) == 2
    assert run.metrics["epochs"] == len(scores)


@pytest.fixture(scope="module")
def stopped_once(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "stopped"
    with pytest.raises(StoppedError):
        cnnzoo.train("mnist_lenet5", out=out, callbacks=[Stop(40)], checkpoint_seconds=0, **small)
    return out


@pytest.fixture
def stopped(stopped_once, tmp_path):
    """The folder of a run that was stopped in its second epoch, with two checkpoints."""
    return Path(shutil.copytree(stopped_once, tmp_path / "run"))


def test_300_flipped_bits_are_found_and_the_checkpoint_before_is_used(stopped):
    folder = stopped / "checkpoints"
    before, newest = sorted(folder.iterdir())
    content = newest.read_bytes()
    bits = random.Random(0)
    for _ in range(300):
        place = bits.randrange(8 * len(content))
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        newest.write_bytes(flipped)
        state, parts, damaged = checkpoints.read_state(folder)
        assert state.step == json.loads(parts["state.json"])["step"] == int(before.stem[-8:])
        assert str(newest) in damaged[0]


def test_a_run_goes_on_from_the_checkpoint_before_and_says_so(stopped, small, finished_run, capsys):
    before, newest = sorted((stopped / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:-100])
    run = cnnzoo.train("mnist_lenet5", out=stopped, resume=True, callbacks=[Stop(0)], **small)
    assert f"{newest} is damaged" in capsys.readouterr().err
    for one, other in zip(weights_of(run), weights_of(finished_run), strict=True):
        assert np.array_equal(one, other)


def test_other_callbacks_are_refused(stopped, small):
    with pytest.raises(CnnzooError, match=r"started with, \['Stop'\]; got \['Memory'\]"):
        cnnzoo.train("mnist_lenet5", out=stopped, resume=True, callbacks=[Memory()], **small)


def test_two_damaged_checkpoints_stop_the_run_and_lose_nothing(stopped, small):
    for path in (stopped / "checkpoints").iterdir():
        path.write_bytes(b"")
    with pytest.raises(CnnzooError, match=r"is damaged.*; no checkpoint in .* is sound$"):
        cnnzoo.train("mnist_lenet5", out=stopped, resume=True, **small)
    assert cnnzoo.load(stopped).predict(np.zeros((28, 28), np.uint8))


def test_a_full_disk_loses_nothing_that_is_written(stopped, small, finished_run, monkeypatch):
    with monkeypatch.context() as patch:
        written = []

        def full(descriptor):
            written.append(descriptor)
            if len(written) > 8:
                raise OSError(28, "No space left on device")

        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left on device"):
            cnnzoo.train(
                "mnist_lenet5",
                out=stopped,
                resume=True,
                callbacks=[Stop(0)],
                checkpoint_seconds=0,
                **small,
            )
    assert cnnzoo.load(stopped).predict(np.zeros((28, 28), np.uint8))
    run = cnnzoo.train("mnist_lenet5", out=stopped, resume=True, callbacks=[Stop(0)], **small)
    for one, other in zip(weights_of(run), weights_of(finished_run), strict=True):
        assert np.array_equal(one, other)


def test_the_folder_knows_recipe_and_fields(stopped, small, finished_run, tmp_path):
    copy = Path(shutil.copytree(stopped, tmp_path / "copy"))
    for folder, recipe in ((stopped, None), (copy, "mnist_lenet5")):
        for fields in ({"seed": 1}, {"epochs": 3}, {"dataset": "mnist"}):
            with pytest.raises(CnnzooError, match=f"started with; changed: {next(iter(fields))}$"):
                cnnzoo.train(recipe, out=folder, resume=True, **fields)
        run = cnnzoo.train(
            recipe, out=folder, resume=True, callbacks=[Stop(0)], batch_size=small["batch_size"]
        )
        assert cnnzoo.load(run.path).card["name"] == "mnist_lenet5"
        for one, other in zip(weights_of(run), weights_of(finished_run), strict=True):
            assert np.array_equal(one, other)
    with pytest.raises(CnnzooError, match="started with; changed: model"):
        cnnzoo.train("mnist_mlp", out=stopped, resume=True)
    edited = cnnzoo.get_recipe("mnist_lenet5").replace(l2=0.5)
    with pytest.raises(CnnzooError, match="started with; changed: l2$"):
        cnnzoo.train(edited, out=stopped, resume=True)


def test_a_run_of_an_earlier_version_is_resumed_without_its_recipe(stopped, small):
    path = stopped / "recipe.json"
    content = json.loads(path.read_text())
    del content["name"], content["replaced"], content["recipe"]["sampling"]
    path.write_text(json.dumps(content))
    with pytest.raises(CnnzooError, match="started with; changed: dataset, epochs"):
        cnnzoo.train("mnist_lenet5", out=stopped, resume=True)
    run = cnnzoo.train(out=stopped, resume=True, callbacks=[Stop(0)])
    assert run.metrics["epochs"] == small["epochs"]


def test_a_folder_without_a_run_is_not_resumed(tmp_path):
    for arguments in ({}, {"out": tmp_path}):
        with pytest.raises(CnnzooError, match="out must be the folder of a run to resume"):
            cnnzoo.train(resume=True, **arguments)


def test_other_data_under_the_same_name_are_refused(stopped, small, monkeypatch):
    dataset = cnnzoo.datasets.DATASETS["small_mnist"]
    images, labels = dataset.examples("train")
    other = cnnzoo.datasets.Examples(images, labels[::-1].copy())
    monkeypatch.setattr("cnnzoo.datasets.Dataset.examples", lambda *_: other)
    with pytest.raises(CnnzooError, match="dataset must be the one that .* was started with"):
        cnnzoo.train("mnist_lenet5", out=stopped, resume=True, **small)


def test_another_model_under_the_same_recipe_is_refused(stopped, small):
    own = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()])
    own.add(keras.layers.Dense(10))
    with pytest.raises(CnnzooError, match="model must be the one that .* was started with"):
        cnnzoo.train("mnist_lenet5", out=stopped, resume=True, network=own, **small)


def test_a_damaged_recipe_is_named(stopped, small):
    path = stopped / "recipe.json"
    path.write_text(path.read_text()[:50])
    with pytest.raises(CnnzooError, match=f"{path} is damaged, or of another version of cnnzoo"):
        cnnzoo.train("mnist_lenet5", out=stopped, resume=True, **small)


# Loads everything once, and then trains in a process of its own for each line that it reads; tells
# the process, and when it has ended, whether a signal ended it.
NURSERY = """
import json, os, sys
import cnnzoo.training.run
from cnnzoo.config.schedules import Plateau
from tests.conftest import cut_mnist
cnnzoo.datasets.DATASETS.add("small_mnist", cut_mnist(train=2_000, test=500))
fields = eval(sys.argv[1])
for line in sys.stdin:
    out, resume = json.loads(line)
    child = os.fork()
    if child == 0:
        cnnzoo.train(
            "mnist_lenet5", out=out, resume=resume, checkpoint_seconds=0.02, **fields
        )
        os._exit(0)
    print(child, flush=True)
    print(os.WIFSIGNALED(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def nursery(fields):
    """A process that trains in children; TensorFlow takes longer to load than they to train."""
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY, repr(fields)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        yield process
        process.stdin.close()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the killed processes are forked")
def test_20_kills_at_random_moments_three_in_a_run(undisturbed, fields, nursery, tmp_path):
    expected = weights_of(undisturbed[0])
    moments = random.Random(1)
    kills = runs = 0
    while kills < 20:  # A run may end before its third kill.
        runs += 1
        out = tmp_path / str(runs)
        for _ in range(3):
            resume, begun = (out / "recipe.json").is_file(), time.time()
            nursery.stdin.write(json.dumps([str(out), resume]) + "\n")
            nursery.stdin.flush()
            child = int(nursery.stdout.readline())
            _wait_until_it_trains(child, out, begun)
            time.sleep(moments.uniform(0, 1.5))
            with contextlib.suppress(ProcessLookupError):  # It may have ended.
                os.kill(child, signal.SIGKILL)
            kills += nursery.stdout.readline() == "True\n"
        # What was killed last may have been finished; a damaged file would be told here.
        run = cnnzoo.train(
            "mnist_lenet5", out=out, resume=(out / "recipe.json").is_file(), **fields
        )
        for one, other in zip(weights_of(run), expected, strict=True):
            assert np.array_equal(one, other)
    assert runs <= 10


def _wait_until_it_trains(child, out, begun):
    """Wait for a first file that is newer than the process, or for its end."""
    while _lives(child) and time.time() - begun < 60:
        with contextlib.suppress(FileNotFoundError):  # A newer file may just have replaced one.
            times = [path.stat().st_mtime for path in out.glob("checkpoints/epoch*")]
            if max(times, default=0) > begun:
                return
        time.sleep(0.01)


def _lives(child):
    try:
        os.kill(child, 0)
    except ProcessLookupError:
        return False
    return True
