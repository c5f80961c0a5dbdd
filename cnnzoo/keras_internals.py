"""Every private name of Keras, TensorFlow and uvicorn that cnnzoo uses.

Each function names the version in which its name was seen; setup.cfg bounds the versions from
above. What is imported is imported by the function that needs it: networks and the demo server call
this file without TensorFlow or Keras.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Iterator, Sequence
from typing import Any


def flatten_layers(layer: Any) -> list[Any]:
    """Return `layer` and the layers in it, at any depth (Keras 3.15.1: `_flatten_layers`)."""
    return list(layer._flatten_layers())


def seed_generators(layer: Any) -> list[Any]:
    """Return the seed generators of `layer` and of the layers in it."""
    import keras

    values = (value for part in flatten_layers(layer) for value in vars(part).values())
    return [value for value in values if isinstance(value, keras.random.SeedGenerator)]


def functional(model: Any) -> Any | None:
    """Return the Functional model that `model` is or, Sequential and built, holds; else None.

    Keras 3.15.1: `_functional`, `_nodes_by_depth`.
    """
    found = getattr(model, "_functional", model)
    return found if hasattr(found, "_nodes_by_depth") else None


def nodes_by_depth(model: Any) -> dict[int, list[Any]]:
    """Return the nodes of a Functional model, the deepest first needed (Keras 3.15.1)."""
    return model._nodes_by_depth


def forget_uninitialized_variables() -> None:
    """Let Keras give no values to variables made in a `StatelessScope` (Keras 3.15.1)."""
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("uninitialized_variables", [])


def object_sharing() -> contextlib.AbstractContextManager[Any]:
    """Return the context in which a configuration's shared objects are one (Keras 3.15.1)."""
    from keras.src.saving.serialization_lib import ObjectSharingScope

    return ObjectSharingScope()


_MADE: dict[type, type] = {}  # A subclass with a mixin -> the class without it.


@functools.cache
def subclass(mixin: Any, kind: Any) -> type:
    """Return the subclass of Keras's `kind` with the methods of `mixin`, saved as `kind`.

    It is `kind` itself if that has them already.

    Keras 3.15.1: `api_export.REGISTERED_OBJS_TO_NAMES`, by which it names a class in a file.
    """
    from keras.src.api_export import REGISTERED_OBJS_TO_NAMES as NAMES

    if issubclass(kind, mixin):
        return kind
    made: type = type(kind.__name__, (mixin, kind), {"__module__": kind.__module__})
    if kind in NAMES:
        NAMES[made] = NAMES[kind]
    _MADE[made] = kind
    return made


def stock_type(owner: Any) -> type:
    """Return the class of `owner`, an object of Keras, without mixins."""
    kind = type(owner)
    while kind in _MADE:
        kind = _MADE[kind]
    return kind


def become(owner: Any, mixin: type) -> None:
    """Make `owner`, an object of Keras, one of the subclass of its class with `mixin`."""
    object.__setattr__(owner, "__class__", subclass(mixin, type(owner)))  # type: ignore[arg-type]


@contextlib.contextmanager
def becoming(owner: Any, mixin: type) -> Iterator[None]:
    """Make `owner` what `become` makes it, for the time of the context."""
    stock = type(owner)
    become(owner, mixin)
    try:
        yield
    finally:
        object.__setattr__(owner, "__class__", stock)


def forget_initial_epoch(model: Any) -> None:
    """Let `fit` start at the epoch that it is given (Keras 3.15.1: `_initial_epoch`)."""
    model._initial_epoch = None


def trainable_variables(optimizer: Any) -> list[Any]:
    """Return the variables that `optimizer` was built for (Keras 3.15.1)."""
    return optimizer._trainable_variables


def variable_index(optimizer: Any, variable: Any) -> int:
    """Return the place of `variable` in the state of `optimizer` (Keras 3.15.1)."""
    return optimizer._get_variable_index(variable)


def adam_moments(optimizer: Any, variable: Any) -> tuple[Any, Any]:
    """Return Adam's averages of gradient and squared gradient of `variable` (Keras 3.15.1)."""
    place = variable_index(optimizer, variable)
    return optimizer._momentums[place], optimizer._velocities[place]


class SummedGradients:
    """A mixin of an optimizer whose gradients are the same on all replicas (Keras 3.15.1)."""

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> list[Any]:
        return list(grads_and_vars)


def converter_error() -> type[Exception]:
    """Return what LiteRT's converter raises (TensorFlow 2.21.0)."""
    from tensorflow.lite.python.convert import ConverterError

    return ConverterError


def frozen(function: Any) -> Any:
    """Return a concrete function with its variables as constants (TensorFlow 2.21.0)."""
    from tensorflow.python.framework import convert_to_constants

    return convert_to_constants.convert_variables_to_constants_v2(
        function, lower_control_flow=False
    )


def operation_definition(name: str) -> Any | None:
    """Return TensorFlow's definition of an operation; None if unknown (TensorFlow 2.21.0)."""
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(name)


def operation_modules(names: Sequence[str]) -> tuple[Any, ...]:
    """Return the modules `gen_<name>` of TensorFlow's operations (TensorFlow 2.21.0)."""
    return tuple(importlib.import_module(f"tensorflow.python.ops.gen_{name}") for name in names)


def http_protocol() -> type:
    """Return the class of a connection by httptools (uvicorn 0.54.0).

    cnnzoo overrides its `data_received`, `on_*` and `pause_writing`, calls
    `_unset_keepalive_if_required`, reads its `loop`, `transport`, `headers`, `url` and
    `cycle.response_started`, and reads and replaces its `parser`.
    """
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    return HttpToolsProtocol


def status_line(status: int) -> bytes:
    """Return the first line of an HTTP response (uvicorn 0.54.0)."""
    from uvicorn.protocols.http.httptools_impl import STATUS_LINE

    return STATUS_LINE[status]
