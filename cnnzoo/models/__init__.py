"""The networks, one file a family: a `VARIANTS` table and `build()`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from cnnzoo.errors import CnnzooError
from cnnzoo.registry import Registry, modules

if TYPE_CHECKING:
    import keras

__all__ = ["MODELS", "create_model", "list_models"]

MODELS: Registry[ModuleType] = Registry("model")  # Variant -> its family's module.
for _module in modules(sys.modules[__name__]):
    for _variant in _module.VARIANTS:
        MODELS.add(_variant, _module)


def list_models(pattern: str = "*") -> list[str]:
    """Return the names of the networks that match the shell-style `pattern`."""
    return MODELS.names(pattern)


def create_model(
    name: str,
    *,
    input_shape: tuple[int, ...] | None = None,
    num_classes: int | None = None,
) -> keras.Model:
    """Build a network with fresh weights, `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        name: One of `list_models()`.
        input_shape: Shape of one example, channels last; by default the one of the paper.
        num_classes: Number of logits; by default the one of the paper.

    Raises:
        CnnzooError: The name is unknown, or the shape or the number does not suit the network.
    """
    family = MODELS[name]
    variant = family.VARIANTS[name]
    input_shape = variant.input_shape if input_shape is None else tuple(input_shape)
    num_classes = variant.num_classes if num_classes is None else num_classes
    if isinstance(num_classes, bool) or not isinstance(num_classes, int) or num_classes < 1:
        raise CnnzooError(f"num_classes must be an integer of at least 1; got {num_classes!r}")
    rank = len(variant.input_shape)
    if len(input_shape) != rank or not all(isinstance(n, int) and n > 0 for n in input_shape):
        raise CnnzooError(
            f"input_shape must be {rank} positive integers, channels last; got {input_shape!r}"
        )
    return family.build(name, input_shape=input_shape, num_classes=num_classes, name=name)
