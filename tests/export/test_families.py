"""Every family of networks in LiteRT and ONNX, in the state that training leaves it in."""

import dataclasses

import keras
import numpy as np
import pytest
from narrow import narrow

import cnnzoo
from cnnzoo.datasets import mnist
from cnnzoo.errors import CnnzooError
from cnnzoo.export import html_file, litert, onnx_file
from cnnzoo.export.folding import folded
from cnnzoo.export.html_reference import Reference
from cnnzoo.export.runtime import LiteRT
from cnnzoo.models import MODELS
from cnnzoo.pipelines import images, sounds
from cnnzoo.pipelines.tokenizer import Tokenizer

RNG = np.random.default_rng(0)
CLOSE = 2e-4  # Random weights magnify rounding; shipped networks are compared at half of it.
BATCHES = (3, 1)
RAW = {images: "uint8", sounds: "int16"}


def slow(*arguments):
    return pytest.param(*arguments, marks=pytest.mark.slow)


ARRAYS = [
    "mlp",
    "lenet5",
    "lenet5_1998",
    "basic_cnn",
    slow("alexnet_2012"),
    slow("vgg11_bn_small"),
    slow("resnet18"),
    "resnet20",
    slow("preact_resnet20"),
    slow("wrn16_4"),
    "resnet8",
    slow("capsnet"),
    "airbench93",
    slow("resnet9"),
    slow("densenet_40_12"),
    "mobilenet_v1_025",
    slow("mobilenet_v2_050"),
    slow("shufflenet_v2_050"),
    slow("se_resnet20"),
    "nin",
    "all_cnn_c",
    slow("convmixer_256_8"),
    "ds_cnn",
    slow("squeezenet_1_1"),
    "m3",
    "m5",
    "fcn_1d",
    "wavenet_10",
]
TEXTS = [
    ("text_cnn_rand", None),
    slow("text_cnn_multichannel", 60),
    ("char_cnn_small", 130),
    slow("vdcnn9", None),
    slow("vdcnn9", 60),
]

# The first layer that a page has no equivalent of.
LACKING = {
    "alexnet_2012": r"\w*norm1 \(LocalResponseNormalization\)",
    "capsnet": r"\w+ \(Squash\)",
    "vdcnn9": r"pool1 \(MaskedMaxPooling1D\)",
}


def trained(network, inputs):
    """A copy of few units that passes signals on: normalizations have statistics of `inputs`."""
    network = narrow(network)
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
            for weight, lowest, highest in ((layer.gamma, 0.5, 1.0), (layer.beta, -0.5, 0.5)):
                if weight is not None:
                    weight.assign(RNG.uniform(lowest, highest, weight.shape))
        elif type(layer) in (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D):
            layer.kernel.assign(keras.initializers.HeNormal()(layer.kernel.shape))
    network(inputs, training=True)
    seldom_sure = keras.layers.Rescaling(0.25)
    return keras.Model(network.inputs, seldom_sure(network.outputs[0]))


def integers(dtype, shape):
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def of_arrays(name):
    """The model of an artifact over raw images or sounds, as small as the network allows."""
    variant = MODELS[name].VARIANTS[name]
    *sides, channels = variant.input_shape
    shape = (*(min(side, variant.smallest + 3) for side in sides), channels)
    dtype, scale = ("uint8", 1 / 255) if len(shape) == 3 else ("int16", 1 / 2**15)
    raw = keras.Input(shape, dtype=dtype, name="raw")
    inputs = scale * integers(dtype, (64, *shape))
    network = trained(cnnzoo.create_model(name, input_shape=shape), inputs)
    return keras.Model(raw, keras.layers.Softmax()(network(keras.layers.Rescaling(scale)(raw))))


def of_texts(name, length):
    """The model of an artifact over texts of `length` characters, or of any length."""
    tokenizer = Tokenizer("abcdefgh ", level="character", length=length, shortest=length or 57)
    raw = keras.Input((), dtype="string", name="raw")
    options = {} if name.startswith("char_cnn") else {"vocabulary_size": 60}
    inputs = keras.ops.array(RNG.integers(0, 11, (64, length or 70)), "int32")
    network = trained(cnnzoo.create_model(name, input_shape=(length,), **options), inputs)
    return keras.Model(raw, keras.layers.Softmax()(network(tokenizer(raw))))


def examples(model, size):
    spec = litert.numeric_spec(model)
    if spec.dtype == "int32":
        tokens = RNG.integers(0, 11, (size, spec.shape[1] or 70)).astype(np.int32)
        tokens[0, 50:] = 0
        return tokens
    return integers(spec.dtype.as_numpy_dtype, (size, *spec.shape[1:]))


def check(model, run):
    """Compare what `run` gives with what Keras does, for several sizes of batch."""
    numeric = litert.after_tokenizer(model)
    for size in BATCHES:
        inputs = examples(model, size)
        expected = np.asarray(numeric(inputs))
        difference = np.abs(run(inputs) - expected).max()
        assert difference <= CLOSE
        assert size == 1 or difference < 0.1 * np.ptp(expected, axis=0).max()
        if litert.tokenizer_of(model) is not None and numeric.input_shape[1] is None:
            longer = np.pad(inputs, ((0, 0), (0, 13)))
            assert np.abs(run(longer) - expected).max() <= CLOSE


def in_onnx_runtime(content):
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (given,), (scores,) = session.get_inputs(), session.get_outputs()
    assert given.shape[0] == scores.shape[0] == "batch"
    assert scores.name == "scores"
    return lambda inputs: session.run(None, {given.name: inputs})[0]


@pytest.fixture(autouse=True)
def _same_weights_every_time():
    """Layers as narrow as these may all be dead by chance, and answer the same to everything."""
    keras.utils.set_random_seed(0)
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


@pytest.fixture(autouse=True)
def _no_way_back(monkeypatch):
    """A step of tf2onnx that fails is an error: it keeps no copies of the graph to undo one."""
    monkeypatch.setenv("TF2ONNX_CATCH_ERRORS", "FALSE")


def check_all(model, lacking=None):
    copy = folded(model)
    check(model, LiteRT(litert.convert(copy)))
    check(model, in_onnx_runtime(onnx_file.convert(copy)))
    if lacking is None:
        page = Reference(html_file.network(copy))
        check(model, lambda inputs: page.run(inputs)[0])
    else:
        with pytest.raises(CnnzooError, match=f"no equivalent of the layer {lacking}$"):
            html_file.network(copy)


@pytest.mark.parametrize("name", ARRAYS)
def test_images_and_sounds(name):
    check_all(of_arrays(name), LACKING.get(name))


@pytest.mark.parametrize(
    ("name", "shape", "smaller", "module"),
    [("lenet5_1998", (32, 32, 1), (28, 28, 1), images), ("m3", (70, 1), (64, 1), sounds)],
)
def test_what_is_padded_for_the_network(name, shape, smaller, module):
    data = dataclasses.replace(mnist.DATASET, input_shape=smaller)
    raw = values = keras.Input(smaller, dtype=RAW[module], name="raw")
    for layer in module.preprocessing(data, np.zeros((1, *smaller)), shape, "unit"):
        values = layer(values)
    inputs = RNG.random((64, *shape))
    network = trained(cnnzoo.create_model(name, input_shape=shape), inputs)
    check_all(keras.Model(raw, keras.layers.Softmax()(network(values))))


@pytest.mark.parametrize(("name", "length"), TEXTS)
def test_texts(name, length):
    check_all(of_texts(name, length), LACKING.get(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lenet5", "lenet5_1998", "resnet20", "m5"])
def test_int8_takes_the_raw_input_of_arrays(name):
    model = of_arrays(name)
    inputs = examples(model, 50)
    scores = LiteRT(litert.int8(folded(model), inputs))(inputs)
    assert np.abs(scores - np.asarray(model(inputs))).max() <= 0.1


@pytest.mark.slow
def test_openvino_reads_the_savedmodel_as_it_is(saved_model, classifier, digits):
    openvino = pytest.importorskip("openvino")
    exact = {"INFERENCE_PRECISION_HINT": "f32"}  # By default it takes bfloat16 where a CPU has it.
    compiled = openvino.Core().compile_model(openvino.convert_model(saved_model), "CPU", exact)
    scores = compiled(digits)[compiled.output("scores")]
    assert np.abs(scores - classifier.scores(digits)).max() <= 1e-5
