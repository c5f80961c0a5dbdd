"""Malicious SavedModels are refused, each with its reason, and do nothing; valid ones load."""

import json
import os
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

import cnnzoo
from cnnzoo.export.assembly import assemble
from cnnzoo.export.signatures import ServingGraph
from cnnzoo.guard.sums import write_sums
from cnnzoo.pipelines.tokenizer import Tokenizer

COMPUTE = "must only compute; got the operation "
FILL = "must only fill tables when it is loaded; got "
SAVER = "must write and read files only in its saver; "
EXPORTED = "must hold objects that cnnzoo exports; got "


def publish(graph, functions, card, folder):
    """Export as `cnnzoo.export` does, without comparing."""
    tf.saved_model.save(graph, folder, signatures=functions)
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra" / "card.json").write_text(json.dumps(card))
    write_sums(folder)
    return folder


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    """The folder of a classifier of texts, which has variables, constants and a table."""
    tokenizer = Tokenizer(["good", "bad"], length=8, name="tokenizer")
    network = cnnzoo.create_model(
        "text_cnn_rand", input_shape=(8,), vocabulary_size=tokenizer.vocabulary_size
    )
    card = {"format": 2, "name": "texts", "class_names": ["a", "b"], "input": {"shape": []}}
    graph = ServingGraph(assemble([tokenizer], network, card["input"]), card)
    return publish(graph, graph.functions, card, tmp_path_factory.mktemp("valid") / "1")


def test_a_valid_folder_loads(valid):
    classifier = cnnzoo.load(valid)
    assert np.isfinite(classifier.scores(["good", "very bad"])).all()


class Serving(tf.Module):
    """Answers images, and does something else besides."""

    def __init__(self, act):
        super().__init__()
        self.weights = tf.Variable(tf.ones([1, 10]))

        @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1], tf.uint8, name="images")])
        def answer(images):
            means = tf.reduce_mean(tf.cast(images, tf.float32), axis=(1, 2))
            with tf.control_dependencies([one for one in [act()] if one is not None]):
                return {"scores": tf.nn.softmax(means @ self.weights)}

        self.functions = {"serving_default": answer, "serving_bytes": answer}


def in_a_loop(canary):
    def body(count):
        tf.io.write_file(str(canary), "x")
        return count + 1

    return tf.while_loop(lambda count: count < 2, body, [0])[0]


def in_a_branch(canary):
    return tf.cond(
        tf.random.uniform([]) < 2,
        lambda: tf.io.read_file(str(canary)),
        lambda: tf.constant(""),
    )


def summary(canary):
    writer = tf.raw_ops.SummaryWriter(shared_name="canary")
    return tf.raw_ops.CreateSummaryFileWriter(
        writer=writer,
        logdir=str(canary),
        max_queue=1,
        flush_millis=1,
        filename_suffix="",
    )


def acting(canary):
    """What a signature does when it is called: name -> (act, message)."""
    path, raw = str(canary), tf.raw_ops
    records = tf.data.TFRecordDataset
    return {
        "writes": (lambda: tf.io.write_file(path, "x"), f"{COMPUTE}'WriteFile'"),
        "writes in a loop": (lambda: in_a_loop(canary), f"{COMPUTE}'WriteFile'"),
        "reads": (lambda: tf.io.read_file(path), f"{COMPUTE}'ReadFile'"),
        "reads in a branch": (lambda: in_a_branch(canary), f"{COMPUTE}'ReadFile'"),
        "lists files": (lambda: tf.io.matching_files(f"{path}*"), f"{COMPUTE}'MatchingFiles'"),
        "runs Python": (lambda: tf.py_function(lambda: 1, [], tf.int32), f"{COMPUTE}'EagerPyFunc'"),
        "runs NumPy": (lambda: tf.numpy_function(lambda: 1, [], tf.int64), f"{COMPUTE}'PyFunc"),
        "prints to a file": (
            lambda: tf.print("x", output_stream=f"file://{path}"),
            f"{COMPUTE}'(PrintV2|StringFormat)'",
        ),
        "maps a file": (
            lambda: raw.ImmutableConst(dtype=tf.uint8, shape=[9], memory_region_name=path),
            f"{COMPUTE}'ImmutableConst'",
        ),
        "saves": (
            lambda: raw.SaveV2(
                prefix=path, tensor_names=["a"], shape_and_slices=[""], tensors=[tf.zeros(1)]
            ),
            f"{SAVER}|{COMPUTE}",
        ),
        "restores": (
            lambda: raw.RestoreV2(
                prefix=path, tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
            )[0],
            f"{SAVER}|{COMPUTE}",
        ),
        "writes a summary": (lambda: summary(canary), f"{COMPUTE}'.*Summary.*'"),
        "reads records": (
            lambda: records([path]).reduce(0, lambda count, _: count + 1),
            f"{COMPUTE}'.*Dataset.*'",
        ),
        "ends the process": (lambda: raw.Abort(error_msg=path), f"{COMPUTE}'Abort'"),
        "debugs to a file": (
            lambda: raw.DebugIdentity(input=1.0, debug_urls=[f"file://{path}"]),
            f"{COMPUTE}'DebugIdentity'",
        ),
    }


def node(name, operation, *inputs, function=None, **attributes):
    found = NodeDef(name=name, op=operation, input=inputs)
    for key, value in attributes.items():
        found.attr[key].tensor.CopyFrom(tf.make_tensor_proto(value))
    if function is not None:
        found.attr["f"].func.name = function
    return found


def function_of(meta, part):
    return next(one for one in meta.graph_def.library.function if part in one.signature.name)


def writes_when_it_fills_a_table(meta, canary):
    nodes = function_of(meta, "_initializer").node_def
    nodes.append(node("path", "Const", value=str(canary)))
    nodes.append(node("write", "WriteFile", "path:output:0", "path:output:0"))


def allocates_when_it_fills_a_table(meta, canary):
    function_of(meta, "_initializer").node_def.append(node("all", "Fill", "a", "b"))


def fills_a_table_by_a_function(meta, canary):
    other = function_of(meta, "signature_wrapper").signature.name
    nodes = function_of(meta, "_initializer").node_def
    nodes.append(node("call", "StatefulPartitionedCall", function=other))


def writes_when_a_server_loads_it(meta, canary):
    meta.graph_def.node.append(node("write", "WriteFile", "Const", "Const"))
    _main(meta).input.append("^write")


def allocates_when_a_server_loads_it(meta, canary):
    meta.graph_def.node.append(node("all", "Fill", "Const", "Const"))
    _main(meta).input.append("^all")


def answers_when_a_server_loads_it(meta, canary):
    _main(meta).input.append("^StatefulPartitionedCall")


def _main(meta):
    return next(one for one in meta.graph_def.node if one.name == "NoOp")


def serves_the_saver(meta, canary):
    outputs = meta.signature_def["serving_default"].outputs
    outputs["scores"].name = meta.saver_def.save_tensor_name


def calls_the_saver(meta, canary):
    save = function_of(meta, "traced_save").signature.name
    nodes = function_of(meta, "signature_wrapper").node_def
    nodes.append(node("save", "StatefulPartitionedCall", function=save))


def names_the_saver(meta, canary):
    graph = meta.object_graph_def
    found = next(one for one in graph.nodes if one.WhichOneof("kind") == "function")
    found.function.concrete_functions[0] = function_of(meta, "traced_save").signature.name


def uses_the_saver(meta, canary):
    meta.graph_def.node.append(node("after", "Identity", meta.saver_def.save_tensor_name))


def a_second_saver(meta, canary):
    save = function_of(meta, "traced_save").signature.name
    meta.graph_def.node.append(node("again", "StatefulPartitionedCall", function=save))


def a_gradient_that_saves(meta, canary):
    save = function_of(meta, "traced_save").signature.name
    meta.graph_def.library.gradient.add(function_name="a", gradient_func=save)


def restores_another_file(meta, canary):
    restore = function_of(meta, "traced_restore")
    restore.node_def.append(node("path", "Const", value=str(canary)))
    next(one for one in restore.node_def if one.op == "RestoreV2").input[0] = "path:output:0"


def saves_when_it_restores(meta, canary):
    function_of(meta, "traced_restore").node_def.append(node("save", "SaveV2", "file_prefix"))


def an_unknown_operation(meta, canary):
    function_of(meta, "predict").node_def.append(node("new", "NoSuchOperation"))


def a_function_that_is_missing(meta, canary):
    nodes = function_of(meta, "predict").node_def
    nodes.append(node("call", "PartitionedCall", function="elsewhere"))


def a_function_within_a_function(meta, canary):
    found = node("call", "PartitionedCall", function=function_of(meta, "predict").signature.name)
    found.attr["f"].func.attr["g"].list.func.add().name = "elsewhere"
    function_of(meta, "signature_wrapper").node_def.append(found)


def functions_of_one_name(meta, canary):
    meta.graph_def.library.function.append(meta.graph_def.library.function[0])


def a_large_constant(meta, canary):
    found = node("large", "Const", value=1.0)
    for size in (50_000, 50_000):
        found.attr["value"].tensor.tensor_shape.dim.add(size=size)
    meta.graph_def.node.append(found)


def a_large_variable(meta, canary):
    graph = meta.object_graph_def
    found = next(one for one in graph.nodes if one.WhichOneof("kind") == "variable")
    found.variable.shape.dim[0].size = 2_000_000_000


def a_variable_of_any_size(meta, canary):
    graph = meta.object_graph_def
    found = next(one for one in graph.nodes if one.WhichOneof("kind") == "variable")
    found.variable.shape.dim[0].size = -1


def an_asset(meta, canary):
    meta.asset_file_def.add(filename=f"../../{canary.name}")


def a_collection(meta, canary):
    meta.collection_def["legacy_init_op"].node_list.value.append("NoOp")


def an_object_of_keras(meta, canary):
    meta.object_graph_def.nodes[0].user_object.identifier = "optimizer"


def an_object_of_a_registered_class(meta, canary):
    meta.object_graph_def.nodes[0].registered_name = "Custom.Class"


def an_object_with_a_saver(meta, canary):
    meta.object_graph_def.nodes[0].registered_saver = "Custom.Saver"


def an_object_that_restores_itself(meta, canary):
    nodes = meta.object_graph_def.nodes
    found = next(i for i, one in enumerate(nodes) if one.WhichOneof("kind") == "function")
    nodes[0].saveable_objects["a"].restore_function = found


def an_object_that_replaces_a_method(meta, canary):
    nodes = meta.object_graph_def.nodes
    found = next(i for i, one in enumerate(nodes) if one.WhichOneof("kind") == "function")
    nodes[0].children.add(local_name="_restore_from_tensors", node_id=found)


def a_child_that_is_missing(meta, canary):
    meta.object_graph_def.nodes[0].children.add(local_name="a", node_id=10**6)


def no_objects(meta, canary):
    meta.ClearField("object_graph_def")


EDITS = {  # What changes a valid SavedModel -> the message.
    writes_when_it_fills_a_table: f"{COMPUTE}'WriteFile'",
    allocates_when_it_fills_a_table: f"{FILL}'Fill' in __inference__initializer",
    fills_a_table_by_a_function: f"{FILL}'StatefulPartitionedCall'",
    writes_when_a_server_loads_it: f"{COMPUTE}'WriteFile' .write in the graph",
    allocates_when_a_server_loads_it: f"{FILL}'Fill'",
    answers_when_a_server_loads_it: FILL,
    serves_the_saver: SAVER,
    calls_the_saver: f"{SAVER}__inference_signature_wrapper",
    names_the_saver: f"{SAVER}__inference__traced_save",
    uses_the_saver: f"{SAVER}after does, too",
    a_second_saver: f"{SAVER}again does, too",
    a_gradient_that_saves: f"{SAVER}__inference__traced_save",
    restores_another_file: f"{SAVER}__inference__traced_restore",
    saves_when_it_restores: f"{SAVER}__inference__traced_restore",
    an_unknown_operation: f"{COMPUTE}'NoSuchOperation' .new in __inference",
    a_function_that_is_missing: "must hold the functions that it runs; elsewhere is missing",
    a_function_within_a_function: "must hold the functions that it runs; elsewhere is missing",
    functions_of_one_name: "must hold functions of different names",
    a_large_constant: "must hold its constants; got 10,000,",
    a_large_variable: "must hold the values of its variables, 2,400,",
    a_variable_of_any_size: "must state the shape of each constant and variable",
    an_asset: "must hold no assets and no collections",
    a_collection: "must hold no assets and no collections",
    an_object_of_keras: f"{EXPORTED}user_object optimizer",
    an_object_of_a_registered_class: f"{EXPORTED}user_object Custom.Class",
    an_object_with_a_saver: f"{EXPORTED}user_object",
    an_object_that_restores_itself: f"{EXPORTED}user_object",
    an_object_that_replaces_a_method: f"{EXPORTED}a child '_restore_from_tensors'",
    a_child_that_is_missing: "is damaged: an object of it is missing",
    no_objects: "must hold one graph, and the objects that it belongs to",
}


def two_graphs(saved, canary):
    saved.meta_graphs.append(saved.meta_graphs[0])


def rewrite(folder, content):
    (folder / "saved_model.pb").write_bytes(content)


def beyond_the_limit(folder, canary):
    os.truncate(folder / "saved_model.pb", 2**33)


def tiny_parts(folder, canary):
    """Objects of two bytes each, 60 MB of them in one graph."""
    objects = b"\x0a\x00" * 30_000_000
    graph = b"\x3a" + _varint(len(objects)) + objects
    rewrite(folder, b"\x12" + _varint(len(graph)) + graph)


def _varint(number):
    content = b""
    while number > 127:
        content += bytes([number & 127 | 128])
        number >>= 7
    return content + bytes([number])


def linked(folder, canary):
    canary_target = folder / "variables" / "variables.index"
    canary_target.unlink()
    canary_target.symlink_to("/dev/zero")


def another_graph(folder, canary):
    (folder / "saved_model.pbtxt").write_text("")


def where_functions_stood(folder, canary):
    (folder / "debug").mkdir()
    (folder / "debug" / "saved_model_debug_info.pb").write_bytes(b"")


def fewer_values(folder, canary):
    (path,) = folder.glob("variables/variables.data-*")
    path.write_bytes(b"")


def more_values(folder, canary):
    (path,) = folder.glob("variables/variables.data-*")
    os.truncate(path, 2**25)


FILES = {  # What changes the folder -> the message.
    lambda folder, canary: rewrite(folder, (folder / "saved_model.pb").read_bytes()[:5_000]): (
        "saved_model.pb is damaged: Error parsing"
    ),
    lambda folder, canary: rewrite(folder, b"rubbish"): "saved_model.pb is damaged: Error parsing",
    lambda folder, canary: rewrite(folder, b""): "must hold one graph",
    beyond_the_limit: "must have at most 67,108,864 bytes",
    tiny_parts: "must have fewer and larger parts",
    linked: "must hold its files itself; variables/variables.index is a link",
    another_graph: "must hold what cnnzoo exports; got saved_model.pbtxt",
    where_functions_stood: "must hold what cnnzoo exports; got debug",
    fewer_values: "must hold the values of its variables, .*; got 0 bytes",
    more_values: "must hold the values of its variables, .*; got 33,554,432 bytes",
}


def hostile_folders(valid, folder):
    """All hostile folders: name -> (how it is opened, path, message)."""
    canary = folder / "canary"
    cases = {}
    card = {"format": 2, "name": "images", "class_names": list("0123456789")}
    card["input"] = {"shape": [28, 28, 1], "light_on_dark": True}
    for name, (act, message) in acting(canary).items():
        graph = Serving(act)
        path = publish(graph, graph.functions, card, folder / name)
        cases[name] = ("load", path, message)
    for edit, message in EDITS.items():
        path = folder / edit.__name__
        shutil.copytree(valid, path)
        saved = SavedModel.FromString((path / "saved_model.pb").read_bytes())
        edit(saved.meta_graphs[0], canary)
        (path / "saved_model.pb").write_bytes(saved.SerializeToString())
        write_sums(path)
        cases[edit.__name__] = ("load", path, message)
    for place, (change, message) in enumerate(FILES.items()):
        path = folder / f"files{place}"
        shutil.copytree(valid, path)
        (path / "assets.extra" / "SHA256SUMS").unlink()  # An attacker leaves it out.
        change(path, canary)
        cases[path.name] = ("load", path, message)
    return cases


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def hostile(valid, folder):
    return hostile_folders(valid, folder)


@pytest.fixture(scope="module")
def results(hostile, opened):
    return opened({name: (how, path) for name, (how, path, _) in hostile.items()})


def test_each_hostile_folder_is_refused_in_a_sentence_that_says_why(hostile, results):
    wrong = {
        name: results[name]
        for name, (_, path, message) in hostile.items()
        if results[name]["error"] != "CnnzooError"
        or str(path) not in results[name]["message"]
        or not re.search(message, results[name]["message"])
    }
    assert wrong == {}


def test_refusing_takes_neither_long_nor_much_memory(results):
    assert max(result["seconds"] for result in results.values()) < 5
    assert max(result["megabytes"] for result in results.values()) < 500


def test_nothing_runs_and_no_file_is_written_or_read(hostile, results, folder):
    assert {name: result["events"] for name, result in results.items() if result["events"]} == {}
    assert set(folder.iterdir()) == {path for _, path, _ in hostile.values()}
