"""Strategies of TensorFlow under which every variable is the same on all replicas.

What a replica writes, such as the moving statistics of batch normalization and the metrics, is
written as the mean over the replicas. So whoever reads a variable reads it locally, at any time.

Keras 3.15.1 trains under a strategy for one machine. Under that for several, `fit` fails (issue
20585), and what mends it here is `reduce`, which Keras calls in two places of
backend/tensorflow/trainer.py: `_maybe_symbolic_build` lets it average a whole batch, a structure
that it does not take, to learn shapes; `reduce_per_replica` lets it average the metrics along axis
0, which scalars have not.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.training.distributed.cluster import Cluster, meet

LOST = (  # What a collective raises when another worker is gone.
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
)


def mirrored(count: int, gpus: bool) -> tf.distribute.Strategy:
    """Return the strategy over `count` GPUs, or else logical CPU devices, of this machine.

    Raises:
        CnnzooError: TensorFlow has started with fewer CPU devices.
    """
    if not gpus:
        cpu, *_ = tf.config.list_physical_devices("CPU")
        logical = [tf.config.LogicalDeviceConfiguration()] * count
        try:
            tf.config.set_logical_device_configuration(cpu, logical)
        except RuntimeError as error:
            there = len(tf.config.list_logical_devices("CPU"))
            if there < count:
                raise CnnzooError(
                    "devices must be asked for before TensorFlow has started, which it has with "
                    f"{there} CPU device; got {count}"
                ) from error
    kind = "GPU" if gpus else "CPU"
    return _Mirrored([f"{kind}:{place}" for place in range(count)])


def across(found: Cluster, gpus: int, seconds: float) -> tf.distribute.Strategy:
    """Return the strategy over all workers of the cluster, with `gpus` GPUs, or else a CPU, each.

    Raises:
        CnnzooError: A worker does not answer within `seconds`, or TensorFlow has started.
    """
    meet(found, seconds)
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(found.addresses)}),
        task_type="worker",
        task_id=found.place,
        num_accelerators={"GPU": gpus},
        rpc_layer="grpc",
    )
    note = (
        f"all workers answer; this ends within {seconds:g} seconds if one leaves before the start"
    )
    print(note, file=sys.stderr, flush=True)
    with open(os.devnull, "w") as nowhere:
        # TensorFlow would wait without end, and let no other thread of Python run.
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            return _Workers(cluster_resolver=resolver)
        except RuntimeError as error:
            raise CnnzooError(
                "workers must be asked for before TensorFlow has started; it has"
            ) from error
        finally:
            faulthandler.cancel_dump_traceback_later()
            if threading.current_thread() is threading.main_thread():
                # TensorFlow catches what asks a process to end, and goes on.
                signal.signal(signal.SIGTERM, signal.SIG_DFL)


class _Same(tf.distribute.Strategy):
    """A strategy whose variables are the same on all replicas after every step."""

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        with super().scope(), tf.variable_creator_scope(_metric):
            yield

    def reduce(self, reduce_op: Any, value: Any, axis: int | None = None) -> Any:
        """Return the local value for a mean: what Keras averages is the same everywhere."""
        if str(reduce_op).rpartition(".")[2] != "MEAN":
            return super().reduce(reduce_op, value, axis)
        return tf.nest.map_structure(lambda one: self.experimental_local_results(one)[0], value)


class _Mirrored(_Same, tf.distribute.MirroredStrategy):
    pass


class _Workers(_Same, tf.distribute.MultiWorkerMirroredStrategy):
    pass


_MEAN = {
    "aggregation": tf.VariableAggregation.MEAN,
    "synchronization": tf.VariableSynchronization.ON_WRITE,
}


def _metric(create: Callable[..., Any], **options: Any) -> Any:
    """Create a variable; a metric's, which Keras sums whenever it is read, as a mean instead."""
    if options["synchronization"] == tf.VariableSynchronization.ON_READ:
        options |= _MEAN
    return create(**options)


def statistic(create: Callable[..., Any], **options: Any) -> Any:
    """Create a variable; one that no optimizer changes, which each replica would, as a mean."""
    if not options["trainable"] and tf.as_dtype(options["dtype"]).is_floating:
        options |= _MEAN
    return create(**options)
