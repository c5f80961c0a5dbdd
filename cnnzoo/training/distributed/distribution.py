"""Training on several devices of a machine, or on several machines, as if it were on one.

Each replica takes its rows of the same global batch, and gradients are summed over the replicas
before the optimizer sees them, so all replicas make the same step.

Departures from a single device: dropout draws another mask on each replica, since equal masks would
add up their noise; batch normalization under a mask, as texts have it, normalizes with the
statistics of the replica's rows.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.keras_internals import SummedGradients, become, flatten_layers, seed_generators
from cnnzoo.training.distributed.cluster import Cluster, answers, cluster
from cnnzoo.training.distributed.strategies import LOST, across, mirrored, statistic


def get_distribution(
    batch_size: int,
    devices: int | None = None,
    workers: str | None = None,
    worker: int | None = None,
    seconds: float = 60.0,
) -> Distribution:
    """Return the distribution for these arguments; call it before anything else of TensorFlow.

    Args:
        batch_size: Examples of a step, over all replicas.
        devices: GPUs of this machine to use, or logical CPU devices if it has none; by default 1.
        workers: Addresses host:port of all workers, with commas between; by default those of the
            variable TF_CONFIG, if it is set.
        worker: Place of this one among `workers`, from 0; the one at 0 is the chief.
        seconds: How long to wait for the other workers.

    Raises:
        CnnzooError: An argument or TF_CONFIG is malformed, the devices are not there, the replicas
            do not divide the batch, or a worker does not answer.
    """
    found = cluster(workers, worker)
    count = 1 if devices is None else devices
    gpus = tf.config.list_physical_devices("GPU")
    if seconds <= 0:
        raise CnnzooError(f"seconds must be above 0; got {seconds}")
    if count < 1:
        raise CnnzooError(f"devices must be at least 1; got {count}")
    if gpus and count > len(gpus):
        raise CnnzooError(f"devices must be at most {len(gpus)}, the GPUs here; got {count}")
    if found and count > 1 and not gpus:
        raise CnnzooError(f"devices must be 1 for workers without GPUs; got {count}")
    replicas = count * (len(found.addresses) if found else 1)
    if batch_size % replicas:
        raise CnnzooError(
            f"batch_size must be a multiple of the {replicas} replicas; got {batch_size}"
        )
    if found:
        return Distribution(batch_size, across(found, count if gpus else 0, seconds), found)
    return Distribution(batch_size, mirrored(count, bool(gpus)) if count > 1 else None)


class Distribution:
    """Over what a model is trained; with one device, each method leaves things as they are."""

    def __init__(self, batch_size: int, strategy: Any = None, found: Cluster | None = None) -> None:
        self.batch_size = batch_size
        self.strategy = strategy
        self.cluster = found
        self.is_chief = found is None or found.place == 0  # Whether it writes the run folder.
        self.replicas = strategy.num_replicas_in_sync if strategy else 1

    def network(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context in which to build the network, and nothing else."""
        if self.strategy is None:
            return contextlib.nullcontext()
        stack = contextlib.ExitStack()
        stack.enter_context(self.strategy.scope())
        stack.enter_context(tf.variable_creator_scope(statistic))
        return stack

    def synchronize(self, network: keras.Model) -> None:
        """Let batch normalization see the rows of all replicas, which draw other random numbers."""
        if self.strategy is None:
            return
        for layer in flatten_layers(network):
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True
        for generator in seed_generators(network):
            become(generator, _Apart)

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Return the context in which to make optimizer and metrics, and to compile."""
        return self.strategy.scope() if self.strategy else contextlib.nullcontext()

    def summed(self, optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
        """Let `optimizer` see gradients summed over the replicas.

        Keras sums them only after clipping, weight decay as a part of the gradient, and the check
        of float16, which would then see a part of each.
        """
        if self.strategy is None:
            return optimizer
        become(getattr(optimizer, "inner_optimizer", optimizer), SummedGradients)
        become(optimizer, _Summing)
        return optimizer

    @property
    def rows(self) -> slice:
        """Rows of each global batch that this worker trains on."""
        if self.cluster is None:
            return slice(None)
        count = self.batch_size // len(self.cluster.addresses)
        return slice(count * self.cluster.place, count * (self.cluster.place + 1))

    def batches(self, batches: tf.data.Dataset) -> Any:
        """Return for `fit` what of each of the global `batches` goes to this worker's replicas."""
        if self.strategy is None:
            return batches
        rows = self.batch_size // self.replicas
        local = self.replicas // (len(self.cluster.addresses) if self.cluster else 1)

        @tf.autograph.experimental.do_not_convert
        def slices(*parts: tf.Tensor) -> tf.data.Dataset:
            own = [part[self.rows] for part in parts]
            shapes = [tf.concat([[local, rows], tf.shape(part)[1:]], 0) for part in own]
            split = tuple(map(tf.reshape, own, shapes))
            for part, one in zip(parts, split, strict=True):
                one.set_shape([local, rows, *part.shape[1:]])
            return tf.data.Dataset.from_tensor_slices(split)

        options = batches.options()
        split = batches.flat_map(slices).prefetch(2 * local).with_options(options)
        return self.strategy.distribute_datasets_from_function(lambda _: split)

    @contextlib.contextmanager
    def training(self) -> Iterator[None]:
        """Return the context of training, in which a lost worker is reported.

        Raises:
            CnnzooError: Another worker is gone.
        """
        try:
            yield
        except LOST as error:
            if self.cluster is None:
                raise
            raise CnnzooError(_lost(self.cluster)) from error

    def run_on_chief(self, function: Callable[[], Any]) -> Any:
        """Return what `function` gives on the chief, in JSON's types.

        The others do not call it but wait. All workers must come here in the same order.
        """
        if self.cluster is None:
            return function()
        return json.loads(self._bytes_from_chief(lambda: json.dumps(function()).encode()))

    def folder(self, path: Path) -> Path:
        """Return the run folder: `path` on the chief, elsewhere a temporary one of its files."""
        if self.cluster is None:
            return path
        content = self._bytes_from_chief(lambda: _packed(path))
        if self.is_chief:
            return path
        self._temporary = tempfile.TemporaryDirectory()  # Kept as long as this object.
        zipfile.ZipFile(io.BytesIO(content)).extractall(self._temporary.name)
        return Path(self._temporary.name)

    def _bytes_from_chief(self, function: Callable[[], bytes]) -> bytes:
        content = function() if self.is_chief else b""
        size = int(self._sum(np.array([len(content)], np.int32))[0])
        words = np.zeros(-(-size // 4), np.int32)
        words.view(np.uint8)[: len(content)] = np.frombuffer(content, np.uint8)
        return self._sum(words).tobytes()[:size]

    def _sum(self, array: np.ndarray) -> np.ndarray:
        """Return the sum over the workers, which is what the chief has where others have zeros."""
        return np.asarray(self.strategy.reduce("SUM", tf.constant(array), axis=None))


class _Summing:
    """A mixin of an optimizer that sums gradients over the replicas before it sees them."""

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        context = tf.distribute.get_replica_context()
        there = [grad for grad in grads if grad is not None]
        sums = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, there))
        whole = [None if grad is None else next(sums) for grad in grads]
        return super().apply(whole, trainable_variables)  # type: ignore[misc]


class _Apart:
    """A mixin of a seed generator whose seeds differ by replica; the state stays the same."""

    def next(self, ordered: bool = True) -> Any:
        seed, context = super().next(ordered), tf.distribute.get_replica_context()  # type: ignore[misc]
        if context is None:
            return seed
        return seed + tf.stack([tf.cast(context.replica_id_in_sync_group, seed.dtype), 0])


def _lost(found: Cluster, seconds: float = 5) -> str:
    """Say who is gone; a process that is being killed may listen for a moment longer."""
    gone: list[str] = []
    end = time.monotonic() + seconds
    while not gone and time.monotonic() < end:
        gone = [
            found.name(place)
            for place, address in enumerate(found.addresses)
            if place != found.place and not answers(address)
        ]
        time.sleep(0.1)
    who = " and ".join(gone) or "one of them"
    return f"workers must stay until all are done; {who} is gone; start all again with --resume"


def _packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()
