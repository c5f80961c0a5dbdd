"""Malicious `.keras` files are refused, each with its reason, and do nothing; valid ones load."""

import base64
import contextlib
import hashlib
import io
import json
import marshal
import random
import re
import struct
import zipfile

import h5py
import keras
import numpy as np
import pytest

from cnnzoo import transfer, weights
from cnnzoo.errors import CnnzooError
from cnnzoo.files import read_xz, write_sealed

MIB = 2**20
PACKED = weights.FOLDER / f"mnist_lenet5{weights.SUFFIX}"


def valid():
    """The parts of the shipped LeNet-5."""
    with zipfile.ZipFile(io.BytesIO(read_xz(PACKED))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def network(parts):
    """The configuration of the classifier, and that of the network in it."""
    config = json.loads(parts["config.json"])
    return config, config["config"]["layers"][2]["config"]


def edited(change):
    """Return what changes the layers of the network within a file's parts."""

    def edit(parts):
        config, inner = network(parts)
        change(inner["layers"])
        return {**parts, "config.json": json.dumps(config).encode()}

    return edit


def with_layer(module, name, settings, **more):
    """Return what puts another layer in place of the flattening one."""

    def change(layers):
        place = next(i for i, layer in enumerate(layers) if layer["name"] == "flatten")
        found = {"module": module, "class_name": name, "registered_name": None, **more}
        settings_ = {"name": "flatten", **settings}
        layers[place] = {**found, "config": settings_, **_calls(layers[place])}

    return edited(change)


def _calls(layer):
    return {"name": layer["name"], "inbound_nodes": layer["inbound_nodes"]}


def with_setting(layer, field, value):
    def change(layers):
        next(one for one in layers if one["name"] == layer)["config"][field] = value
        for one in layers:
            one.pop("build_config", None)  # The shape that the layer had.

    return edited(change)


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def with_card(**fields):
    def edit(parts):
        card = {**json.loads(parts["card.json"]), **fields}
        return {**parts, "card.json": json.dumps(card).encode()}

    return edit


def with_part(name, content):
    return lambda parts: {**parts, name: content}


def with_weights(write):
    def edit(parts):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            write(file)
        return {**parts, "model.weights.h5": buffer.getvalue()}

    return edit


def of_model(*layers, order=lambda layers: None):
    """Return what puts another network in place of all, its layers listed in another order."""

    def edit(parts):
        values = images = keras.Input((28, 28, 1))
        for layer in layers:
            values = layer(values)
        config = keras.saving.serialize_keras_object(keras.Model(images, values))
        order(config["config"]["layers"])
        return {**parts, "config.json": json.dumps(config).encode()}

    return edit


def long(images):
    """15,680 positions."""
    return keras.layers.UpSampling1D(20)(keras.layers.Reshape((784, 1))(images))


def unrolled(edit):
    def change(parts):
        parts = edit(parts)
        config = parts["config.json"].replace(b'"unroll": false', b'"unroll": true')
        return {**parts, "config.json": config}

    return change


def nested_wrappers(parts):
    """A layer that cannot be made, in 25 others, each of whose messages would repeat it."""
    inner = {"module": "keras.layers", "class_name": "Dense", "registered_name": None}
    inner["config"] = {"units": 1, "junk": ["\U0001f600"] * (300_000)}
    for _ in range(25):
        outer = {"module": "keras.layers", "class_name": "TimeDistributed"}
        inner = {**outer, "registered_name": None, "config": {"layer": inner}}
    config = {"module": "keras", "class_name": "Sequential", "registered_name": None}
    config["config"] = {"name": "nested", "layers": [inner]}
    return {**parts, "config.json": json.dumps(config).encode()}


def circle(layers):
    layers[1]["inbound_nodes"] = layers[4]["inbound_nodes"]  # What conv2 gives, to conv1.


def in_reverse(layers):
    layers.reverse()


def lambda_code(path):
    code = compile(f"lambda x: open({str(path)!r}, 'w')", "code", "eval").co_consts[0]
    dumped = {"code": base64.b64encode(marshal.dumps(code)).decode()}
    return {"class_name": "__lambda__", "config": {**dumped, "defaults": None, "closure": None}}


def configs(canary):
    """Malicious configurations: name -> (what changes the parts of a valid file, the message)."""
    only = "must hold layers of cnnzoo, of Keras .* that only compute; got "
    more = "must ask for no more weights than it holds; got "
    pickled = base64.b64encode(b"cos\nsystem\n(S'true'\ntR.").decode()
    bomb = {"class_name": "__numpy__", "config": {"value": "x", "dtype": "U500000000"}}
    call = {"command": ["touch", str(canary)]}
    return {
        "lambda": (
            with_layer("keras.layers", "Lambda", {"function": lambda_code(canary)}),
            f"{only}(keras.layers.Lambda|None.__lambda__)",
        ),
        "lambda without a module": (
            with_layer(None, "Lambda", {"function": lambda_code(canary)}),
            f"{only}None.",
        ),
        "lambda as an activation": (
            with_setting("dense1", "activation", lambda_code(canary)),
            f"{only}None.__lambda__",
        ),
        "gadget of Keras": (
            with_setting("dense1", "activation", function("keras.utils", "get_file")),
            f"{only}keras.utils.function",
        ),
        "gadget of Python": (
            with_setting("dense1", "activation", function("os", "system")),
            f"{only}os.function",
        ),
        "gadget of built-ins": (
            with_setting("dense1", "activation", function("builtins", "eval")),
            f"{only}builtins.function",
        ),
        "gadget as a class": (with_layer("subprocess", "Popen", call), f"{only}subprocess.Popen"),
        "gadget as an initializer": (
            with_setting(
                "dense1",
                "kernel_initializer",
                {"module": "subprocess", "class_name": "Popen", "config": call},
            ),
            f"{only}subprocess.Popen",
        ),
        "gadget by a registered name": (
            with_layer("cnnzoo.files", "write_whole", call, registered_name="cnnzoo>write_whole"),
            f"{only}cnnzoo.files.write_whole",
        ),
        "inner module of Keras": (
            with_layer("keras.src.saving.saving_lib", "DiskIOStore", {"root_path": str(canary)}),
            f"{only}keras.src.saving.saving_lib.DiskIOStore",
        ),
        "SavedModel of its own": (
            with_layer("keras.layers", "TFSMLayer", {"filepath": str(canary)}),
            f"{only}keras.layers.TFSMLayer",
        ),
        "vocabulary of a file": (
            with_layer("keras.layers", "StringLookup", {"vocabulary": str(canary)}),
            f"{only}keras.layers.StringLookup",
        ),
        "pickled module": (
            with_layer("keras.layers", "TorchModuleWrapper", {"module": pickled}),
            f"{only}keras.layers.TorchModuleWrapper",
        ),
        "compiled within": (
            with_layer("keras", "Sequential", {"layers": []}, compile_config={"optimizer": "sgd"}),
            "must hold no compiled model inside another",
        ),
        "units": (with_setting("dense1", "units", 2_000_000), f"{more}.* parameters in a file of"),
        "more units than memory": (
            with_setting("logits", "units", 10**15),
            f"{more}85,000,000,000,0",
        ),
        "filters": (with_setting("conv1", "filters", 2**40), more),
        "activation": (
            of_model(keras.layers.UpSampling2D(2_000), keras.layers.GlobalMaxPooling2D()),
            "must have layers that give at most 2,147,483,648 bytes per example; got",
        ),
        "attention over many positions": (
            of_model(long, lambda values: keras.layers.Attention()([values, values])),
            "must have attention over at most 67,108,864 pairs of positions per example; got 245,8",
        ),
        "a recurrent layer of many steps": (
            of_model(long, keras.layers.UpSampling1D(8), keras.layers.GRU(1)),
            "must have recurrent layers of at most 100,000 steps per example; got 125,440",
        ),
        "a recurrent layer that is unrolled": (
            unrolled(of_model(long, keras.layers.Bidirectional(keras.layers.LSTM(1)))),
            "must have recurrent layers of at most 1,000 unrolled steps per example; got 31,360",
        ),
        "many tensors": (
            with_layer("keras.src.ops.numpy", "Split", {"indices_or_sections": 10**9}),
            f"{only}keras.src.ops.numpy.Split",
        ),
        "array by its type": (with_setting("dense1", "seed", bomb), f"{only}None.__numpy__"),
        "call without tensors": (
            edited(lambda layers: layers[1].update(inbound_nodes=[{"args": [3], "kwargs": {}}])),
            "must call its layers on tensors; 'conv1' is not",
        ),
        "call of Keras 2": (
            edited(lambda layers: layers[1].update(inbound_nodes=[[["images", 0, 0, {}]]])),
            "must be written by Keras 3",
        ),
        "100,000 layers": (
            edited(lambda layers: layers.extend(layers[1:2] * 100_000)),
            "must hold at most|must hold at most 8,388,608 bytes of config.json",
        ),
        "10,000 layers": (
            edited(lambda layers: layers.extend(layers[2:3] * 10_000)),
            r"must hold at most 1,000 layers, or as many as arrays of weights \(14\)",
        ),
        "layers in a circle": (edited(circle), "must call its layers in some order; got a circle"),
        "layers in reverse": (
            of_model(*(keras.layers.ReLU() for _ in range(600)), order=in_reverse),
            "must list its layers in the order of their calls",
        ),
        "messages that grow": (nested_wrappers, "must be shorter, or nested less deeply"),
        "what Keras cannot build": (
            with_setting("dense1", "units", -3),
            "must describe a network that Keras .* can build; got ",
        ),
        "no input": (
            lambda parts: {**parts, "config.json": _sequential_without_input()},
            "must hold a Functional model, or a Sequential one with an input",
        ),
        "deep": (
            with_part("config.json", b"[" * 100_000 + b"]" * 100_000),
            "config.json of .* must be JSON; got maximum recursion",
        ),
        "nested 500 times": (
            with_part("config.json", b'{"a":' * 500 + b"1" + b"}" * 500),
            "must be nested at most 64 levels deep",
        ),
        "many objects": (
            with_part("config.json", b"[" + b"{}," * 2_500_000 + b"{}]"),
            "must hold at most 524,288 lists and dictionaries",
        ),
        "endless number": (with_part("config.json", b"[" + b"9" * 4_000_000 + b"]"), "be JSON"),
        "large number": (with_setting("dense1", "seed", 10**30), "numbers below 2\\*\\*63"),
        "no number": (with_setting("dense1", "seed", float("nan")), "must hold finite numbers"),
        "exponent": (with_part("config.json", b'{"class_name": 1e999}'), "must hold finite numb"),
        "long string": (with_setting("dense1", "name", "x" * 10**6), "strings of at most 65,536"),
        "no JSON": (with_part("config.json", b"\xff\xfe{"), "must be JSON"),
        "no dictionary": (with_part("config.json", b"[1]"), "must describe a Keras model"),
        "too long": (
            with_part("config.json", b" " * (9 * MIB)),
            "must hold at most 8,388,608 bytes of config.json; got 9,437,184",
        ),
        "deep card": (with_part("card.json", b"[" * 10**5), "card.json of .* must be JSON"),
        "card of no network": (with_part("card.json", b"[]"), "must hold a dictionary; got list"),
        "name that is a path": (with_card(name="../../x"), "must state a proper 'name'; got ../"),
        "no names of classes": (with_card(class_names="abc"), "must state a proper 'class_names'"),
        "no shape of the input": (with_card(input={"shape": [-1]}), "must state a proper 'input'"),
    }


def _sequential_without_input():
    model = keras.Sequential([keras.layers.Dense(1)], name="no_input")
    return json.dumps(keras.saving.serialize_keras_object(model)).encode()


def hdf5(canary):
    """Hostile weights, in the same form."""
    plain = "must hold its weights as plain arrays, as Keras writes them; got /a"

    def external_storage(file):
        file.create_dataset("a", (100,), "f4", external=[(str(canary), 0, 400)])

    def virtual(file):
        layout = h5py.VirtualLayout((100,), "f4")
        layout[:] = h5py.VirtualSource(str(canary), "a", (100,))
        file.create_virtual_dataset("a", layout)

    def circle(file):
        file["a"] = file["/"]

    return {
        "external link": (
            with_weights(lambda file: file.update({"a": h5py.ExternalLink(str(canary), "/")})),
            "must hold its weights itself; /a is a link",
        ),
        "soft link": (
            with_weights(lambda file: file.update({"a": h5py.SoftLink("/b")})),
            "must hold its weights itself; /a is a link",
        ),
        "values in another file": (with_weights(external_storage), plain),
        "virtual values": (with_weights(virtual), plain),
        "shape without values": (
            with_weights(lambda file: file.create_dataset("a", (2**40,), "f4")),
            plain,
        ),
        "compressed values": (
            with_weights(
                lambda file: file.create_dataset("a", data=np.zeros(10**6), compression="gzip")
            ),
            plain,
        ),
        "strings": (with_weights(lambda file: file.update({"a": ["text"] * 5})), plain),
        "groups in a circle": (with_weights(circle), "must ask for no more weights than it holds"),
        "groups within groups": (
            with_weights(lambda file: file.create_group("a/" * 1_000)),
            "must hold at most 25,000 groups and arrays of weights, 40 deep",
        ),
        "many groups": (
            with_weights(lambda file: [file.create_group(f"a{i}") for i in range(25_001)]),
            "must hold at most 25,000 groups and arrays",
        ),
        "no HDF5": (with_part("model.weights.h5", b"nothing"), "is no HDF5 file of weights"),
    }


def archives():
    """Hostile archives: name -> (bytes of the archive, the message)."""
    parts = valid()
    as_they_are = "must hold its parts as they are, as Keras writes them; got "
    only = "must hold only metadata.json, config.json, card.json, model.weights.h5, model.tflite, "
    only += "tokenizer.json; got "

    def archive(more=(), compression=zipfile.ZIP_STORED, **replaced):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", compression) as file:
            for name, part in [*{**parts, **replaced}.items(), *more]:
                file.writestr(name, part)
        return buffer.getvalue()

    once = archive()
    declared = bytearray(once)
    entry = declared.index(b"PK\x01\x02")  # The first part's; its sizes stand 20 bytes further.
    declared[entry + 20 : entry + 28] = struct.pack("<II", 2**31, 2**31)
    encrypted = bytearray(once)
    encrypted[entry + 8] |= 1
    many = [(f"{place}", b"") for place in range(30_000)]
    bomb = {"config.json": b" " * (300 * MIB)}
    with pytest.warns(UserWarning, match="Duplicate name"):
        duplicates = archive([("config.json", b"{}")])
    return {
        "compressed bomb": (
            archive(compression=zipfile.ZIP_DEFLATED, **bomb),
            f"{as_they_are}metadata.json compressed",
        ),
        "size that is not there": (bytes(declared), "must hold at most 1,048,576 bytes of metadat"),
        "encrypted": (bytes(encrypted), f"{as_they_are}metadata.json"),
        "parts that overlap": (_overlapping(parts), "must hold its parts side by side"),
        "path out of the folder": (archive([("../../evil", b"x")]), f"{only}'../../evil'"),
        "absolute path": (archive([("/tmp/evil", b"x")]), f"{only}'/tmp/evil'"),
        "assets": (archive([("assets/a/vocabulary.txt", b"x")]), f"{only}'assets/"),
        "pickled weights": (archive([("model.weights.npz", b"x")]), f"{only}'model.weights.npz"),
        "parts of the same name": (duplicates, "each part once"),
        "30,000 parts": (archive(many), "its list of parts takes"),
        "no weights": (_zip({"config.json": b"{}"}), "must hold config.json and model.weights.h5"),
        "no card": (_zip({n: p for n, p in parts.items() if n != "card.json"}), "hold card.json"),
        "no ZIP": (b"PK nothing", "must be a Keras model file"),
    }


def _zip(parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return buffer.getvalue()


def _overlapping(parts):
    """An archive whose weights are listed as all that follows, its own list of parts included."""
    content = bytearray(_zip(parts))
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as file:
        size = file.getinfo("model.weights.h5").file_size
        begin = file.start_dir
    entry = content.index(b"PK\x01\x02", begin)
    while content[entry + 46 : entry + 62] != b"model.weights.h5":
        entry = content.index(b"PK\x01\x02", entry + 4)
    content[entry + 20 : entry + 28] = struct.pack("<II", size + 20_000, size + 20_000)
    return bytes(content)


def seal(archive):
    """Return the archive as `write_sealed` would end it."""
    body = archive[:-2] + struct.pack("<H", 64) if archive[-22:-18] == b"PK\x05\x06" else archive
    return body + hashlib.sha256(body).hexdigest().encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def hostile(folder):
    """All hostile files: name -> (how it is opened, path, message)."""
    canary = folder / "canary"
    cases = {}
    for name, (edit, message) in {**configs(canary), **hdf5(canary)}.items():
        path = folder / f"{name}.keras"
        write_sealed(path, edit(valid()))
        cases[name] = ("load", path, message)
        if "card" not in name and "proper" not in message:
            cases[f"{name} (weights)"] = ("weights", path, message)
    for name, (content, message) in archives().items():
        path = folder / f"{name}.keras"
        path.write_bytes(seal(content))
        cases[name] = ("load", path, message)
        if name != "no card":
            cases[f"{name} (weights)"] = ("weights", path, message)
    legacy = folder / "legacy.h5"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(legacy)
    cases["legacy file"] = ("weights", legacy, "must be a Keras model file")
    return cases


@pytest.fixture(scope="module")
def results(hostile, opened):
    return opened({name: (how, path) for name, (how, path, _) in hostile.items()})


def test_each_hostile_file_is_refused_in_a_sentence_that_says_why(hostile, results):
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


def test_no_bit_flip_of_a_plain_file_gives_other_weights_or_another_error(tmp_path):
    """One that was not sealed: what guards it are the sums of its parts in the archive."""
    path, draw = tmp_path / "flipped.keras", random.Random(1)
    whole = read_xz(PACKED)
    path.write_bytes(whole)
    expected = transfer.weights_of(path)
    for _ in range(100):
        content = bytearray(whole)
        content[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        path.write_bytes(content)
        with contextlib.suppress(CnnzooError):
            found = transfer.weights_of(path)
            for name, values in expected.items():
                assert all(map(np.array_equal, found[name], values))
