"""A `.keras` file before Keras reads it: what it requests is bounded, and nothing runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from cnnzoo.errors import CnnzooError
from cnnzoo.guard import shapes
from cnnzoo.guard.archive import read_part
from cnnzoo.guard.config import check_config
from cnnzoo.guard.weights import stored_weights
from cnnzoo.keras_internals import functional

_LARGEST_ACTIVATION = 2**31  # Bytes, for one example: 2 GiB.
_SPARE = 2**16  # Bytes of state, such as random seeds, that a file need not hold.


def check_keras_file(path: Path) -> None:
    """Check the `.keras` file at `path`; custom layers must be registered.

    Its content is bounded by its own size: the weights that its configuration requests must
    be those that it holds. The network is built once, of shapes without values.

    Raises:
        CnnzooError: It is no such file, or requests what it may not.
    """
    stored = stored_weights(path)
    config = check_config(read_part(path, "config.json"), path, stored.arrays)
    model = _build(config, path)
    needed = sum(shapes.bytes_of(one.shape, one.dtype) for one in model.variables)
    if needed > stored.bytes + _SPARE:
        raise CnnzooError(
            f"{path} must ask for no more weights than it holds; "
            f"got {model.count_params():,} parameters in a file of {path.stat().st_size:,} bytes"
        )
    largest = max(shapes.bytes_of(one.shape, one.dtype) for one in shapes.tensors(model))
    if largest > _LARGEST_ACTIVATION:
        raise CnnzooError(
            f"{path} must have layers that give at most {_LARGEST_ACTIVATION:,} bytes per example; "
            f"got {largest:,}"
        )


def _build(config: dict[str, Any], path: Path) -> keras.Model:
    try:
        model = shapes.build(config)
    except Exception as error:  # Of any kind: layers raise what they like.
        raise CnnzooError(
            f"{path} must describe a network that Keras {keras.__version__} can build; "
            f"got {type(error).__name__}: {str(error)[:200]}"
        ) from error
    if not isinstance(model, keras.Model) or functional(model) is None:
        raise CnnzooError(f"{path} must hold a Functional model, or a Sequential one with an input")
    return model
