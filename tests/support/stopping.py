"""Runs that are stopped in the middle, and what two runs must have in common."""

import csv

import keras
import numpy as np
import pytest

import cnnzoo


class StoppedError(Exception):
    pass


class Stop(keras.callbacks.Callback):
    """Stops the program after so many steps."""

    def __init__(self, steps):
        super().__init__()
        self.left = {"steps": steps}  # A mapping is no part of a checkpoint.

    def on_train_batch_end(self, batch, logs=None):
        self.left["steps"] -= 1
        if self.left["steps"] == 0:
            raise StoppedError


def in_parts(recipe, stops, out, callbacks=tuple, **fields):
    """Train in so many parts, each stopped after a number of steps, and return the last's run."""
    for resume, steps in enumerate(stops):
        with pytest.raises(StoppedError):
            cnnzoo.train(
                recipe,
                out=out,
                resume=bool(resume),
                callbacks=[*callbacks(), Stop(steps)],
                checkpoint_seconds=0,
                **fields,
            )
        keras.utils.set_random_seed(99)  # What came before the resumption must not matter.
    return cnnzoo.train(recipe, out=out, resume=True, callbacks=[*callbacks(), Stop(0)], **fields)


def same_run(one, other):
    """Return whether two runs have the same figures and, to the bit, the same weights."""
    pairs = zip(weights_of(one), weights_of(other), strict=True)
    return figures(one) == figures(other) and all(np.array_equal(a, b) for a, b in pairs)


def weights_of(run):
    return [np.asarray(weight) for weight in cnnzoo.load(run.path).model.weights]


def figures(run):
    rows = csv.DictReader((run.path / "history.csv").open())
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
