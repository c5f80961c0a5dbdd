"""A SavedModel before TensorFlow reads it: all that it could run only computes.

Loading restores the variables and fills tables, which runs functions of the SavedModel; serving
runs the others. So every node is checked, of the graph and of each function, whether it is used or
not; and what a loader runs by itself consists of the few operations that fill a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from cnnzoo.errors import CnnzooError
from cnnzoo.files import read
from cnnzoo.guard.documents import parse_message
from cnnzoo.guard.loops import may_be_endless
from cnnzoo.guard.operations import FILLING, OF_FILES, RESTORING, SAVING, computes
from cnnzoo.guard.trial import require_ending
from cnnzoo.keras_internals import operation_definition

_MIB = 2**20
_LARGEST = {  # Bytes of the files that are read whole.
    "saved_model.pb": 64 * _MIB,
    "fingerprint.pb": _MIB // 16,
    "variables/variables.index": 64 * _MIB,
}
_FOLDERS = {"assets", "assets.extra", "variables"}
_SPARE = 8 * _MIB  # Bytes besides the variables: which variable belongs to which object.
_SPARE_CONSTANTS = 64 * _MIB

_KINDS = {"bare_concrete_function", "constant", "function", "resource", "user_object", "variable"}
_TYPES = {"_generic_user_object", "signature_map"}
_TYPES |= {f"trackable_{kind}_wrapper" for kind in ("dict", "list", "tuple")}
_REGISTERED = {"", "tf.StaticHashTable", "tf.TrackableConstant"}
_HOOKS = set(dir(tf.__internal__.tracking.AutoTrackable))
_MAIN_OP = "saved_model_main_op"
_INIT = "__saved_model_init_op"

Bodies = dict[str, Iterable[NodeDef]]  # Nodes of each function by its name; "" is the graph.


def check_saved_model(folder: Path) -> None:
    """Check the SavedModel in `folder`, which TensorFlow may then load and run.

    Raises:
        CnnzooError: It is none, or damaged; it holds an operation that does more than compute, runs
            more than it must when it is loaded, or asks for more memory than its size explains.
    """
    _check_files(folder)
    path = folder / "saved_model.pb"
    content = read(path, limit=_LARGEST["saved_model.pb"])
    saved = parse_message(content, SavedModel, str(path))
    if len(saved.meta_graphs) != 1 or not saved.meta_graphs[0].HasField("object_graph_def"):
        raise CnnzooError(f"{path} must hold one graph, and the objects that it belongs to")
    meta = saved.meta_graphs[0]
    functions = meta.graph_def.library.function
    bodies: Bodies = {one.signature.name: one.node_def for one in functions}
    if "" in bodies or len(bodies) < len(functions):
        raise CnnzooError(f"{path} must hold functions of different names")
    bodies[""] = meta.graph_def.node
    _check_constants(bodies, len(content), path)
    uses = {name: _check_nodes(name, bodies, path) for name in bodies}
    _check_saver(meta, bodies, uses, path)
    _check_loading(meta, bodies, uses, path)
    _check_objects(meta, folder)
    _check_calls(uses, path)
    if may_be_endless(meta.graph_def):
        require_ending(folder)


def _check_calls(uses: dict[str, set[str]], path: Path) -> None:
    """Refuse functions that call themselves: they need not end."""
    left = {name: set(used) for name, used in uses.items()}
    while ended := {name for name, used in left.items() if not used}:
        left = {name: used - ended for name, used in left.items() if name not in ended}
    if left:
        raise CnnzooError(f"{path} must hold functions that end; one calls itself")


def _check_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        top = name.partition("/")[0]
        if path.is_symlink():
            raise CnnzooError(f"{folder} must hold its files itself; {name} is a link")
        if not name.startswith(".") and top not in _FOLDERS | set(_LARGEST):
            raise CnnzooError(f"{folder} must hold what cnnzoo exports; got {name}")
        if path.is_file() and path.stat().st_size > _LARGEST.get(name, math.inf):
            raise CnnzooError(f"{path} must have at most {_LARGEST[name]:,} bytes")


def _check_nodes(name: str, bodies: Bodies, path: Path) -> set[str]:
    """Check the nodes of one function; return the names of the functions that they run."""
    used = set()
    for node in bodies[name]:
        if node.op in bodies and operation_definition(node.op) is None:
            used.add(node.op)
        elif not computes(node.op) and not (name and node.op in OF_FILES):
            raise CnnzooError(
                f"{path} must only compute; got the operation {node.op!r} "
                f"({node.name} in {name or 'the graph'})"
            )
        used.update(one.name for one in _functions(node.attr.values()))
    missing = used - set(bodies)
    if missing:
        raise CnnzooError(f"{path} must hold the functions that it runs; {min(missing)} is missing")
    return used


def _functions(attributes: Iterable[Any]) -> Iterator[Any]:
    """Yield the functions that stand in attributes, and in those of functions."""
    for value in attributes:
        kind = value.WhichOneof("value")
        found = [value.func] if kind == "func" else value.list.func if kind == "list" else ()
        for function in found:
            yield function
            yield from _functions(function.attr.values())


def _check_constants(bodies: Bodies, size: int, path: Path) -> None:
    """One value may stand for all of a constant, however large."""
    total = 0
    for node in (node for nodes in bodies.values() for node in nodes):
        for value in node.attr.values():
            kind = value.WhichOneof("value")
            found = [value.tensor] if kind == "tensor" else value.list.tensor
            total += sum(_bytes(one.tensor_shape, one.dtype, path) for one in found)
    if total > _SPARE_CONSTANTS + 8 * size:
        raise CnnzooError(f"{path} must hold its constants; got {total:,} bytes in {size:,}")


def _bytes(shape: Any, dtype: int, path: Path) -> int:
    sides = [dim.size for dim in shape.dim]
    try:
        each = tf.dtypes.as_dtype(dtype).size or 1
    except TypeError as error:
        raise CnnzooError(f"{path} is damaged: {error}") from error
    if shape.unknown_rank or any(side < 0 for side in sides):
        raise CnnzooError(f"{path} must state the shape of each constant and variable")
    return math.prod(sides) * each


def _check_saver(meta: MetaGraphDef, bodies: Bodies, uses: dict[str, set[str]], path: Path) -> None:
    """Only a saver may name files: one function that writes, one that reads a given file."""
    operations = {name: {node.op for node in nodes} for name, nodes in bodies.items()}
    filing = {name for name, found in operations.items() if found & OF_FILES}
    nodes = {node.name: node for node in bodies[""]}
    saver = meta.saver_def
    roles = {saver.save_tensor_name.partition(":")[0]: SAVING, saver.restore_op_name: RESTORING}
    callers = {
        node.name
        for node in bodies[""]
        if filing & {one.name for one in _functions(node.attr.values())} or node.op in filing
    }
    wrong = [name for name, used in uses.items() if name and used & filing]
    wrong += sorted(filing & _named_functions(meta))
    wrong += sorted(callers - set(roles))
    wrong += [node.name for node in bodies[""] if callers & set(_inputs(node))]
    wrong += [name for name in _named_nodes(meta) if name in callers]
    for name in callers & set(roles):
        for function in filing & {one.name for one in _functions(nodes[name].attr.values())}:
            others = (SAVING | RESTORING) - roles[name]
            if operations[function] & others or not _reads_the_given_file(function, meta):
                wrong.append(function)
    if wrong:
        raise CnnzooError(
            f"{path} must write and read files only in its saver; {wrong[0]} does, too"
        )


def _reads_the_given_file(function: str, meta: MetaGraphDef) -> bool:
    """Return whether the function restores from the file whose name it is given."""
    (found,) = (one for one in meta.graph_def.library.function if one.signature.name == function)
    given = {one.name for one in found.signature.input_arg[:1]}
    return all(node.input[0] in given for node in found.node_def if node.op in RESTORING)


def _check_loading(
    meta: MetaGraphDef, bodies: Bodies, uses: dict[str, set[str]], path: Path
) -> None:
    """What runs when a SavedModel is loaded only fills tables."""
    running = set(_functions_of_tables(meta, path))
    nodes = {node.name: node for node in bodies[""]}
    waiting = [name for name in _initial_nodes(meta) if name in nodes]
    seen = set(waiting)
    while waiting:
        node = nodes[waiting.pop()]
        running.update(one.name for one in _functions(node.attr.values()))
        fresh = {name for name in _inputs(node) if name in nodes} - seen
        seen |= fresh
        waiting.extend(fresh)
        calls = node.op in ("PartitionedCall", "StatefulPartitionedCall")
        if not calls and node.op not in FILLING:
            raise CnnzooError(f"{path} must only fill tables when it is loaded; got {node.op!r}")
    for name in running & set(bodies):
        extra = {node.op for node in bodies[name]} - FILLING
        if extra or uses[name]:
            raise CnnzooError(
                f"{path} must only fill tables when it is loaded; "
                f"got {min(extra | uses[name])!r} in {name}"
            )


def _functions_of_tables(meta: MetaGraphDef, path: Path) -> Iterator[str]:
    """Yield the functions that make, fill and remove tables."""
    objects = meta.object_graph_def.nodes
    for found in objects:
        for child in found.children:
            if not 0 <= child.node_id < len(objects):
                raise CnnzooError(f"{path} is damaged: an object of it is missing")
            if found.WhichOneof("kind") == "resource":
                yield from _names(objects[child.node_id])
            elif child.local_name in _HOOKS:  # It would take the place of what TensorFlow runs.
                raise CnnzooError(
                    f"{path} must hold objects that cnnzoo exports; got a child "
                    f"{child.local_name!r}"
                )


def _check_objects(meta: MetaGraphDef, folder: Path) -> None:
    if meta.asset_file_def or set(meta.collection_def) - {_MAIN_OP}:
        raise CnnzooError(f"{folder} must hold no assets and no collections")
    total = 0
    for found in meta.object_graph_def.nodes:
        kind = found.WhichOneof("kind")
        if (
            kind not in _KINDS
            or (kind == "user_object" and found.user_object.identifier not in _TYPES)
            or found.registered_name not in _REGISTERED
            or found.registered_saver
            or found.saveable_objects
            or found.slot_variables
        ):
            name = found.registered_name or found.user_object.identifier or found.registered_saver
            raise CnnzooError(f"{folder} must hold objects that cnnzoo exports; got {kind} {name}")
        if kind == "variable":
            total += _bytes(found.variable.shape, found.variable.dtype, folder)
    held = sum(path.stat().st_size for path in folder.glob("variables/variables.data-*"))
    if not total <= held <= total + _SPARE:
        raise CnnzooError(
            f"{folder} must hold the values of its variables, {total:,} bytes, and little else; "
            f"got {held:,} bytes"
        )


def _named_functions(meta: MetaGraphDef) -> set[str]:
    """Return the functions that objects or gradients name."""
    graph, library = meta.object_graph_def, meta.graph_def.library
    named = set(graph.concrete_functions)
    for found in graph.nodes:
        named.update(_names(found))
    for gradient in library.gradient:
        named |= {gradient.function_name, gradient.gradient_func}
    return named | {gradient.gradient_func for gradient in library.registered_gradients}


def _names(found: Any) -> list[str]:
    if found.WhichOneof("kind") == "function":
        return list(found.function.concrete_functions)
    name = found.bare_concrete_function.concrete_function_name
    return [name] if name else []


def _named_nodes(meta: MetaGraphDef) -> list[str]:
    """Return the nodes that signatures and collections name."""
    tensors = [
        tensor.name
        for signature in meta.signature_def.values()
        for tensor in (*signature.inputs.values(), *signature.outputs.values())
    ]
    return [name.partition(":")[0] for name in tensors] + _initial_nodes(meta)


def _initial_nodes(meta: MetaGraphDef) -> list[str]:
    """Return the nodes that are run when a server loads the SavedModel."""
    names = [name for found in meta.collection_def.values() for name in found.node_list.value]
    if _INIT in meta.signature_def:
        names += [tensor.name for tensor in meta.signature_def[_INIT].outputs.values()]
    return [name.partition(":")[0] for name in names]


def _inputs(node: NodeDef) -> list[str]:
    return [name.lstrip("^").partition(":")[0] for name in node.input]
