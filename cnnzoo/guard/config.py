"""What the configuration in a `.keras` file may name, and how much of it.

A name is allowed where its class is one of Keras's own that computes and does nothing else, or one
that this program has registered with Keras: cnnzoo's layers, or the user's.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from cnnzoo.errors import CnnzooError
from cnnzoo.guard.documents import containers, parse_json

# How long building an allowed class of Keras takes, in dense layers -> where it is defined.
_MODULES = {
    0: ("constraints", "dtype_policies", "initializers", "regularizers"),
    1: (
        *("layers.activations", "layers.convolutional", "layers.merging", "layers.pooling"),
        *("layers.core.dense", "layers.core.embedding", "layers.core.identity"),
        *("layers.core.input_layer", "layers.core.masking", "layers.preprocessing.rescaling"),
        *("layers.regularization", "layers.reshaping", "ops"),
    ),
    2: ("layers.normalization", "layers.preprocessing.normalization"),
    4: ("layers.core.einsum_dense",),
    8: ("layers.preprocessing.image_preprocessing", "layers.rnn", "models"),
    16: ("layers.attention",),
}
# Of Keras's operations, those whose result is one tensor and known to be cheap to describe.
_OPERATIONS = {
    *("Abs", "Absolute", "Add", "Clip", "Divide", "Exp", "Log", "Maximum", "Minimum", "Multiply"),
    *("Negative", "Power", "Sqrt", "Square", "Subtract", "TrueDivide"),
    *("Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual"),
    *("LogicalAnd", "LogicalNot", "LogicalOr", "Where"),
    *("All", "Any", "Max", "Mean", "Min", "Std", "Sum", "Var", "Conv", "Matmul"),
    *("Cast", "Concatenate", "ExpandDims", "GetItem", "Pad", "Reshape", "Squeeze", "Transpose"),
    *("Gelu", "LogSoftmax", "Relu", "Sigmoid", "Silu", "Softmax", "Softplus", "Tanh"),
}
_VALUES = ("__keras_tensor__", "__ellipsis__", "__slice__")  # Written by Keras as objects.
_ARRAYS = ("__numpy__", "__tensor__")
_REGISTERED = 2  # What building a layer of this package costs.

_MOST_OBJECTS = 50_000
_LONGEST_BUILD = 1_000  # In dense layers; a network of more arrays than that may take as long.
_MOST_RETRIES = 2_000  # Calls that Keras tries before it has their inputs.
# Where a layer cannot be made, each object around it repeats its own configuration and the messages
# of those within: bytes of a configuration times the square of the deepest nesting of objects.
_LONGEST_MESSAGE = 2**28


def check_config(content: bytes, path: Path, arrays: int) -> dict[str, Any]:
    """Return the configuration of the network in the file at `path`, which Keras may build.

    Args:
        content: Its JSON.
        path: To be named in a message.
        arrays: Arrays among the weights.

    Raises:
        CnnzooError: It names something else than allowed classes, or too many of them; it calls a
            layer on no tensor; or the calls stand in no order, or in one that takes long to find.
    """
    name = f"config.json of {path}"
    config = parse_json(content, name)
    if not isinstance(config, dict) or "class_name" not in config:
        raise CnnzooError(f"{name} must describe a Keras model")
    config.pop("compile_config", None)  # Keras is called without it.
    objects = cost = retries = 0
    for found, depth in containers(config, name):
        if len(content) * depth**2 > _LONGEST_MESSAGE:
            raise CnnzooError(f"{name} must be shorter, or nested less deeply")
        if isinstance(found, dict) and "class_name" in found:
            objects, cost = objects + 1, cost + _cost(found, path)
        if isinstance(found, dict) and found.get("compile_config"):
            raise CnnzooError(f"{path} must hold no compiled model inside another")
        if objects > _MOST_OBJECTS or cost > max(_LONGEST_BUILD, arrays):
            raise CnnzooError(
                f"{path} must hold at most {_LONGEST_BUILD:,} layers, or as many as arrays of "
                f"weights ({arrays:,}), heavy ones counted several times; got more"
            )
    for found, _ in containers(config, name):
        if isinstance(found, list) and any(_is_called(item) for item in found):
            retries += _retries(found, path)
        if retries > _MOST_RETRIES:
            raise CnnzooError(f"{path} must list its layers in the order of their calls")
    return config


def _cost(found: dict[str, Any], path: Path) -> int:
    """Return what building the object costs."""
    name, module, config = found["class_name"], found.get("module"), found.get("config")
    registered = found.get("registered_name")
    if name in _VALUES or (name in _ARRAYS and _is_plain_array(config)):
        return 0
    cost = None
    if isinstance(name, str) and isinstance(module, str):
        if name == "function":
            cost = 0 if _is_activation(module, config) else None
        elif isinstance(registered, str) and keras.saving.get_registered_object(registered):
            cost = _REGISTERED
        else:
            cost = _cost_of_class(_class(module, name))
    if cost is None:
        raise CnnzooError(
            f"{path} must hold layers of cnnzoo, of Keras {keras.__version__} or of your own "
            f"(registered) that only compute; got {str(module)[:80]}.{str(name)[:80]}"
        )
    return cost


def _is_plain_array(config: Any) -> bool:
    return isinstance(config, dict) and config.get("dtype") in (
        *("bool", "bfloat16", "float16", "float32", "float64"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    )


def _is_activation(module: Any, name: Any) -> bool:
    if not isinstance(name, str):
        return False
    known = set(vars(keras.activations)) - {"get", "serialize", "deserialize"}
    own = keras.saving.get_registered_object(name)
    return own is not None or (module in ("builtins", "keras.activations") and name in known)


def _class(module: str, name: str) -> Any:
    """Return what Keras finds under the name, without importing anything."""
    if module.startswith("keras.src."):
        return getattr(sys.modules.get(module), name, None)
    package, *parts = module.split(".")
    found: Any = keras if package == "keras" else None
    for part in (*parts, name):
        found = getattr(found, part, None)
    return found


def _cost_of_class(found: Any) -> int | None:
    if not isinstance(found, type):
        return None
    if found.__module__.startswith("keras.src.ops.") and found.__name__ not in _OPERATIONS:
        return None
    costs = {f"keras.src.{one}.": cost for cost, modules in _MODULES.items() for one in modules}
    place = f"{found.__module__}."
    return next((costs[module] for module in costs if place.startswith(module)), None)


def _is_called(item: Any) -> bool:
    return isinstance(item, dict) and "inbound_nodes" in item


def _retries(layers: list[Any], path: Path) -> int:
    """Return how often Keras, which calls the layers of a graph in order, again and again until
    all calls are made, tries one whose inputs are not there yet.
    """
    waiting: dict[Any, list[list[tuple[Any, Any]]]] = {}
    made: Counter[Any] = Counter()
    for layer in layers:
        calls = layer.get("inbound_nodes") if isinstance(layer, dict) else None
        if not isinstance(calls, list) or not isinstance(layer.get("name"), str):
            raise CnnzooError(f"config.json of {path} must name each layer and list its calls")
        inputs = [list(_inputs(call, path)) for call in calls]
        if not all(inputs):
            raise CnnzooError(f"{path} must call its layers on tensors; {layer['name']!r} is not")
        waiting[layer["name"]] = inputs
        # What has an input of its own starts with one call: an input, or a Functional model.
        made[layer["name"]] = int(not calls or "input_layers" in (layer.get("config") or ()))
    tries = 0
    while waiting and tries <= _MOST_RETRIES:
        before = sum(made.values())
        for name, calls in list(waiting.items()):
            ready = 0
            while ready < len(calls) and all(made[one] > index for one, index in calls[ready]):
                ready += 1
                made[name] += 1
            del calls[:ready]
            tries += bool(calls)
            if not calls:
                del waiting[name]
        if sum(made.values()) == before and waiting:
            raise CnnzooError(f"{path} must call its layers in some order; got a circle")
    return tries


def _inputs(call: Any, path: Path) -> Iterator[tuple[Any, int]]:
    """Yield layer and call of each tensor that a call takes."""
    if not isinstance(call, dict):
        raise CnnzooError(f"{path} must be written by Keras 3; its layers are called as in Keras 2")
    for found, _ in containers(call, f"config.json of {path}"):
        if isinstance(found, dict) and found.get("class_name") == "__keras_tensor__":
            history = (found.get("config") or {}).get("keras_history")
            if not (isinstance(history, list) and len(history) == 3):
                raise CnnzooError(f"config.json of {path} must say where each tensor comes from")
            layer, index, _ = history
            if not isinstance(layer, str) or not isinstance(index, int):
                raise CnnzooError(f"config.json of {path} must say where each tensor comes from")
            yield layer, index
