"""The server's process: a socket, uvicorn with bounds, and a thread that follows the folder."""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from cnnzoo.errors import CnnzooError
from cnnzoo.serving.app import application
from cnnzoo.serving.connection import bounded
from cnnzoo.serving.limits import Limits
from cnnzoo.serving.repository import Repository

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
