"""The bodies of requests: read as they come, within bounds for one and for all together."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope

from cnnzoo.serving.limits import Limits

LATER = {"Retry-After": "1"}  # Seconds, for who is sent away because there is too much to do.


class DisconnectedError(Exception):
    """The client has gone before its request was there."""


class Bodies:
    """Reads bodies and counts the bytes of all that are there."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """Return the body of one request; `release` must follow.

        Raises:
            HTTPException: It is too large, or there are too many at this moment.
            DisconnectedError: The client has gone.
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
        except BaseException:
            self._held -= size
            raise
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def release(self, body: bytes) -> None:
        """Forget a body that `read` returned."""
        self._held -= len(body)

    def _check(self, size: int) -> None:
        if size > self._limits.body:
            raise HTTPException(413, f"the body must have at most {self._limits.body:,} bytes")
        if self._held > self._limits.held:
            raise HTTPException(503, "too many large requests at this moment; try again", LATER)
