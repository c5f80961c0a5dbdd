"""The server's process: a socket, uvicorn, a thread that follows the folder, a graceful end."""

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
from cnnzoo.serving.limits import Limits
from cnnzoo.serving.protocol import bounded
from cnnzoo.serving.repository import Repository

_GRACE = 10  # Seconds that requests have to end when the server is stopped.


class Server(uvicorn.Server):
    """uvicorn, whose process ends like any other after an interruption: with exit code 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Turn SIGINT and SIGTERM into a graceful end; a second SIGINT ends at once."""
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
    """Serve the models in `folder` until SIGINT or SIGTERM, and return how many requests came.

    Args:
        folder: Of exported models, MODEL/VERSION/saved_model.pb.
        host: Name or address to listen at.
        port: Number, or 0 for a free one.
        limits: What clients may ask for.

    Raises:
        CnnzooError: The folder holds no model, or the port is taken.
    """
    gc.freeze()  # What TensorFlow's modules hold need not be searched when a version goes.
    listening = _listen(host, port)
    repository = Repository(folder)
    server = Server(_config(repository, limits))
    threading.Thread(target=repository.watch, name="watch", daemon=True).start()
    print(f"cnnzoo: serving {folder} at {_url(listening)}", file=sys.stderr, flush=True)
    try:
        server.run(sockets=[listening])
    finally:
        repository.stop()
    return server.server_state.total_requests


def _config(repository: Repository, limits: Limits) -> uvicorn.Config:
    return uvicorn.Config(
        application(repository, limits),
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


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason, _, _ = str(getattr(error, "strerror", error)).partition(" (")
        raise CnnzooError(f"port must be free; got {port} at {host}: {reason}") from error


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
