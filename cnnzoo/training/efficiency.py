"""What a run cost in arithmetic, and how much of the machine it used."""

from __future__ import annotations

import time
from typing import Any

import tensorflow as tf

from cnnzoo.training.checkpoints import Row
from cnnzoo.training.job import Job

_SIDE, _SECONDS = 1_024, 0.3  # Of the matrices that measure the machine, and for how long.


def cost(job: Job, history: list[Row]) -> dict[str, Any]:
    """Return `training_flops`, `matmul_flops_per_second` and `utilization`, their share of it.

    A multiply-add counts as two operations, and a backward pass as two forward ones. The rate is
    that of products of 1024x1024 float32 matrices, measured after the run. Where texts have no
    definite length, the first and the last are None.
    """
    rate = matmul_rate()
    macs = job.metadata["macs"]
    if macs is None:
        return {"training_flops": None, "matmul_flops_per_second": rate, "utilization": None}
    flops = 3 * 2 * macs * job.batch_size * job.steps * len(history)
    seconds = sum(row["seconds"] for row in history)
    return {
        "training_flops": flops,
        "matmul_flops_per_second": rate,
        "utilization": round(flops / seconds / rate, 4),
    }


def matmul_rate() -> int:
    """Return the operations a second of the best of some products of square matrices."""
    matrix = tf.random.stateless_uniform([_SIDE, _SIDE], [0, 0])
    best, begun = float("inf"), time.monotonic()
    while time.monotonic() - begun < _SECONDS or best == float("inf"):
        before = time.perf_counter()
        tf.linalg.matmul(matrix, matrix).numpy()
        best = min(best, time.perf_counter() - before)
    return round(2 * _SIDE**3 / best)
