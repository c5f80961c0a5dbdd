"""The server's process: a socket, uvicorn with bounds, and a thread that follows the folder."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httptools
import uvicorn

from cnnzoo.errors import CnnzooError
from cnnzoo.keras_internals import http_protocol, status_line
from cnnzoo.serving import answers
from cnnzoo.serving.app import application
from cnnzoo.serving.limits import Limits
from cnnzoo.serving.repository import Repository

_UPGRADE = frozenset({b"connection", b"http2-settings", b"upgrade"})  # Headers of an upgrade.

_GRACE = 10  # Seconds that requests have to end when the server is stopped.


class Server(uvicorn.Server):
    """uvicorn for the models of a folder, which it follows; interrupted, it ends with code 0."""

    def __init__(self, folder: Path, host: str, port: int, limits: Limits) -> None:
        """Take the port and load the models.

        Args:
            folder: Of exported models, MODEL/VERSION/saved_model.pb.
            host: Name or address to listen at.
            port: Number, or 0 for a free one.
            limits: What clients may ask for.

        Raises:
            CnnzooError: The folder holds no model, or the port is taken.
        """
        self._socket = _listen(host, port)
        self.repository = Repository(folder)
        config = uvicorn.Config(
            application(self.repository, limits),
            http=bounded(limits),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            limit_concurrency=limits.connections,
            timeout_graceful_shutdown=_GRACE,
        )
        super().__init__(config)

    @property
    def url(self) -> str:
        """Where the server listens."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer, and follow the folder, until SIGINT or SIGTERM."""
        threading.Thread(target=self.repository.watch, name="watch", daemon=True).start()
        try:
            super().run(sockets or [self._socket])
        finally:
            self.repository.stop()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM end the server gracefully, and a second SIGINT at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(folder: Path, host: str, port: int, limits: Limits) -> int:
    """Run a `Server`, whose arguments these are, and return how many requests it answered.

    Raises:
        CnnzooError: The folder holds no model, or the port is taken.
    """
    gc.freeze()  # What TensorFlow's modules hold need not be searched when a version goes.
    server = Server(folder, host, port, limits)
    print(f"cnnzoo: serving {folder} at {server.url}", file=sys.stderr, flush=True)
    server.run()
    return server.server_state.total_requests


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason, _, _ = str(getattr(error, "strerror", error)).partition(" (")
        raise CnnzooError(f"port must be free; got {port} at {host}: {reason}") from error


def bounded(limits: Limits) -> type[asyncio.Protocol]:
    """Return HTTP as uvicorn reads it, with `limits` on the time and memory of a connection.

    uvicorn itself waits for ever for the rest of a request, for headers without end and for a
    client that does not read its answer, and it loses the body of a request to upgrade.
    """

    class Protocol(http_protocol()):  # type: ignore[misc]
        """One connection."""

        parser: Any
        _deadline: asyncio.TimerHandle | None = None
        _begun = False  # Whether a request is arriving.
        _complete = True  # Whether its header is there.
        _ended = False  # Whether what came last holds the end of a request.
        _header = 0  # Bytes of a header that is not there as a whole.
        _upgrading = False  # Whether its header asks for another protocol.
        _reading: asyncio.TimerHandle | None = None  # Until when the client must read on.

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._set_deadline()

        def connection_lost(self, error: Exception | None) -> None:
            self._drop_deadline()
            if self._reading is not None:
                self._reading.cancel()
            super().connection_lost(error)

        def data_received(self, data: bytes) -> None:
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
            if self._header > limits.header and not self.transport.is_closing():
                self._refuse(431, f"the header must have at most {limits.header:,} bytes")

        def on_message_begin(self) -> None:
            self._begun, self._complete = True, False
            self._set_deadline()
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._complete = True
            self._upgrading = (
                self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
            )
            if not self._upgrading:
                super().on_headers_complete()

        def on_message_complete(self) -> None:
            if self._upgrading:  # The parser leaves out the body.
                return
            self._begun, self._ended = False, True
            self._drop_deadline()
            super().on_message_complete()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch_reading()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._watch_reading()

        def _stay(self, rest: bytes) -> None:
            """Read the request again as one that asks for no other protocol, then `rest`."""
            if not self._upgrading:  # CONNECT, which has no body.
                return
            kept = [(name, value) for name, value in self.headers if name not in _UPGRADE]
            if any(
                name == b"connection" and b"close" in value.lower() for name, value in self.headers
            ):
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

        def _watch_reading(self) -> None:
            """See to it that what was written is read by the client, or the connection ends."""
            unread = self.transport.get_write_buffer_size()
            if unread and self._reading is None:
                self._reading = self.loop.call_later(limits.seconds, self._check_reading, unread)

        def _check_reading(self, before: int) -> None:
            self._reading = None
            if self.transport.get_write_buffer_size() > before - limits.read:
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

    return Protocol
