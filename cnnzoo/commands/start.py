"""What every command needs: the kind of its answer, and TensorFlow, quietly."""

from __future__ import annotations

import os
from typing import Any

from cnnzoo.quiet import silent_stderr

Answer = tuple[Any, list[str]]  # The JSON document, and the lines for a person.


def start_tensorflow() -> None:
    """Import TensorFlow without its messages, which it writes before any setting can stop them."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silent_stderr():
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")
        tf.config.list_physical_devices()  # The first look at devices has messages of its own.
