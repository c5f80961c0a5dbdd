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
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from cnnzoo.errors import CnnzooError
from cnnzoo.registry import unknown
from cnnzoo.serving import answers, binary, flat, tensors
from cnnzoo.serving.batching import Batches, Parsed
from cnnzoo.serving.bodies import LATER, Bodies, Body, DisconnectedError
from cnnzoo.serving.engine import Engine, Signature
from cnnzoo.serving.limits import Limits
from cnnzoo.serving.metrics import Metrics
from cnnzoo.serving.repository import Repository
from cnnzoo.serving.tensors import DEFAULT_SIGNATURE

_SMALL = 2**14  # Bytes of a body that is parsed in less time than a change of thread takes.

_log = logging.getLogger(__name__)


@dataclasses.dataclass
class _Names:
    """What a request names, as far as it exists: labels of metrics."""

    model: str = ""
    version: str = ""
    signature: str = ""


class Predict:
    """POST /v1/models/NAME[/versions/N]:predict."""

    def __init__(self, repository: Repository, limits: Limits, metrics: Metrics) -> None:
        self._repository = repository
        self._limits = limits
        self._metrics = metrics
        self._bodies = Bodies(limits)
        self._threads = ThreadPoolExecutor(limits.threads, "predict")
        self._batches = Batches(self._threads, limits.threads)
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
            if body.packed or len(body.content) > _SMALL:
                return await self._in_thread(self._parse_and_respond, names, engine, body)
            request = self._parsed(names, engine, body)
            if not request.signature.by_example:
                return await self._in_thread(request.respond)
            if len(body.content) <= request.signature.quick:
                return await self._batches.respond(request, quick=True)
            with self._admitted():
                return await self._batches.respond(request, quick=False)

    @contextlib.contextmanager
    def _admitted(self) -> Iterator[None]:
        """Return the context of a request that is being answered.

        Raises:
            HTTPException: There are too many.
        """
        if self._waiting >= self._limits.waiting:
            raise HTTPException(503, "too many requests at this moment; try again", LATER)
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def _in_thread(self, work: Callable[..., bytes], *arguments: Any) -> bytes:
        with self._admitted():
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *arguments)

    def _parse_and_respond(self, names: _Names, engine: Engine, body: Body) -> bytes:
        with self._large:
            request = self._parsed(names, engine, body)
        return request.respond()

    def _parsed(self, names: _Names, engine: Engine, body: Body) -> Parsed:
        content = body.unpacked(self._limits)
        if body.kind in binary.KINDS:
            signature = _signature(names, engine, body.signature)
            arrays = binary.arrays(content, body, signature.inputs, self._limits)
            return Parsed(signature, arrays, by_row=True)
        parts = flat.split(content)
        if parts and (parts.signature or body.signature or DEFAULT_SIGNATURE) in engine.signatures:
            signature = _signature(names, engine, parts.signature or body.signature)
            found = tensors.whole_numbers(parts.numbers, signature.inputs, self._limits)
            if found is not None:
                return Parsed(signature, found, by_row=True)
        document = tensors.parse(content)
        signature = _signature(names, engine, tensors.signature_name(document) or body.signature)
        return Parsed(signature, *tensors.arrays(document, signature.inputs, self._limits))


def _signature(names: _Names, engine: Engine, name: str) -> Signature:
    """Return the signature `name`, or the default one, which is then one of `names`."""
    name = name or DEFAULT_SIGNATURE
    if name not in engine.signatures:
        raise CnnzooError(unknown("signature", name[:100], engine.signatures))
    names.signature = name
    return engine.signatures[name]


def find(repository: Repository, name: str, version: int | None) -> tuple[int, Engine]:
    """Return number and engine of the requested version, or of the newest.

    Raises:
        HTTPException: There is no such model, or no such version is loaded, or not yet.
    """
    try:
        return repository.engine(name, version)
    except KeyError:
        pass
    if name not in repository.models:
        raise HTTPException(404, unknown("model", name[:100], repository.models))
    if any(
        slot.loads for number, slot in repository.models[name].items() if version in (None, number)
    ):
        raise HTTPException(503, f"{name} is being loaded; try again", LATER)
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
