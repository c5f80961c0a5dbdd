"""Silence for libraries that write to standard error whatever their settings."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


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
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silent_stderr():
        import tensorflow as tf

        tf.config.list_physical_devices()  # The first look at devices has messages of its own.
        tf.get_logger().setLevel("ERROR")  # It warns of functions that are traced for a few calls.
