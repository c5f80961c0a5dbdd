"""Trains a small network as `distribution` says and saves its state: worker.py OPTIONS OUT."""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from cnnzoo.datasets import Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.batches import train_batches
from cnnzoo.training.distributed import distribution

BATCH = 24
STEPS = 10  # Of an epoch.


class Pace(keras.callbacks.Callback):
    """Tells each step, and waits after it; the chief alone reads the state, as for a checkpoint."""

    def __init__(self, seconds, is_chief):
        super().__init__()
        self.seconds = seconds
        self.is_chief = is_chief

    def on_train_batch_end(self, batch, logs=None):
        if self.is_chief:
            state(self.model)
        print("step", batch, flush=True)
        time.sleep(self.seconds)


def state(model):
    found = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return {f"a{place}": np.asarray(one) for place, one in enumerate(found)}


def network(layers):
    made = {
        "norm": keras.layers.BatchNormalization,
        "dropout": lambda: keras.layers.Dropout(0.5),
    }
    return keras.Sequential(
        [
            keras.Input((6, 6, 1), dtype="uint8"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, activation="relu"),
            *(made[name]() for name in layers),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )


def train(
    where,
    *,
    layers=(),
    rate=0.3,
    clip=None,
    float16=False,
    epochs=3,
    start=None,
    start_step=0,
    pause=0.0,
):
    """Train, and return the variables of model, optimizer and metrics, and the history."""
    keras.utils.set_random_seed(3)
    if float16:
        keras.config.set_dtype_policy("mixed_float16")
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 200)
    images = random.integers(0, 128, (200, 6, 6, 1)) + 40 * labels[:, None, None, None]
    examples = Examples(images.astype(np.uint8), labels)
    with where.network():
        model = network(layers)
    where.synchronize(model)
    with where.scope():
        optimizer = keras.optimizers.SGD(rate, momentum=0.9, global_clipnorm=clip)
        if float16:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=64.0)
        optimizer.build(model.trainable_variables)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")
        model.compile(where.summed(optimizer), loss, metrics=[accuracy], jit_compile=False)
    if start is not None:
        stored = np.load(start)
        for place, variable in enumerate([*model.variables, *optimizer.variables]):
            variable.assign(stored[f"a{place}"])
    history = model.fit(
        where.batches(train_batches(examples, batch_size=BATCH, seed=1, start_step=start_step)),
        epochs=epochs,
        steps_per_epoch=STEPS,
        shuffle=False,
        verbose=0,
        callbacks=[Pace(pause, where.is_chief)],
    ).history
    return state(model), history


def main(options, out):
    asked = {name: options.pop(name, None) for name in ("devices", "workers", "worker")}
    where = distribution.get_distribution(BATCH, **asked, seconds=options.pop("seconds", 60.0))
    with where.training():
        arrays, history = train(where, **options)
        if where.cluster:
            folder = where.folder(out.parent)
            shared = sorted(path.name for path in folder.iterdir() if path.name == "letter")
            history["shared"] = where.run_on_chief(lambda: [where.is_chief, "chief"]) + shared
    np.savez(out, **arrays)
    out.with_suffix(".json").write_text(json.dumps(history))


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]), Path(sys.argv[2]))
    except CnnzooError as error:
        sys.exit(f"cnnzoo: {error}")
