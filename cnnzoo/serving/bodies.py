"""Bodies of requests as they arrive: bounded, counted and unpacked."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import AsyncIterator
from typing import NamedTuple
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope

from cnnzoo.errors import CnnzooError
from cnnzoo.serving.limits import Limits

LATER = {"Retry-After": "1"}  # Seconds, for clients that are refused under load.

_GZIP = 31  # zlib's number for the largest window and a header of gzip.


class DisconnectedError(Exception):
    """The client disconnected before its request had arrived."""


class Body(NamedTuple):
    """The body of a request, and what its header says of it."""

    content: bytes
    packed: bool  # By gzip.
    kind: str  # Media type, such as "application/json".
    shape: str  # Of an array of raw bytes, or "".
    signature: str  # Which the address names, or "".

    def unpacked(self, limits: Limits) -> bytes:
        """Return the content as it was before it was compressed.

        Raises:
            CnnzooError: It is no gzip file, or half of one.
            HTTPException: It is too large.
        """
        if not self.packed:
            return self.content
        packed = zlib.decompressobj(_GZIP)
        try:
            content = packed.decompress(self.content, limits.body + 1)
        except zlib.error as error:
            raise CnnzooError(f"the body must be gzip, as its header says; got {error}") from error
        _check_size(len(content), limits)
        if not packed.eof or packed.unused_data:
            found = "more than that" if packed.eof else "half of it"
            raise CnnzooError(f"the body must be one file of gzip; got {found}")
        return content


class Bodies:
    """Reads bodies and counts the bytes of all that are held."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    @contextlib.asynccontextmanager
    async def read(self, scope: Scope, receive: Receive) -> AsyncIterator[Body]:
        """Return the context in which the body of one request is held.

        Raises:
            HTTPException: It is too large or of an unknown encoding, or there are too many at this
                moment.
            DisconnectedError: The client disconnected.
        """
        headers = {name: value.decode("latin-1").strip() for name, value in scope["headers"]}
        self._check(int(headers.get(b"content-length", 0)))
        encoding = headers.get(b"content-encoding", "identity").lower()
        if encoding not in ("gzip", "x-gzip", "identity"):
            raise HTTPException(
                415, f"Content-Encoding must be gzip or absent; got {encoding[:40]}"
            )
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
            query = parse_qs(scope["query_string"].decode("latin-1"))
            yield Body(
                parts[0] if len(parts) == 1 else b"".join(parts),
                encoding != "identity",
                headers.get(b"content-type", "").partition(";")[0].strip().lower(),
                headers.get(b"x-shape", ""),
                query.get("signature_name", [""])[0],
            )
        finally:
            self._held -= size

    def _check(self, size: int) -> None:
        _check_size(size, self._limits)
        if self._held > self._limits.held:
            raise HTTPException(503, "too many large requests at this moment; try again", LATER)


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.body:
        raise HTTPException(413, f"the body must have at most {limits.body:,} bytes")
