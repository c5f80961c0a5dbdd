"""The architectures, one file per family: a `VARIANTS` table and `build()`."""

from __future__ import annotations

import contextlib
import functools
import inspect
import numbers
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from cnnzoo import transfer
from cnnzoo.errors import CnnzooError
from cnnzoo.lazy import keras
from cnnzoo.registry import Registry, modules, unknown

__all__ = ["MODELS", "create_model", "list_models"]

MODELS: Registry[ModuleType] = Registry("model", "cnnzoo list models")  # Variant -> its module.
for _module in modules(sys.modules[__name__]):
    for _variant in _module.VARIANTS:
        MODELS.add(_variant, _module)

_STATED = ("variant", "input_shape", "num_classes", "name")  # Arguments of every `build`.


def list_models(pattern: str = "*") -> list[str]:
    """Return the names of the architectures that match the shell-style `pattern`.

    Raises:
        CnnzooError: The pattern is not text.
    """
    return MODELS.names(pattern)


def create_model(
    name: str,
    *,
    input_shape: tuple[int | None, ...] | None = None,
    num_classes: int | None = None,
    weights: str | Path | keras.Model | None = None,
    **options: Any,
) -> keras.Model:
    """Build a model, `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        name: One of `list_models()`.
        input_shape: Shape of one example, channels last; by default the one of the paper.
        num_classes: Number of logits; by default the one of the paper.
        weights: Trained weights to start from: "imagenet" (vgg16, vgg19, resnet50, resnet101 and
            resnet152 as keras.applications has them), a model, a `.keras` file, or what
            `cnnzoo.load` takes: a name of `list_weights()`, a run folder or an artifact. The head
            stays fresh where `num_classes` is given and differs from theirs. What the network then
            takes is what `cnnzoo.preprocessing_of(weights)` returns.
        **options: Further arguments of the family's `build`, such as `dropout=0.3`.

    Raises:
        CnnzooError: The name or an option is unknown, an argument does not suit the
            architecture, or the weights do not fit it.
    """
    family = MODELS[name]
    variant = family.VARIANTS[name]
    shape = _shape(name, variant, variant.input_shape if input_shape is None else input_shape)
    count = variant.num_classes if num_classes is None else _plain(num_classes)
    if not _is_count(count):
        raise CnnzooError(f"num_classes must be an integer of at least 1; got {num_classes!r}")
    known = [word for word in inspect.signature(family.build).parameters if word not in _STATED]
    options = {option: _plain(value) for option, value in options.items()}
    _check_options(name, known, options)
    with keras_set_to(image_data_format="channels_last"):
        trained = None
        if isinstance(weights, str) and weights == transfer.IMAGENET:
            trained = transfer.imagenet(imagenet_application(name, options)).weights
        elif weights is not None:
            trained = transfer.weights_of(weights)
        build = functools.partial(family.build, name, input_shape=shape, name=name, **options)
        model = build(num_classes=count)
        if trained is not None:
            another = None if num_classes is None else build(num_classes=count + 1)
            head = () if another is None else transfer.head_layers(model, another)
            transfer.load_weights_into(model, trained, head=head)
    return model


@contextlib.contextmanager
def keras_set_to(**settings: Any) -> Iterator[None]:
    """Let what is set in `keras.config`, such as `floatx="float32"`, be so in this context."""
    before = {name: getattr(keras.config, name)() for name in settings}
    for name, value in settings.items():
        getattr(keras.config, f"set_{name}")(value)
    try:
        yield
    finally:
        for name in reversed(before):
            getattr(keras.config, f"set_{name}")(before[name])


def _plain(value: Any) -> Any:
    """Return Python's number for one of NumPy."""
    return value.item() if isinstance(value, numbers.Number) and hasattr(value, "item") else value


def imagenet_application(name: str, options: dict[str, Any]) -> str:
    """Return the name in keras.applications of `name`, and set the options its weights are for.

    Raises:
        CnnzooError: It has no such weights, or they are for other options.
    """
    known = {
        variant: entry
        for module in set(MODELS.values())
        for variant, entry in getattr(module, "IMAGENET", {}).items()
    }
    if name not in known:
        raise CnnzooError(f"weights 'imagenet' are those of {', '.join(sorted(known))}; got {name}")
    application, needed = known[name]
    for option, value in needed.items():
        if options.setdefault(option, value) != value:
            raise CnnzooError(
                f"{option} must be {value!r} with weights 'imagenet'; got {options[option]!r}"
            )
    return application


def _shape(name: str, variant: Any, given: Any) -> tuple[int | None, ...]:
    """Return the shape `given`, of Python's integers, or refuse it."""
    try:
        shape = tuple(map(_plain, given))
    except TypeError:  # Not a sequence.
        shape = ()
    rank = len(variant.input_shape)
    sides = shape if rank == 1 else shape[:-1]  # Tokens have no channels.
    # A text may have any length, which is written as None.
    if len(shape) != rank or not all(_is_count(n) or (n is None and rank == 1) for n in shape):
        rule = "one positive integer" if rank == 1 else f"{rank} positive integers, channels last"
        raise CnnzooError(f"input_shape must be {rule}; got {given!r}")
    if rank > 2 and shape[0] in (1, 3) and (shape[-1] or 0) > 4:
        last = (*shape[1:], shape[0])
        raise CnnzooError(f"input_shape must have channels last, as in {last}; got {shape!r}")
    if any(side is not None and side < variant.smallest for side in sides):
        least = "x".join([str(variant.smallest)] * len(sides))
        raise CnnzooError(f"input_shape must be at least {least} for {name}; got {shape!r}")
    return shape


def _check_options(name: str, known: list[str], options: dict[str, Any]) -> None:
    for option in options:
        if option not in known:
            raise CnnzooError(unknown(f"option of {name}", option, known))
    # Those that several families have mean the same in each.
    dropout, vocabulary_size = options.get("dropout", 0.0), options.get("vocabulary_size", 2)
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout < 1:
        raise CnnzooError(f"dropout must be at least 0 and below 1; got {dropout!r}")
    if not _is_count(vocabulary_size) or vocabulary_size < 2:
        raise CnnzooError(
            f"vocabulary_size must be an integer of at least 2; got {vocabulary_size!r}"
        )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
