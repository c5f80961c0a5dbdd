"""Which machines train together, and whether they answer, before TensorFlow starts its servers."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from typing import Any, NamedTuple

from cnnzoo.errors import CnnzooError


class Cluster(NamedTuple):
    """The workers, of which the first one is the chief."""

    addresses: tuple[str, ...]  # host:port, the same on every worker.
    place: int  # Of this worker.

    def name(self, place: int) -> str:
        """Return how to call the worker at `place`."""
        return f"worker {place} at {self.addresses[place]}"


def cluster(workers: str | None, worker: int | None) -> Cluster | None:
    """Return what the arguments or else the variable TF_CONFIG say; none: this process alone.

    Args:
        workers: Addresses host:port with commas between, the same on every worker.
        worker: Place of this one among them, from 0.

    Raises:
        CnnzooError: What they say is malformed.
    """
    if workers is not None:
        addresses = _addresses("workers", workers.split(","))
        if worker is None or not 0 <= worker < len(addresses):
            last = len(addresses) - 1
            raise CnnzooError(f"worker must be this one's place, from 0 to {last}; got {worker}")
        found = Cluster(addresses, worker)
    elif worker is not None:
        raise CnnzooError(f"worker must come with workers; got {worker} alone")
    elif os.environ.get("TF_CONFIG"):
        found = _from_tf_config(os.environ["TF_CONFIG"])
    else:
        return None
    return found if len(found.addresses) > 1 else None


def _from_tf_config(text: str) -> Cluster:
    try:
        config = json.loads(text)
    except ValueError as error:
        raise CnnzooError(f"TF_CONFIG must be JSON; got {text!r}") from error
    for key in ("cluster", "task"):
        if not isinstance(config, dict) or not isinstance(config.get(key), dict):
            raise CnnzooError(f"TF_CONFIG must be an object that has an object {key}; got {text!r}")
    jobs, task = config["cluster"], config["task"]
    kinds = [kind for kind in ("chief", "worker") if kind in jobs]
    if not kinds or set(jobs) - set(kinds) or not all(isinstance(jobs[one], list) for one in kinds):
        raise CnnzooError(
            f"TF_CONFIG.cluster must hold lists of worker and perhaps chief, alone; got {jobs}"
        )
    addresses = _addresses("TF_CONFIG.cluster", [one for kind in kinds for one in jobs[kind]])
    kind, index = task.get("type"), task.get("index")
    if kind not in kinds:
        raise CnnzooError(f"TF_CONFIG.task.type must be {' or '.join(kinds)}; got {kind!r}")
    if type(index) is not int or not 0 <= index < len(jobs[kind]):
        last = len(jobs[kind]) - 1
        raise CnnzooError(f"TF_CONFIG.task.index must be from 0 to {last}; got {index!r}")
    return Cluster(addresses, index if kind == kinds[0] else len(jobs["chief"]) + index)


def _addresses(name: str, found: list[Any]) -> tuple[str, ...]:
    if not found:
        raise CnnzooError(f"{name} must name at least one address; got none")
    for one in found:
        host, _, port = one.rpartition(":") if isinstance(one, str) else ("", "", "")
        if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
            raise CnnzooError(
                f"{name} must be addresses host:port, with a port from 1 to 65535; got {one!r}"
            )
        if found.count(one) > 1:
            raise CnnzooError(f"{name} must name each address once; got {one} more than once")
    return tuple(found)


def meet(found: Cluster, seconds: float) -> None:
    """Wait until every other worker answers; this one answers meanwhile.

    TensorFlow's own start cannot do it: where a worker is missing it waits without end and lets no
    other thread of Python run.

    Raises:
        CnnzooError: One does not answer within `seconds`, or this one's port is taken.
    """
    port = int(found.addresses[found.place].rpartition(":")[2])
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    try:
        listener = socket.create_server(("", port), family=family, dualstack_ipv6=both)
    except OSError as error:
        own = found.name(found.place)
        raise CnnzooError(
            f"{own} must be able to listen there; {os.strerror(error.errno or 0)}"
        ) from error
    until = time.monotonic() + seconds
    with listener:
        for place in range(len(found.addresses)):
            while place != found.place and not answers(found.addresses[place]):
                if time.monotonic() > until:
                    raise CnnzooError(
                        f"{found.name(place)} must answer within {seconds:g} seconds; it does not"
                    )
                time.sleep(0.1)


def answers(address: str) -> bool:
    """Return whether anything listens at host:port."""
    host, _, port = address.rpartition(":")
    with contextlib.suppress(OSError):
        socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
        return True
    return False
