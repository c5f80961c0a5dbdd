"""HTTP as uvicorn reads it, with limits on the time and memory of each connection."""

from __future__ import annotations

import asyncio
from typing import Any

import httptools

from cnnzoo.keras_internals import http_protocol, status_line
from cnnzoo.serving import answers
from cnnzoo.serving.limits import Limits

_UPGRADE = frozenset({b"connection", b"http2-settings", b"upgrade"})  # Headers of an upgrade.


def bounded(limits: Limits) -> type[asyncio.Protocol]:
    """Return the protocol of connections with `limits`."""
    return type("BoundedConnection", (Connection,), {"limits": limits})


class Connection(http_protocol()):  # type: ignore[misc]
    """One connection, with limits on its time and memory.

    uvicorn itself waits for ever for the rest of a request, for headers without end and for a
    client that does not read its answer, and it loses the body of a request to upgrade.
    """

    limits: Limits

    parser: Any
    _deadline: asyncio.TimerHandle | None = None
    _begun = False  # Whether a request is arriving.
    _complete = True  # Whether its header is there.
    _ended = False  # Whether what came last holds the end of a request.
    _header = 0  # Bytes of a header that is not there as a whole.
    _upgrading = False  # Whether its header asks for another protocol.
    _reading: asyncio.TimerHandle | None = None  # Until when the client must read on.

    def connection_made(self, transport: Any) -> None:
        """Wait for a request, and not for ever."""
        super().connection_made(transport)
        self._set_deadline()

    def connection_lost(self, error: Exception | None) -> None:
        """Stop the clocks."""
        self._drop_deadline()
        if self._reading is not None:
            self._reading.cancel()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, unless the header grows too long."""
        self._set_deadline()
        self._unset_keepalive_if_required()
        self._ended = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(400, "the request must be HTTP/1.1")
        # Where in `data` a request ends and the next begins, the parser does not say.
        self._header = 0 if self._complete or self._ended else self._header + len(data)
        if self._header > self.limits.header and not self.transport.is_closing():
            self._refuse(431, f"the header must have at most {self.limits.header:,} bytes")

    def on_message_begin(self) -> None:
        """Start the clock of a request."""
        self._begun, self._complete = True, False
        self._set_deadline()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Hand the request on, unless it asks for another protocol."""
        self._complete = True
        self._upgrading = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        if not self._upgrading:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock of a request."""
        if self._upgrading:  # The parser leaves out the body.
            return
        self._begun, self._ended = False, True
        self._drop_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """See to it that the answer is read."""
        super().on_response_complete()
        self._watch_reading()

    def pause_writing(self) -> None:
        """See to it that a long answer is read."""
        super().pause_writing()
        self._watch_reading()

    def _stay(self, rest: bytes) -> None:
        """Read the request again as one that asks for no other protocol, then `rest`."""
        if not self._upgrading:  # CONNECT, which has no body.
            return
        kept = [(name, value) for name, value in self.headers if name not in _UPGRADE]
        if any(name == b"connection" and b"close" in value.lower() for name, value in self.headers):
            kept.append((b"connection", b"close"))
        lines = [
            b"%s %s HTTP/%s"
            % (self.parser.get_method(), self.url, self.parser.get_http_version().encode()),
            *(b"%s: %s" % header for header in kept),
        ]
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join([*lines, b"", b""]) + rest)

    def _set_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.seconds, self._give_up)

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if not self._begun or (self._complete and self.cycle.response_started):
            self.transport.close()
        else:
            self._refuse(408, f"the request must arrive within {self.limits.seconds:g} seconds")

    def _watch_reading(self) -> None:
        """See to it that what was written is read by the client, or the connection ends."""
        unread = self.transport.get_write_buffer_size()
        if unread and self._reading is None:
            self._reading = self.loop.call_later(self.limits.seconds, self._check_reading, unread)

    def _check_reading(self, before: int) -> None:
        self._reading = None
        if self.transport.get_write_buffer_size() > before - self.limits.read:
            self.transport.abort()
        else:
            self._watch_reading()

    def _refuse(self, status: int, sentence: str) -> None:
        body = answers.error(sentence)
        self.transport.write(
            status_line(status)
            + b"content-type: application/json\r\nconnection: close\r\n"
            + b"content-length: %d\r\n\r\n" % len(body)
            + body
        )
        self.transport.close()
