import json
import re
import shutil
import subprocess

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import cnnzoo
from cnnzoo.datasets import mnist
from cnnzoo.errors import CnnzooError
from cnnzoo.export import assembly, formats, litert, micro
from cnnzoo.export.assembly import Parts, connect
from cnnzoo.export.folding import folded
from cnnzoo.export.scoring import from_model
from cnnzoo.extras import install

runtime = pytest.importorskip("tflite_micro").runtime

IMAGES = mnist.read("test").inputs[:20]
NAMES = ['a "b"', "c\\d", "??/", "è", "5", "6", "7", "8", "9", "10\n"]

# What the header needs of TensorFlow Lite Micro, to compile it without.
RESOLVER = """
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
namespace tflite {
template <int n> struct MicroMutableOpResolver {
  TfLiteStatus AddConv2D() { return kTfLiteOk; }
  TfLiteStatus AddDepthwiseConv2D() { return kTfLiteOk; }
  TfLiteStatus AddMaxPool2D() { return kTfLiteOk; }
  TfLiteStatus AddReshape() { return kTfLiteOk; }
  TfLiteStatus AddSoftmax() { return kTfLiteOk; }
  TfLiteStatus AddFullyConnected() { return kTfLiteOk; }
};
}
"""
MAIN = """
#include <cstdio>
#include "test_vectors.h"
int main() {
  Resolver resolver;
  if (AddOperators(resolver) != kTfLiteOk) return 1;
  for (int i = 0; i < kClasses; ++i) printf("%s|", kClassNames[i]);
  printf("%d|%d|%d|", Quantize(0), Quantize(255), Quantize(1000));
  printf("%g|%g|", Score(-128), Score(0));
  printf("%d", BestClass(kOutputs[0]));
  return reinterpret_cast<unsigned long>(kModel) % 16;
}
"""


@pytest.fixture(scope="module")
def content(classifier):
    return litert.whole_int8(folded(classifier.model), mnist.read("train").inputs[:50])


@pytest.fixture(scope="module")
def project(content, classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "micro"
    card = {**classifier.card, "class_names": NAMES}
    micro.write_project(folder, content, card, IMAGES)
    return folder


def numbers(text):
    return np.array(re.findall(r"-?\d+", text), int)


def constant(project, name):
    (value,) = re.findall(rf"constexpr \w+ {name} = (.+);", (project / "model.h").read_text())
    return float(value.rstrip("f"))


def test_the_array_is_the_file(project, content):
    source = (project / "model.cc").read_text()
    (inside,) = re.findall(r"alignas\(16\) const unsigned char kModel.*?\{(.*?)\}", source, re.S)
    assert bytes(numbers(inside).tolist()) == content == (project / "model.tflite").read_bytes()
    assert constant(project, "kModelBytes") == len(content)


def test_test_vectors_are_pixels_and_the_outputs_of_litert(project, content):
    inputs, outputs = (project / "test_vectors.cc").read_text().split("};\n\n")
    quantized = IMAGES[:10].astype(int) - 128
    assert np.array_equal(numbers(inputs.split("=")[1]), quantized.ravel())
    kernels = OpResolverType.BUILTIN_REF
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    (given,), (scores,) = interpreter.get_input_details(), interpreter.get_output_details()
    wanted = []
    for one in quantized:
        interpreter.set_tensor(given["index"], one[None].astype(np.int8))
        interpreter.invoke()
        wanted.append(interpreter.get_tensor(scores["index"]))
    assert np.array_equal(numbers(outputs.split("=")[1]), np.concatenate(wanted).ravel())


def test_the_arena_is_as_large_as_it_must_be(project, content):
    size = int(constant(project, "kArenaBytes"))
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=size)
    interpreter.set_input(np.zeros((1, 28, 28, 1), np.int8), 0)
    interpreter.invoke()
    with pytest.raises(RuntimeError, match="failed to allocate"):
        runtime.Interpreter.from_bytes(content, arena_size=size - 64)


def test_scores_are_those_of_the_artifact_in_steps_of_a_256th(project, classifier):
    assert constant(project, "kScoreScale") == 1 / 256
    source = (project / "test_vectors.cc").read_text().split("kOutputs")[1].split("=")[1]
    scores = (numbers(source).reshape(10, 10) - constant(project, "kScoreZeroPoint")) / 256
    assert np.abs(scores - classifier.scores(IMAGES[:10])).max() < 0.1


def test_nothing_is_left_to_fill_in(project):
    for name in ("README.md", "model.h", "test_vectors.h"):
        assert not re.search(r"\$\w", (project / name).read_text())


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
def test_the_sources_compile_and_say_what_the_card_says(project, tmp_path):
    header = tmp_path / "tensorflow/lite/micro/micro_mutable_op_resolver.h"
    header.parent.mkdir(parents=True)
    header.write_text(RESOLVER)
    (tmp_path / "main.cc").write_text(MAIN)
    sources = [tmp_path / "main.cc", project / "model.cc", project / "test_vectors.cc"]
    command = ["g++", "-std=c++17", "-Wall", "-Werror", f"-I{tmp_path}", f"-I{project}"]
    subprocess.run([*command, *sources, "-o", tmp_path / "program"], check=True)
    done = subprocess.run([tmp_path / "program"], check=True, capture_output=True)
    *names, low, high, far, none, half, best = done.stdout.decode().split("|")
    assert names == NAMES
    assert [low, high, far, none, half] == ["-128", "127", "127", "0", "0.5"]
    assert best == "7"  # The first test image.


@pytest.mark.parametrize(
    ("operator", "method"),
    [
        ("CONV_2D", "Conv2D"),
        ("DEPTHWISE_CONV_2D", "DepthwiseConv2D"),
        ("FULLY_CONNECTED", "FullyConnected"),
        ("L2_NORMALIZATION", "L2Normalization"),
        ("PADV2", "PadV2"),
        ("RELU6", "Relu6"),
        ("SPACE_TO_BATCH_ND", "SpaceToBatchNd"),
        ("BATCH_MATMUL", "BatchMatMul"),
    ],
)
def test_operators_have_the_names_of_the_resolver(operator, method):
    """As in micro_mutable_op_resolver.h of TensorFlow Lite Micro."""
    assert micro._method(operator) == method


def test_sounds_are_exported_too(of_sounds, tmp_path, proving_here):
    with proving_here():
        row = cnnzoo.export(of_sounds, tmp_path, ["micro"])[1]
    folder = tmp_path / "sounds" / "1" / "assets.extra" / "micro"
    assert (row["format"], row["path"]) == ("micro", str(folder / "model.tflite"))
    assert row["accuracy"] > 0.95
    assert row["compared"] == 120
    assert row["bytes"] == (folder / "model.tflite").stat().st_size
    assert constant(folder, "kInputScale") > 1
    card = json.loads((folder.parent / "card.json").read_text())
    assert card["calibration"]["temperature_of_int8"] > 0


def test_other_outputs_are_not_published(content, classifier, tmp_path, monkeypatch):
    true = micro.run_fresh

    def faulty(*arguments):
        (outputs, *rest), messages = true(*arguments)
        outputs[7, 3] += 1
        return (outputs, *rest), messages

    monkeypatch.setattr(micro, "run_fresh", faulty)
    message = "format micro must give the int8 outputs of LiteRT.* got others for 1 of 20 examples"
    with pytest.raises(CnnzooError, match=message):
        micro.write_project(tmp_path / "micro", content, classifier.card, IMAGES)
    assert not (tmp_path / "micro").exists()


def test_an_operator_that_it_lacks_is_named(classifier):
    layers = [keras.Input((28, 28, 1)), keras.layers.Activation("gelu"), keras.layers.Flatten()]
    network = keras.Sequential([*layers, keras.layers.Dense(10)])
    model = assembly.assemble([keras.layers.Rescaling(1 / 255)], network, classifier.card["input"])
    message = "^format micro cannot hold the network: it has no equivalent of GELU$"
    with pytest.raises(CnnzooError, match=message):
        micro.trial(litert.whole_int8(model, IMAGES), IMAGES)


def test_texts_are_refused(of_texts):
    message = "^format micro must hold a network for images or sounds; got one for texts$"
    with pytest.raises(CnnzooError, match=message):
        formats.int8("micro", of_texts.model, dict(of_texts.card), of_texts, None)


def test_the_data_must_be_here(classifier):
    missing = from_model(classifier.model, {**classifier.card, "dataset": "gone/data.csv"})
    message = "dataset must be on this machine for format micro, .* got gone/data.csv, which is not"
    with pytest.raises(CnnzooError, match=message):
        formats.int8("micro", missing.model, dict(missing.card), missing, None)


def test_the_missing_package_is_named(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CnnzooError) as told:
        cnnzoo.export(classifier, tmp_path, ["micro"])
    assert str(told.value) == f"format micro needs more packages; run: {install('micro')}"


@pytest.mark.parametrize(
    ("views", "last", "reason"),
    [
        ("flip", None, "it averages over views of each image"),
        (None, keras.layers.LayerNormalization(), "LiteRT has some of its operations only for"),
    ],
)
def test_what_int8_alone_cannot_hold_is_refused(views, last, reason):
    inputs = keras.Input((8, 8, 1))
    logits = keras.layers.Dense(3)(keras.layers.Flatten()(inputs))
    logits = logits if last is None else last(logits)
    raw = keras.Input((8, 8, 1), dtype="uint8", name="images")
    scaling = keras.layers.Rescaling(1 / 255)
    model = connect(Parts([scaling], keras.Model(inputs, logits, name="small"), views), raw)
    with pytest.raises(RuntimeError, match=reason):
        litert.whole_int8(model, np.zeros((2, 8, 8, 1), np.uint8))
