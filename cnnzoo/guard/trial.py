"""A first answer under limits, in a child process that may crash or hang."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from cnnzoo.errors import CnnzooError

SECONDS, BYTES = 5, 2**29  # Of CPU, and of memory beyond what this process has: 512 MiB.
_PATIENCE = 12  # Times as many seconds by the clock: the machine may be busy.


def require_bounded(answer: Callable[[], str], name: str, room: int = 0) -> None:
    """Run `answer`, which returns what is wrong, or nothing, in a forked process under limits.

    Where processes cannot be forked, it runs without limits.

    Args:
        answer: May raise CnnzooError, which then is raised here.
        name: Of what answers, for messages.
        room: Bytes that it may take beyond the usual limit.

    Raises:
        CnnzooError: Something is wrong, or `answer` needs too much or crashes; `name` is in the
            message.
    """
    if not hasattr(os, "fork"):
        if wrong := answer():
            raise CnnzooError(f"{name} {wrong}")
        return
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Of threads, which the child ignores.
        child = os.fork()
    if child == 0:
        _answer(answer, name, writing, BYTES + room)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    if not said:
        raise CnnzooError(
            f"{name} must answer one example within {SECONDS} s and {BYTES // 2**20} MiB; it does "
            "not, or it crashes"
        )
    if said != _FINE:
        raise CnnzooError(said)


_FINE = "fine"


def _answer(answer: Callable[[], str], name: str, writing: int, room: int) -> None:
    """Write what is wrong, or that nothing is, and end the process whatever happens."""
    with contextlib.suppress(BaseException):
        _limit(room)
        try:
            wrong = answer()
            said = f"{name} {wrong}" if wrong else _FINE
        except CnnzooError as error:
            said = str(error)
        os.write(writing, said.encode())
    os.kill(os.getpid(), signal.SIGKILL)  # Without what Python does at its end.


def _limit(room: int) -> None:
    import resource

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(SECONDS * _PATIENCE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + room
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def require_ending(folder: Path) -> None:
    """Let each signature of a checked SavedModel answer a blank example, in a process of its own.

    Raises:
        CnnzooError: That takes too long: a loop need not end.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", _SIGNATURES, str(folder), str(SECONDS)],
            capture_output=True,
            check=False,
            timeout=SECONDS * _PATIENCE,
        )
        ended = done.returncode == 0
    except subprocess.TimeoutExpired:
        ended = False
    if not ended:
        raise CnnzooError(
            f"{folder} must answer one example within {SECONDS} s; it does not, or it crashes"
        )


_SIGNATURES = """
import math, os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
if os.name == "posix":
    import resource
    most = math.ceil(time.process_time()) + int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
for signature in loaded.signatures.values():
    specs = signature.structured_input_signature[1]
    shapes = {name: [1] if spec.shape.rank is None else spec.shape for name, spec in specs.items()}
    try:
        signature(**{
            name: tf.zeros([side or 1 for side in shapes[name]], spec.dtype)
            for name, spec in specs.items()
        })
    except tf.errors.OpError:  # Such as for what is no encoded image.
        pass
"""
