"""Networks of shapes without values: what memory one takes, before any is allocated."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from typing import Any

import keras

from cnnzoo import keras_internals


@contextlib.contextmanager
def without_values() -> Iterator[None]:
    """Build networks whose weights have a shape and no value: the largest takes no memory."""
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:  # Keras would give them values the next time that it builds something.
        keras_internals.forget_uninitialized_variables()


def build(config: dict[str, Any]) -> keras.Model:
    """Return the network that Keras's `config` describes, without values; `config` is used up."""
    with without_values(), keras_internals.object_sharing():
        return keras.saving.deserialize_keras_object(config)


def bytes_of(shape: Any, dtype: Any) -> int:
    """Return the size of a tensor; a side that is not definite counts as one."""
    bits = re.search(r"\d+", keras.backend.standardize_dtype(dtype))
    return math.prod(side or 1 for side in shape) * (int(bits[0]) // 8 if bits else 1)


def tensors(model: keras.Model) -> Iterator[keras.KerasTensor]:
    """Yield what each call of a layer gives, in a Functional or Sequential model and within it."""
    for nodes in keras_internals.nodes_by_depth(keras_internals.functional(model)).values():
        for node in nodes:
            yield from node.outputs
            if isinstance(node.operation, keras.Model):
                yield from tensors(node.operation)
