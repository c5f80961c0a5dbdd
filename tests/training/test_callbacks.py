"""Each callback that Keras ships, in a run that is stopped and resumed, as in one that is not."""

import csv

import numpy as np
import pytest
from keras import callbacks as of_keras

import cnnzoo
from cnnzoo.datasets import Dataset, Examples
from cnnzoo.errors import CnnzooError

STEPS = 4  # Per epoch.
FIELDS = {"model": "mlp", "epochs": 6, "batch_size": 10, "validation": 10, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def data():
    """Fifty images, of which ten are for validation."""
    draw = np.random.default_rng(0)
    labels = np.arange(50) % 2
    images = draw.integers(0, 128, (50, 8, 8, 1)) + 8 * labels[:, None, None, None]
    examples = Examples(images.astype(np.uint8), labels)
    return Dataset(
        "tiny", ("a", "b"), {"train": 50, "test": 50}, "", "", "", lambda _: examples, (8, 8, 1)
    )


class StoppedError(Exception):
    pass


class Stop(of_keras.Callback):
    """Stops the program in a step, counted from 1 over all epochs; 0: in none."""

    def __init__(self, step):
        super().__init__()
        self.left = {"steps": step}  # A mapping is no part of a checkpoint.

    def on_train_batch_end(self, batch, logs=None):
        self.left["steps"] -= 1
        if self.left["steps"] == 0:
            raise StoppedError


def train(make, data, folder, steps=(), **options):
    """Train, stopped in some steps, and return the history, weights and callbacks."""
    for place, step in enumerate([*steps, 0]):
        folder.mkdir(exist_ok=True)
        made = [*make(folder), Stop(step)]
        resume = {"out": folder / "run", "resume": place > 0, "callbacks": made}
        try:
            run = cnnzoo.train("mnist_lenet5", data=data, **resume, **{**FIELDS, **options})
        except StoppedError:
            continue
    rows = [{**row, "seconds": ""} for row in csv.DictReader((run.path / "history.csv").open())]
    return rows, cnnzoo.load(run.path).model.get_weights(), made


def files(folder):
    return [
        of_keras.CSVLogger(folder / "log.csv", append=True),
        of_keras.ModelCheckpoint(
            folder / "best{epoch}.weights.h5", save_best_only=True, save_weights_only=True
        ),
        of_keras.ModelCheckpoint(folder / "often.weights.h5", save_freq=3, save_weights_only=True),
        of_keras.BackupAndRestore(folder / "backup", save_freq=3, delete_checkpoint=False),
        of_keras.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
        of_keras.TensorBoard(folder / "tensorboard"),
        of_keras.TerminateOnNaN(),
    ]


GROUPS = {
    "files": (files, {}),
    "early": (lambda _: [of_keras.EarlyStopping("val_loss", patience=2, min_delta=10)], {}),
    "best": (
        lambda _: [
            of_keras.EarlyStopping("loss", mode="max", patience=3, restore_best_weights=True)
        ],
        {},
    ),
    "plateau": (
        lambda _: [of_keras.ReduceLROnPlateau("val_loss", patience=1, min_delta=10, cooldown=1)],
        {},
    ),
    "average": (lambda _: [of_keras.SwapEMAWeights(swap_on_epoch=True)], {"ema": 0.9}),
}
COUNTED = {"wait", "best", "best_epoch", "stopped_epoch", "cooldown_counter", "min_delta"}
COUNTED |= {"keys", "_global_train_batch", "_batches_seen_since_last_saving"}


@pytest.mark.parametrize("moment", ["in mid-epoch", "between epochs"])
@pytest.mark.parametrize("group", GROUPS)
def test_a_resumed_run_is_the_same_run(group, moment, data, tmp_path):
    make, fields = GROUPS[group]
    # Stopped in the second and in the third epoch; or in the first step after an epoch's end, whose
    # state alone was saved, twice.
    steps = (STEPS + 3, STEPS - 1) if moment == "in mid-epoch" else (STEPS + 1, STEPS + 1)
    fields = {**fields, "checkpoint_seconds": 0 if moment == "in mid-epoch" else 1e9}
    rows, weights, expected = train(make, data, tmp_path / "whole", **fields)
    found_rows, found_weights, found = train(make, data, tmp_path / "parts", steps, **fields)
    assert found_rows == rows
    for one, other in zip(found_weights, weights, strict=True):
        assert np.array_equal(one, other)
    for one, other in zip(found, expected, strict=True):
        for name in COUNTED & set(vars(other)):
            assert vars(one)[name] == vars(other)[name], name
        if getattr(other, "best_weights", None) is not None:
            pairs = zip(one.best_weights, other.best_weights, strict=True)
            assert all(np.array_equal(*pair) for pair in pairs)
    for name in (path.name for path in (tmp_path / "whole").iterdir()):
        assert (tmp_path / "parts" / name).exists()
        if name == "log.csv":
            assert (tmp_path / "parts" / name).read_text() == (
                tmp_path / "whole" / name
            ).read_text()


def test_early_stopping_ends_where_keras_ends_it(data, tmp_path):
    rows, _, _ = train(
        GROUPS["early"][0], data, tmp_path / "run", (STEPS + 2,), checkpoint_seconds=0
    )
    assert len(rows) == 3  # The first is the best, and no other is better by 10.


def test_a_log_has_one_header(data, tmp_path):
    train(files, data, tmp_path / "run", (2 * STEPS + 1,))
    rows = list(csv.reader((tmp_path / "run" / "log.csv").open()))
    assert [row[0] for row in rows] == ["epoch", "0", "1", "2", "3", "4", "5"]


def test_a_setting_may_change_when_a_run_is_resumed(data, tmp_path):
    def stopping(patience):
        return lambda _: [of_keras.EarlyStopping("val_loss", patience=patience, min_delta=10)]

    folder = tmp_path / "run"
    folder.mkdir()
    made = [*stopping(2)(folder), Stop(2 * STEPS + 1)]
    with pytest.raises(StoppedError):
        cnnzoo.train("mnist_lenet5", data=data, out=folder / "run", callbacks=made, **FIELDS)
    made = [*stopping(4)(folder), Stop(0)]
    run = cnnzoo.train(
        "mnist_lenet5", data=data, out=folder / "run", resume=True, callbacks=made, **FIELDS
    )
    assert run.metrics["epochs"] == 5


def test_a_run_that_a_callback_has_ended_is_not_resumed(data, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise StoppedError

    options = {"data": data, "out": tmp_path / "run", **FIELDS}
    with monkeypatch.context() as patch:
        patch.setattr("cnnzoo.training.run.evaluate", stop)
        made = GROUPS["early"][0](tmp_path)
        with pytest.raises(StoppedError):
            cnnzoo.train("mnist_lenet5", callbacks=made, **options)
    made = GROUPS["early"][0](tmp_path)
    run = cnnzoo.train("mnist_lenet5", resume=True, callbacks=made, **options)
    assert run.metrics["epochs"] == 3


class Counts(of_keras.Callback):
    def __init__(self):
        super().__init__()
        self.epochs = 0
        self.last = np.float32(0)

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs += 1

    def on_epoch_end(self, epoch, logs=None):
        self.last = np.float32(logs["val_loss"])


@pytest.mark.parametrize(("step", "every"), [(STEPS + 3, 0), (STEPS + 1, 1e9)])
def test_what_begins_an_epoch_happens_once_per_epoch(step, every, data, tmp_path):
    rows, _, (counts, _) = train(
        lambda _: [Counts()], data, tmp_path / "run", (step,), checkpoint_seconds=every
    )
    assert counts.epochs == FIELDS["epochs"]
    assert counts.last == pytest.approx(float(rows[-1]["val_loss"]), rel=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [of_keras.EarlyStopping(), of_keras.EarlyStopping, [of_keras.EarlyStopping], ["early"], None],
)
def test_what_is_no_list_of_callbacks_is_refused(wrong, data, tmp_path):
    with pytest.raises(CnnzooError, match="callbacks must be a list of Keras callbacks; got "):
        cnnzoo.train("mnist_lenet5", data=data, out=tmp_path / "run", callbacks=wrong, **FIELDS)
    assert not (tmp_path / "run").exists()


class Count(of_keras.Callback):
    """Counts steps in the attribute that its constructor fills, as callbacks of users do."""

    def __init__(self, count=0):
        super().__init__()
        self.count = count

    def on_train_batch_end(self, batch, logs=None):
        self.count += 1


def test_what_a_callback_of_the_user_counts_goes_on(data, tmp_path):
    options = {"checkpoint_seconds": 0}
    *_, (counter, _) = train(lambda _: [Count()], data, tmp_path, (STEPS + 3,), **options)
    assert counter.count == STEPS * FIELDS["epochs"]


class End(of_keras.Callback):
    """Ends training at the last step of the second epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.ends = epoch == 1

    def on_train_batch_end(self, batch, logs=None):
        if self.model.ends and (self.model.optimizer.iterations.numpy() == 2 * STEPS):
            self.model.stop_training = True


def test_a_callback_may_end_training_where_a_resumed_epoch_ends(data, tmp_path):
    rows, *_ = train(lambda _: [End()], data, tmp_path, (STEPS + 3,), checkpoint_seconds=0)
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"out": 5}, "out must be a path; got 5"),
        ({"checkpoint_seconds": "x"}, "checkpoint_seconds must be a number; got 'x'"),
        ({"devices": "x"}, "devices must be a whole number; got 'x'"),
        ({"recipe": 5}, "recipe must be a name or a Recipe; got 5"),
        ({"model_options": {1: 2}}, "model_options must be a mapping whose keys are names"),
    ],
)
def test_wrong_types_are_refused_before_anything_is_written(options, message, tmp_path):
    arguments = {"recipe": "mnist_lenet5", "out": tmp_path / "run", **options}
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.train(**arguments)
    assert list(tmp_path.iterdir()) == []
