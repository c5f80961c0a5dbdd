"""Predict requests: read, answered and counted.

An ASGI application by itself, without a framework's work on each request: this is what clients
wait for.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from cnnzoo.errors import CnnzooError
from cnnzoo.registry import unknown
from cnnzoo.serving import answers, flat, tensors
from cnnzoo.serving.engine import Engine, Signature
from cnnzoo.serving.limits import Limits
from cnnzoo.serving.metrics import Metrics
from cnnzoo.serving.repository import Repository

_LATER = {"Retry-After": "1"}  # Seconds, for clients that are refused under load.

_SMALL = 2**14  # Bytes of a body that is parsed in less time than a change of thread takes.

_log = logging.getLogger(__name__)


class DisconnectedError(Exception):
    """The client disconnected before its request had arrived."""


class Bodies:
    """Reads bodies and counts the bytes of all that are held."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    @contextlib.asynccontextmanager
    async def read(self, scope: Scope, receive: Receive) -> AsyncIterator[bytes]:
        """Return the context in which the body of one request is held.

        Raises:
            HTTPException: It is too large, or there are too many at this moment.
            DisconnectedError: The client disconnected.
        """
        for name, value in scope["headers"]:
            if name == b"content-length":
                self._check(int(value))
        parts: list[bytes] = []
        size, more = 0, True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise DisconnectedError
                parts.append(message["body"])
                size += len(parts[-1])
                self._held += len(parts[-1])
                self._check(size)
                more = message["more_body"]
            yield parts[0] if len(parts) == 1 else b"".join(parts)
        finally:
            self._held -= size

    def _check(self, size: int) -> None:
        if size > self._limits.body:
            raise HTTPException(413, f"the body must have at most {self._limits.body:,} bytes")
        if self._held > self._limits.held:
            raise HTTPException(503, "too many large requests at this moment; try again", _LATER)


@dataclasses.dataclass
class _Names:
    """What a request names, as far as it exists: labels of metrics."""

    model: str = ""
    version: str = ""
    signature: str = ""


class _Request(NamedTuple):
    """A parsed request."""

    signature: Signature
    inputs: dict[str, np.ndarray]
    by_row: bool

    def respond(self) -> bytes:
        return answers.body(self.signature(self.inputs), self.by_row)


class Predict:
    """POST /v1/models/NAME[/versions/N]:predict."""

    def __init__(self, repository: Repository, limits: Limits, metrics: Metrics) -> None:
        self._repository = repository
        self._limits = limits
        self._metrics = metrics
        self._bodies = Bodies(limits)
        self._threads = ThreadPoolExecutor(limits.threads, "predict")
        self._large = threading.Lock()  # Parsed lists take twenty times the memory of their JSON.
        self._waiting = 0  # Requests that are in a thread or wait for one.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begin = time.perf_counter()
        names = _Names()
        headers: Mapping[str, str] = {}
        try:
            status, content = 200, await self._answer(names, scope, receive)
        except DisconnectedError:
            return
        except HTTPException as error:
            status, content = error.status_code, answers.error(error.detail)
            headers = error.headers or {}
        except CnnzooError as error:
            status, content = 400, answers.error(str(error))
        except MemoryError:
            status, content = 503, answers.error("the examples need too much memory; send fewer")
        except Exception:  # Whatever goes wrong with a request, the server lives on.
            _log.exception("a request failed")
            status, content = 500, answers.error("the server failed; its log says why")
        seconds = time.perf_counter() - begin
        self._metrics.count(names.model, names.version, names.signature, status, seconds)
        await _send(send, status, content, headers)

    async def _answer(self, names: _Names, scope: Scope, receive: Receive) -> bytes:
        path = scope["path_params"]
        number, engine = find(self._repository, path["name"], path.get("version"))
        names.model, names.version = path["name"], str(number)
        async with self._bodies.read(scope, receive) as body:
            if len(body) > _SMALL:
                return await self._in_thread(self._parse_and_respond, names, engine, body)
            request = self._parsed(names, engine, body)
            if len(body) <= request.signature.quick and not self._waiting:
                return request.respond()
            return await self._in_thread(request.respond)

    async def _in_thread(self, work: Callable[..., bytes], *arguments: Any) -> bytes:
        if self._waiting >= self._limits.waiting:
            raise HTTPException(503, "too many requests at this moment; try again", _LATER)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1

    def _parse_and_respond(self, names: _Names, engine: Engine, body: bytes) -> bytes:
        with self._large:
            request = self._parsed(names, engine, body)
        return request.respond()

    def _parsed(self, names: _Names, engine: Engine, body: bytes) -> _Request:
        request = self._whole_numbers(engine, body)
        if request is not None:
            names.signature = request.signature.name
            return request
        document = tensors.parse(body)
        name = tensors.signature_name(document)
        if name not in engine.signatures:
            raise CnnzooError(unknown("signature", name[:100], engine.signatures))
        names.signature = name
        signature = engine.signatures[name]
        return _Request(signature, *tensors.arrays(document, signature.inputs, self._limits))

    def _whole_numbers(self, engine: Engine, body: bytes) -> _Request | None:
        """Return the request if it is rows of whole numbers that fit, the quickest to read."""
        found = flat.split(body)
        signature = found and engine.signatures.get(found.signature or tensors.DEFAULT_SIGNATURE)
        if not found or not signature:
            return None
        arrays = tensors.whole_numbers(found.numbers, signature.inputs, self._limits)
        return None if arrays is None else _Request(signature, arrays, True)


def find(repository: Repository, name: str, version: int | None) -> tuple[int, Engine]:
    """Return number and engine of the requested version, or of the newest.

    Raises:
        HTTPException: There is no such model, or no such version is loaded.
    """
    try:
        return repository.engine(name, version)
    except KeyError:
        pass
    if name not in repository.models:
        raise HTTPException(404, unknown("model", name[:100], repository.models))
    which = "no version" if version is None else f"no version {version}"
    raise HTTPException(404, f"{name} has {which} that is loaded; see GET /v1/models/{name}")


async def _send(send: Send, status: int, content: bytes, more: Mapping[str, str]) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in more.items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
