"""What goes to standard error: remarks, and nothing of libraries that write there unasked."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterator


def log(text: str) -> None:
    """Print a remark, which is no result, to standard error."""
    print(text, file=sys.stderr, flush=True)


@functools.cache
def log_once(text: str) -> None:
    """Print a remark to standard error, once in a program: data are read again for each use."""
    log(text)


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Send file descriptor 2 nowhere; Python's exceptions still reach the caller."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def start_tensorflow() -> None:
    """Import TensorFlow without its messages, which it writes before any setting can stop them."""
    from cnnzoo.progress import saying

    with saying("starting TensorFlow"), silent_stderr():
        import tensorflow as tf

        tf.config.list_physical_devices()  # The first look at devices has messages of its own.
        tf.get_logger().setLevel("ERROR")  # It warns of functions that are traced for a few calls.
