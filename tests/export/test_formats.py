import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

import cnnzoo
from cnnzoo.datasets import DATASETS, mnist
from cnnzoo.errors import CnnzooError
from cnnzoo.export import assembly, formats
from cnnzoo.export.folding import folded
from cnnzoo.export.runtime import LiteRT
from cnnzoo.export.scoring import from_model
from cnnzoo.extras import install

slow = pytest.mark.slow

SERVE = """
import sys, numpy as np, tensorflow as tf
folder, images, picture, out = sys.argv[1:]
signatures = tf.saved_model.load(folder).signatures
raw = signatures["serving_default"](images=tf.constant(np.load(images)))
encoded = signatures["serving_bytes"](image_bytes=tf.constant([open(picture, "rb").read()] * 2))
assert "cnnzoo" not in sys.modules
plain = lambda v: v.numpy().astype("S") if v.dtype == tf.string else v.numpy()
named = {f"raw_{name}": plain(value) for name, value in raw.items()}
named |= {f"encoded_{name}": plain(value) for name, value in encoded.items()}
np.savez(out, **named)
"""


def test_plain_tensorflow_in_a_fresh_process_gives_the_named_outputs(
    classifier, saved_model, digits, tmp_path
):
    np.save(tmp_path / "digits.npy", digits)
    (tmp_path / "digit.png").write_bytes(tf.io.encode_png(digits[0]).numpy())
    names = ("digits.npy", "digit.png", "out.npz")
    arguments = [saved_model, *(tmp_path / name for name in names)]
    subprocess.run([sys.executable, "-c", SERVE, *map(str, arguments)], check=True, cwd=tmp_path)
    scores = classifier.scores(digits)
    with np.load(tmp_path / "out.npz") as out:
        assert np.abs(out["raw_scores"] - scores).max() <= 1e-5
        assert np.array_equal(out["raw_class_id"], scores.argmax(axis=1))
        assert [label.decode() for label in out["raw_label"]] == [
            str(number) for number in scores.argmax(axis=1)
        ]
        assert np.abs(out["encoded_scores"] - scores[[0, 0]]).max() <= 1e-5
        assert out["encoded_label"].shape == (2,)


def test_a_server_in_c_predicts_and_checks_shapes_in_the_graph(classifier, saved_model, digits):
    """TensorFlow Serving restores and initializes by operations of the graph, as a session does."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        signatures = v1.saved_model.load(session, ["serve"], str(saved_model)).signature_def
        signature = signatures["serving_default"]
        images, scores = signature.inputs["images"].name, signature.outputs["scores"].name
        found = session.run(scores, {images: digits})
        inside = {name: session.graph.get_tensor_by_name(name) for name in (images, scores)}
        for shape in ((2, 14, 14, 1), (2, 28, 28), (2, 28, 28, 3)):
            fed = {inside[images]._as_tf_output(): np.zeros(shape, np.uint8)}
            got = ", ".join(map(str, shape[1:]))
            with pytest.raises(tf.errors.InvalidArgumentError) as told:
                session._call_tf_sessionrun(None, fed, [inside[scores]._as_tf_output()], [], None)
            assert "images must have shape [batch, 28, 28, 1]; got" in told.value.message
            assert got in told.value.message
    assert np.abs(found - classifier.scores(digits)).max() <= 1e-5


def test_the_folder_is_what_a_server_expects(saved_model, classifier):
    assert saved_model.name == "1"
    assert saved_model.parent.name == "mnist_lenet5"
    assert (saved_model / "saved_model.pb").is_file()
    card = json.loads((saved_model / "assets.extra" / "card.json").read_text())
    assert card["class_names"] == classifier.class_names
    assert saved_model.stat().st_mode & 0o755 == 0o755
    assert [path.name for path in saved_model.parent.iterdir()] == ["1"]


def test_scores_of_artifact_and_savedmodel_agree_in_every_digit(
    classifier, saved_model, finished_run
):
    results = [
        cnnzoo.evaluate(cnnzoo.load(which))
        for which in (finished_run.path, finished_run.artifact, saved_model, saved_model.parent)
    ]
    for result in results:
        for key in ("accuracy", "loss", "ece", "brier"):
            assert result[key] == pytest.approx(results[0][key], abs=1e-6)
        assert result["classes"] == results[0]["classes"]
    assert results[0]["accuracy"] == finished_run.accuracy


def fast_for(fast, names):
    """Return `names` as parameters, all but one of them slow."""
    return [pytest.param(name, marks=[slow] * (name != fast)) for name in names]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """What an export of the shipped network to every format says, by format."""
    shipped = cnnzoo.load("mnist_lenet5")
    found = cnnzoo.export(shipped, tmp_path_factory.mktemp("all"), list(formats.FORMATS)[::-1])
    assert [row["format"] for row in found] == list(formats.FORMATS)
    return {row["format"]: row for row in found}


def test_each_format_is_reported_with_its_comparison(rows):
    keys = ["format", "path", "bytes", "max_difference", "label_agreement"]
    keys += ["accuracy", "latency_us", "examples", "compared"]
    version = Path(rows["savedmodel"]["path"])
    names = {
        "litert": "model.tflite",
        "litert_float16": "model_float16.tflite",
        "litert_int8": "model_int8.tflite",
        "onnx": "model.onnx",
        "micro": "micro/model.tflite",
        "html": "model.html",
    }
    for name, row in rows.items():
        assert list(row) == keys
        assert row["examples"] == "test"
        assert row["latency_us"] is None if name == "html" else row["latency_us"] > 0
        if name in names:
            assert row["path"] == str(version / "assets.extra" / names[name])
            assert row["bytes"] == os.path.getsize(row["path"])
    assert rows["savedmodel"]["max_difference"] <= 1e-5
    assert rows["litert"]["max_difference"] <= 1e-4
    assert rows["onnx"]["max_difference"] <= 1e-4
    assert rows["html"]["max_difference"] <= 1e-4
    assert rows["litert_float16"]["max_difference"] <= 1e-2
    assert rows["litert_int8"]["label_agreement"] > 0.995
    accuracies = [row["accuracy"] for row in rows.values()]
    shipped = cnnzoo.evaluate(cnnzoo.load("mnist_lenet5"))["accuracy"]
    near = pytest.approx(shipped, abs=0.005)
    # A label that is another was right and becomes wrong, or the reverse.
    assert accuracies == [None, None, None, near, None, near, None]
    # 200 raw images and five that are encoded in seven ways; accuracy needs the whole test set.
    compared = [row["compared"] for row in rows.values()]
    assert compared == [235, 200, 200, 10_000, 200, 10_000, 200]


def test_smaller_numbers_make_smaller_files(rows):
    size = rows["litert"]["bytes"]
    assert size > 61_706 * 4  # LeNet-5's weights.
    assert rows["litert_float16"]["bytes"] == pytest.approx(size / 2, rel=0.1)
    assert rows["litert_int8"]["bytes"] < size / 3
    folder = Path(rows["savedmodel"]["path"])
    own = sum(path.stat().st_size for path in folder.glob("*.pb"))
    own += sum(path.stat().st_size for path in (folder / "variables").iterdir())
    assert rows["savedmodel"]["bytes"] == own


def test_int8_takes_images_as_they_are_and_keeps_the_accuracy(rows):
    interpreter = Interpreter(model_path=rows["litert_int8"]["path"])
    given, scores = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert given["dtype"] == np.uint8
    assert given["quantization"] == (0.0, 0)  # Pixels as they are; the network rounds its input.
    assert scores["dtype"] == np.float32
    tensors = interpreter.get_tensor_details()
    assert sum(len(one["quantization_parameters"]["scales"]) == 16 for one in tensors) >= 1
    runtime = LiteRT(Path(rows["litert_int8"]["path"]).read_bytes())
    images, labels = mnist.read("test")
    card = json.loads((Path(rows["savedmodel"]["path"]) / "assets.extra/card.json").read_text())
    accuracy = np.mean(runtime(images)[0].argmax(axis=1) == labels)
    assert accuracy >= card["metrics"]["test"]["accuracy"] - 0.005


def test_onnx_states_opset_and_free_batch(rows):
    onnx = pytest.importorskip("onnx")
    proto = onnx.load(rows["onnx"]["path"])
    onnx.checker.check_model(proto, full_check=True)
    assert [(one.domain, one.version) for one in proto.opset_import if not one.domain] == [("", 18)]
    (images,), outputs = proto.graph.input, proto.graph.output
    assert images.name == "images"
    assert [one.name for one in outputs] == ["scores", "known"]
    assert images.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    axes = images.type.tensor_type.shape.dim
    assert [axis.dim_param or axis.dim_value for axis in axes] == ["batch", 28, 28, 1]


def test_servers_find_requests_to_warm_up_with(rows):
    path = Path(rows["savedmodel"]["path"]) / "assets.extra" / "tf_serving_warmup_requests"
    records = [record.numpy() for record in tf.data.TFRecordDataset(path)]
    assert [b"serving_bytes" in record for record in records] == [False, True]
    assert b"serving_default" in records[0]


@pytest.mark.parametrize("name", fast_for("litert", formats.FORMATS))
def test_a_format_with_other_scores_is_not_published(
    name, classifier, tmp_path, monkeypatch, proving_here
):
    def faulty(model):
        copy = folded(model)
        copy.get_layer("lenet5").get_layer("logits").bias.assign(np.arange(10)[::-1])
        return copy

    monkeypatch.setattr(formats, "folded", faulty)
    if name != "savedmodel":  # Of which there would be a complaint first.
        one = formats.FORMATS[name]
        monkeypatch.setattr(formats, "FORMATS", {name: one})
    with proving_here(), pytest.raises(CnnzooError) as told:
        cnnzoo.export(classifier, tmp_path, [name])
    rule = {
        "savedmodel": "give the artifact's scores to within 1e-05; got a difference of 0.",
        "litert_float16": "give the artifact's scores to within 0.01; got a difference of 0.",
        "litert_int8": "keep the artifact's accuracy of ",
        "micro": "keep the artifact's accuracy of ",
    }.get(name, "give the artifact's scores to within 0.0001; got a difference of 0.")
    assert str(told.value).startswith(f"{name} must {rule}")
    assert str(told.value).endswith("and nothing was published")
    assert list((tmp_path / "mnist_lenet5").iterdir()) == []


def test_a_file_that_does_not_run_is_not_published(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(formats.litert, "convert", lambda _: b"rubbish" * 100)
    with pytest.raises(CnnzooError, match="^litert must run in a fresh process; got: ValueError"):
        cnnzoo.export(classifier, tmp_path)
    assert list((tmp_path / "mnist_lenet5").iterdir()) == []


def test_an_interrupted_export_leaves_no_version(classifier, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(formats, "verify", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cnnzoo.export(classifier, tmp_path)
    assert list((tmp_path / "mnist_lenet5").iterdir()) == []


class LogGamma(keras.layers.Layer):
    """An operation that ONNX lacks."""

    def call(self, inputs):
        return tf.math.lgamma(inputs + 2)


@pytest.mark.parametrize(
    ("name", "layer", "operation"),
    [
        ("litert", keras.layers.MaxPooling3D(), "MaxPool3D"),
        pytest.param("litert_float16", keras.layers.MaxPooling3D(), "MaxPool3D", marks=slow),
        pytest.param("litert_int8", keras.layers.MaxPooling3D(), "MaxPool3D", marks=slow),
        pytest.param("onnx", LogGamma(), "Lgamma", marks=slow),
    ],
)
def test_an_operation_without_equivalent_in_a_format_is_named(
    name, layer, operation, classifier, tmp_path
):
    shape = (28, 28, 1)
    before, after = keras.layers.Reshape((14, 2, 28, 1)), keras.layers.Flatten()
    network = keras.Sequential([keras.Input(shape), before, layer, after, keras.layers.Dense(10)])
    model = assembly.assemble([keras.layers.Rescaling(1 / 255)], network, classifier.card["input"])
    odd = from_model(model, {**classifier.card, "name": "odd"})
    message = f"^format {name} cannot hold the network: it has no equivalent of {operation}$"
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.export(odd, tmp_path, [name])
    assert list((tmp_path / "odd").iterdir()) == []


def test_missing_packages_are_named(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CnnzooError) as told:
        cnnzoo.export(classifier, tmp_path, ["onnx"])
    assert str(told.value) == (f"format onnx needs more packages; run: {install('onnx')}")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_is_refused(classifier, saved_model, tmp_path):
    with pytest.raises(
        CnnzooError, match="format 'savedmodle' is unknown; did you mean savedmodel"
    ):
        cnnzoo.export(classifier, tmp_path, ["savedmodle"])
    with pytest.raises(CnnzooError, match="model must be a run, an artifact or a shipped name"):
        cnnzoo.export(cnnzoo.load(saved_model), tmp_path)


def test_a_damaged_savedmodel_is_refused_with_its_path(saved_model, tmp_path):
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(saved_model), str(copy)], check=True)
    (copy / "saved_model.pb").write_bytes(b"rubbish")
    with pytest.raises(CnnzooError, match=f"{copy} is damaged: saved_model.pb changed"):
        cnnzoo.load(copy)
    (copy / "assets.extra" / "SHA256SUMS").unlink()
    with pytest.raises(CnnzooError, match="saved_model.pb is damaged: Error parsing"):
        cnnzoo.load(copy)
    (copy / "assets.extra" / "card.json").unlink()
    with pytest.raises(CnnzooError, match="card.json must be a file; there is nothing"):
        cnnzoo.load(copy)


# What users do with the exported files of a text model.
ASK = """
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
import onnxruntime

folder = sys.argv[1]
sys.path.insert(0, folder)
from tokenizer import Tokenizer

tokens = np.array(Tokenizer(f"{folder}/tokenizer.json")(sys.argv[2:]), np.int32)
lite = Interpreter(f"{folder}/model.tflite")
given, scores = lite.get_input_details()[0]["index"], lite.get_output_details()[0]["index"]
lite.resize_tensor_input(given, tokens.shape)
lite.allocate_tensors()
lite.set_tensor(given, tokens)
lite.invoke()
print(lite.get_tensor(scores).tolist())
session = onnxruntime.InferenceSession(f"{folder}/model.onnx")
print(session.run(["scores"], {"tokens": tokens})[0].tolist())
assert "cnnzoo" not in sys.modules and "tensorflow" not in sys.modules
"""


@pytest.mark.slow
def test_the_files_of_a_text_model_take_tokens(of_texts, tmp_path):
    rows = cnnzoo.export(of_texts, tmp_path, [name for name in formats.FORMATS if name != "micro"])
    assert [row["examples"] for row in rows] == ["test"] * 6
    assert [row["compared"] for row in rows] == [200, 200, 200, 1_099, 200, 200]
    folder = Path(rows[0]["path"]) / "assets.extra"
    texts = ["Free entry!", "see you at home 😀", ""]
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(folder), *texts], check=True, capture_output=True, text=True
    )
    for line in done.stdout.splitlines():
        assert np.abs(np.array(json.loads(line)) - of_texts.scores(texts)).max() <= 1e-4
    assert (folder / "tokenizer.js").is_file()


@pytest.mark.slow
def test_a_network_over_sounds_takes_samples_as_they_are(of_sounds, tmp_path):
    rows = cnnzoo.export(of_sounds, tmp_path, list(formats.FORMATS))
    assert [row["compared"] for row in rows] == [120 + 15] + [120] * 6
    sounds, labels = DATASETS["export_tones"].examples("test")
    runtime = LiteRT(Path(rows[3]["path"]).read_bytes())
    assert np.mean(runtime(sounds)[0].argmax(axis=1) == labels) > 0.95


@pytest.mark.slow
def test_without_its_data_a_network_is_compared_on_generated_examples(
    classifier, tmp_path, proving_here
):
    missing = from_model(classifier.model, {**classifier.card, "dataset": "gone/data.csv"})
    with proving_here():
        rows = cnnzoo.export(missing, tmp_path, ["litert", "onnx"])
    assert [row["examples"] for row in rows] == ["generated"] * 3
    assert [row["compared"] for row in rows] == [235, 200, 200]
    with pytest.raises(CnnzooError, match="dataset must be on this machine for format litert_int8"):
        cnnzoo.export(missing, tmp_path, ["litert_int8"])


def test_an_export_can_have_another_name(classifier, tmp_path, proving_here):
    with proving_here():
        (found,) = cnnzoo.export(classifier, tmp_path, ["savedmodel"], name="digits")
    assert found["path"] == str(tmp_path / "digits" / "1")
    assert cnnzoo.load(tmp_path / "digits").card["name"] == "digits"
    with pytest.raises(
        CnnzooError, match=r"^name must be a plain name of a folder; got '\.\./up'$"
    ):
        cnnzoo.export(classifier, tmp_path, name="../up")


def test_a_full_disk_is_one_sentence(classifier, tmp_path, monkeypatch):
    import tensorflow as tf

    def full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device\nand more")

    monkeypatch.setattr(tf.saved_model, "save", full)
    message = f"^{tmp_path / 'mnist_lenet5'} cannot be written: No space left on device$"
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.export(classifier, tmp_path)
    assert not list((tmp_path / "mnist_lenet5").iterdir())
