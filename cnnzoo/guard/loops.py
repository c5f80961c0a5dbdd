"""Which loops of a SavedModel end for sure: those that count to a side of a tensor, or not far.

Such as tf.map_fn and Keras's recurrent layers write: `while counter < limit`, and perhaps something
else too, where each turn adds a positive constant to the counter and leaves the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework.function_pb2 import FunctionDef
from tensorflow.core.framework.node_def_pb2 import NodeDef

_LOOPS = {"StatelessWhile", "While"}
_OTHERS = {"Enter", "For", "LoopCond", "NextIteration"}  # Which TensorFlow 2 does not write.
_MOST = 100_000  # Turns, where their number is a constant.

Nodes = Mapping[str, NodeDef]


def may_be_endless(graph: Any) -> bool:
    """Return whether a graph, or a function of its library, holds a loop that need not end."""
    functions = {one.signature.name: one for one in graph.library.function}
    for nodes in (graph.node, *(one.node_def for one in functions.values())):
        by_name = {one.name: one for one in nodes}
        for node in nodes:
            if node.op in _OTHERS or (node.op in _LOOPS and not _ends(node, by_name, functions)):
                return True
    return False


def _ends(loop: NodeDef, around: Nodes, functions: Mapping[str, FunctionDef]) -> bool:
    condition = functions[loop.attr["cond"].func.name]
    body = functions[loop.attr["body"].func.name]
    given = [one.name for one in condition.signature.input_arg]
    inside = {one.name: one for one in condition.node_def}
    for counter, limit in _comparisons(condition):
        if counter not in given or not _counts(given.index(counter), body):
            continue
        if limit not in given:
            small = _is_small(inside.get(_owner(limit)), inside)
        else:
            place = given.index(limit)
            small = _stays(place, body) and _is_small(around.get(_owner(loop.input[place])), around)
        if small:
            return True
    return False


def _comparisons(condition: FunctionDef) -> Iterator[tuple[str, str]]:
    """Yield both sides of each "less" all of which must hold for another turn."""
    nodes = {one.name: one for one in condition.node_def}
    waiting = [*condition.ret.values()]
    while waiting:
        node = _node(waiting.pop(), nodes)
        if node is not None and node.op == "LogicalAnd":
            waiting.extend(node.input[:2])
        elif node is not None and node.op == "Less":
            yield node.input[0], node.input[1]


def _counts(place: int, body: FunctionDef) -> bool:
    """Return whether a turn adds a positive constant to a value."""
    nodes = {one.name: one for one in body.node_def}
    added = _node(body.ret[body.signature.output_arg[place].name], nodes)
    given = body.signature.input_arg[place].name
    if added is None or added.op != "AddV2":
        return False
    step = [nodes.get(_owner(one)) for one in added.input if one != given]
    return len(step) == 1 and step[0] is not None and _constant(step[0]) > 0


def _stays(place: int, body: FunctionDef) -> bool:
    """Return whether a turn leaves a value as it is."""
    nodes = {one.name: one for one in body.node_def}
    result = body.ret[body.signature.output_arg[place].name]
    return _through(result, nodes) == body.signature.input_arg[place].name


def _is_small(limit: NodeDef | None, around: Nodes) -> bool:
    """Return whether a node is a side of a tensor, which is in memory, or a small constant."""
    if limit is not None and limit.op == "StridedSlice":
        shape = around.get(_owner(limit.input[0]))
        return shape is not None and shape.op == "Shape"
    return limit is not None and 0 <= _constant(limit) <= _MOST


def _constant(node: NodeDef) -> int:
    """Return the whole number that a node is, or -1."""
    if node.op != "Const":
        return -1
    value = tf.make_ndarray(node.attr["value"].tensor)
    return int(value) if value.shape == () and value.dtype.kind in "iu" else -1


def _node(tensor: str, nodes: Nodes) -> NodeDef | None:
    return nodes.get(_owner(_through(tensor, nodes)))


def _through(tensor: str, nodes: Nodes) -> str:
    """Return the tensor that others stand for."""
    seen = set()
    while (node := nodes.get(_owner(tensor))) and node.op == "Identity" and tensor not in seen:
        seen.add(tensor)
        tensor = node.input[0]
    return tensor


def _owner(tensor: str) -> str:
    return tensor.partition(":")[0]
