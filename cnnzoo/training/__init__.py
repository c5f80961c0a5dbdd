"""Training: from a recipe to a run folder."""

import os
import sys

from cnnzoo.errors import CnnzooError


def require_tensorflow() -> None:
    """Refuse another backend of Keras; one that KERAS_BACKEND names, before Keras is imported.

    Raises:
        CnnzooError: It is another.
    """
    keras = sys.modules.get("keras")
    name = keras.config.backend() if keras else os.environ.get("KERAS_BACKEND") or "tensorflow"
    if name != "tensorflow":
        raise CnnzooError(f"KERAS_BACKEND must be tensorflow, on which cnnzoo trains; got {name}")
