"""Calls on the cores of a Ray cluster: runs of `reproduce` and of `sweep`, parts of `predict`.

A worker that dies is replaced, and what it did is called again: a run resumes from its checkpoint,
and ends with the same weights. Folders must be shared by all machines of the cluster.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import re
import socket
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cnnzoo.errors import CnnzooError
from cnnzoo.extras import install
from cnnzoo.quiet import log
from cnnzoo.version import __version__

_SECONDS = 10  # To reach a cluster.
_RETRIES = 20  # Of a call whose worker died.

Call = tuple[str, Callable[..., Any], Mapping[str, Any]]  # What it is, what to call, and with what.


def run_calls(
    on: str,
    calls: Sequence[Call] | Callable[[int], Sequence[Call]],
    cpus: int = 1,
    gpus: float = 0,
) -> list[Any]:
    """Return what each call returns; as many run at a time as the cluster has room for.

    Args:
        on: "ray", for the cluster that RAY_ADDRESS names, or else one of this machine's cores that
            ends afterwards; or "ray://HOST:PORT".
        calls: A sentence for each, a function that workers can import, and its arguments; or a
            function that returns these for the number that the cluster has room for at a time.
        cpus: Cores of each, which are also the threads of one TensorFlow operation.
        gpus: GPUs of each, or shares of one.

    Raises:
        CnnzooError: Ray is not installed, there is no such cluster, it has too few cores or GPUs,
            its cnnzoo is another, or a call raises it; other calls are ended then.
    """
    with _cluster(on) as ray:
        room = _room(ray, on, cpus, gpus)
        calls = calls(room) if callable(calls) else calls
        call = _caller(ray, cpus, gpus)
        waiting = {call(function, given): place for place, (_, function, given) in enumerate(calls)}
        found: list[Any] = [None] * len(calls)
        log(f"{len(calls)} calls on {_described(ray)}")
        while waiting:
            ready, _ = ray.wait([*waiting])
            for one in ready:
                place = waiting.pop(one)
                found[place] = _result(ray, one, on)
                log(f"{len(calls) - len(waiting)} of {len(calls)}  {calls[place][0]}")
        return found


def stream_calls(
    on: str,
    function: Callable[..., Any],
    calls: Iterable[Mapping[str, Any]],
    cpus: int = 1,
    gpus: float = 0,
) -> Iterator[Any]:
    """Yield what `function` returns for each of `calls`, in their order.

    They are read as there is room for them, so that any number of them takes little memory.

    Args:
        on: As for `run_calls`, as are `cpus`, `gpus` and errors.
        function: One that workers can import.
        calls: Its arguments, call by call.
        cpus: Cores of each call.
        gpus: GPUs of each call.
    """
    with _cluster(on) as ray:
        most = 2 * _room(ray, on, cpus, gpus)
        call = _caller(ray, cpus, gpus)
        running: deque[Any] = deque()
        for given in calls:
            running.append(call(function, given))
            if len(running) > most:
                yield _result(ray, running.popleft(), on)
        while running:
            yield _result(ray, running.popleft(), on)


def _caller(ray: Any, cpus: int, gpus: float) -> Callable[..., Any]:
    """Return what calls a function with its arguments on a worker, and returns Ray's reference."""
    remote = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=_RETRIES)(_called)
    threads = {"TF_NUM_INTRAOP_THREADS": str(cpus), "TF_CPP_MIN_LOG_LEVEL": "3"}
    remote = remote.options(runtime_env={"env_vars": threads})
    here = os.getcwd()
    return lambda function, given: remote.remote(__version__, here, function, dict(given))


def _called(version: str, folder: str, function: Callable[..., Any], given: dict[str, Any]) -> Any:
    """Call a function on a worker, as on the machine that asks for it."""
    if version != __version__:
        raise CnnzooError(f"the cluster must have cnnzoo {version}; a worker has {__version__}")
    if not os.path.isdir(folder):
        raise CnnzooError(f"the cluster must share the folder {folder}; a worker has none")
    os.chdir(folder)
    return function(**given)


def _result(ray: Any, one: Any, on: str) -> Any:
    try:
        return ray.get(one)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, CnnzooError):
            raise CnnzooError(str(error.cause)) from error
        raise CnnzooError(
            f"a worker failed: {type(error.cause).__name__}: {error.cause}"
        ) from error
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        raise CnnzooError(f"{on} cannot run it: {reason}") from error


@contextlib.contextmanager
def _cluster(on: str) -> Iterator[Any]:
    """Yield Ray, connected."""
    found = re.fullmatch(r"ray(?:://([^:/\s]+):(\d{1,5}))?", on)
    if found is None:
        raise CnnzooError(f"on must be ray, or ray://HOST:PORT; got {on!r}")
    if importlib.util.find_spec("ray") is None:
        raise CnnzooError(f"ray must be installed; run: {install('ray')}")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Else it warns of a change.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Nothing is sent to anybody.
    import ray

    options: Any = {"logging_level": "error", "log_to_driver": False}
    if found[1] is None:
        options["include_dashboard"] = False
    else:
        options["address"] = on
    # Without an address, Ray takes that of this variable.
    address = os.environ.get("RAY_ADDRESS", "") if found[1] is None else on
    there = re.fullmatch(r"(?:ray://)?([^:/\s]+):(\d{1,5})", address)
    try:
        if there is not None:
            _greet(there[1], int(there[2]))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CnnzooError(f"no Ray cluster answers at {address}: {reason}") from error
    started = not ray.is_initialized()
    if started:
        try:
            with warnings.catch_warnings():  # The error says the same.
                warnings.simplefilter("ignore")
                ray.init(**options)
        except Exception as error:  # Of many kinds, such as for another version of Ray or Python.
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            hint = "; a cluster may want a token, see RAY_AUTH_MODE" if there else ""
            raise CnnzooError(f"{on} cannot be used: {reason}{hint}") from error
    try:
        yield ray
    finally:
        if started:
            ray.shutdown()


def _greet(host: str, port: int) -> None:
    """Check that HTTP/2, which Ray speaks, answers: Ray itself waits half a minute for that.

    Raises:
        OSError: Nothing answers in time.
    """
    with socket.create_connection((host, port), timeout=_SECONDS) as connection:
        if os.environ.get("RAY_USE_TLS", "0") != "0":
            return
        settings = b"\0\0\0\4\0\0\0\0\0"  # A frame without any.
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings)
        if connection.recv(9)[3:4] != settings[3:4]:
            raise OSError("what listens there is not Ray")


def _room(ray: Any, on: str, cpus: int, gpus: float) -> int:
    """Return how many calls there is room for, at least one."""
    if cpus < 1:
        raise CnnzooError(f"cpus must be at least 1; got {cpus}")
    if not 0 <= gpus < math.inf or (gpus > 1 and gpus % 1):
        raise CnnzooError(f"gpus must be a whole number, or from 0 to 1; got {gpus}")
    there = ray.cluster_resources()
    rooms = []
    for name, kind, wanted in (("cpus", "CPU", cpus), ("gpus", "GPU", gpus)):
        most = there.get(kind, 0.0)
        if wanted > most:
            raise CnnzooError(f"{name} must be at most the {most:g} of {on}; got {wanted:g}")
        if wanted:
            rooms.append(int(most // wanted))
    return min(rooms)


def _described(ray: Any) -> str:
    there = ray.cluster_resources()
    gpus = f" and {there['GPU']:g} GPUs" if there.get("GPU") else ""
    return f"{there.get('CPU', 0):g} cores{gpus}"
