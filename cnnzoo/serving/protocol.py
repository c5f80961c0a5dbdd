"""HTTP as uvicorn reads it, with bounds on the time and the headers of a request that arrives.

uvicorn itself waits for ever for the rest of a request, and for headers without end.
"""

from __future__ import annotations

import asyncio
from typing import Any

from cnnzoo.keras_internals import http_protocol, status_line
from cnnzoo.serving import answers
from cnnzoo.serving.limits import Limits


def bounded(limits: Limits) -> type[asyncio.Protocol]:
    """Return the protocol with `limits`."""

    class Protocol(http_protocol()):  # type: ignore[misc]
        """One connection."""

        _deadline: asyncio.TimerHandle | None = None
        _begun = False  # Whether a request is arriving.
        _complete = True  # Whether its header is there.
        _header = 0  # Bytes of a header that is not.

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._set_deadline()

        def connection_lost(self, error: Exception | None) -> None:
            self._drop_deadline()
            super().connection_lost(error)

        def data_received(self, data: bytes) -> None:
            if self._deadline is None:
                self._set_deadline()
            super().data_received(data)
            self._header = 0 if self._complete else self._header + len(data)
            if self._header > limits.header and not self.transport.is_closing():
                self._refuse(431, f"the header must have at most {limits.header:,} bytes")

        def on_message_begin(self) -> None:
            self._begun, self._complete = True, False
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._complete = True
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self._begun = False
            self._drop_deadline()
            super().on_message_complete()

        def send_400_response(self, msg: str) -> None:
            self._refuse(400, "the request must be HTTP/1.1")

        def _set_deadline(self) -> None:
            self._deadline = self.loop.call_later(limits.seconds, self._give_up)

        def _drop_deadline(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _give_up(self) -> None:
            if not self._begun or (self._complete and self.cycle.response_started):
                self.transport.close()
            else:
                self._refuse(408, f"the request must arrive within {limits.seconds:g} seconds")

        def _refuse(self, status: int, sentence: str) -> None:
            body = answers.error(sentence)
            self.transport.write(
                status_line(status)
                + b"content-type: application/json\r\nconnection: close\r\n"
                + b"content-length: %d\r\n\r\n" % len(body)
                + body
            )
            self.transport.close()

    return Protocol
