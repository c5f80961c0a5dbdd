import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo import transfer
from cnnzoo.errors import CnnzooError
from cnnzoo.models import MODELS


def randomized(model):
    """Set every weight and statistic at random, so that each layer keeps the scale of its input."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        values = []
        for weight in layer.weights:
            fan_in = np.prod(weight.shape[:-1])
            kernel = rng.normal(0, np.sqrt(2 / max(fan_in, 1)), weight.shape)
            positive = rng.uniform(0.5, 1.5, weight.shape)
            if len(weight.shape) > 1:
                values.append(kernel)
            else:
                values.append(
                    positive if "gamma" in weight.path or "var" in weight.path else positive - 1
                )
        layer.set_weights(values)
    return model


def assert_equal_logits(name, side, monkeypatch):
    """RGB images, 0 to 255, give the same logits by each library's preprocessing and network."""
    application, _ = MODELS[name].IMAGENET[name]
    build = getattr(keras.applications, application)
    theirs = getattr(keras.applications, "vgg16" if name.startswith("vgg") else "resnet")

    def untrained(weights):
        assert weights == "imagenet"
        shape = (side, side, 3)
        return randomized(build(weights=None, input_shape=shape, classifier_activation=None))

    monkeypatch.setattr(keras.applications, application, untrained)
    model = cnnzoo.create_model(name, weights="imagenet", input_shape=(side, side, 3))
    images = np.random.default_rng(1).integers(0, 256, (2, side, side, 3)).astype("float32")
    expected = np.asarray(untrained("imagenet")(theirs.preprocess_input(images.copy())))
    logits = np.asarray(model(cnnzoo.preprocessing_of("imagenet")(images)))
    assert np.abs(logits - expected).max() < 1e-4 * np.abs(expected).max()


def test_resnet50_with_weights_of_keras_applications_is_theirs(monkeypatch):
    assert_equal_logits("resnet50", 64, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "side"), [("vgg16", 32), ("vgg19", 32), ("resnet101", 64), ("resnet152", 64)]
)
def test_the_others_with_weights_of_keras_applications_are_theirs(name, side, monkeypatch):
    assert_equal_logits(name, side, monkeypatch)


def test_other_networks_and_placements_have_no_imagenet_weights():
    with pytest.raises(
        CnnzooError, match="weights 'imagenet' are those of resnet101, .*; got resnet18"
    ):
        cnnzoo.create_model("resnet18", weights="imagenet")
    with pytest.raises(
        CnnzooError, match="stride_at must be 'conv1' with weights 'imagenet'; got 'conv2'"
    ):
        cnnzoo.create_model("resnet50", weights="imagenet", stride_at="conv2")


def test_a_failed_download_is_a_one_line_error(monkeypatch):
    def offline(weights):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "VGG16", offline)
    with pytest.raises(CnnzooError, match="weights 'imagenet' of VGG16 cannot be downloaded: URL"):
        cnnzoo.create_model("vgg16", weights="imagenet")


@pytest.fixture
def trained():
    return randomized(cnnzoo.create_model("resnet8"))


def test_a_model_gives_all_its_weights(trained, tmp_path):
    trained.save(tmp_path / "resnet8.keras")
    nested = keras.Sequential([keras.Input((32, 32, 3)), trained])
    images = np.ones((1, 32, 32, 3), "float32")
    for source in (trained, nested, tmp_path / "resnet8.keras", str(tmp_path / "resnet8.keras")):
        model = cnnzoo.create_model("resnet8", weights=source)
        assert np.array_equal(np.asarray(model(images)), np.asarray(trained(images)))


def test_a_runs_artifact_gives_its_weights(classifier, finished_run):
    model = cnnzoo.create_model("lenet5", weights=finished_run.artifact)
    theirs = transfer.weights_of(finished_run.artifact)
    assert all(
        np.array_equal(model.get_layer("conv1").get_weights()[i], theirs["conv1"][i])
        for i in (0, 1)
    )


def test_preprocessing_comes_with_weights(trained, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("uint8")
    shipped = cnnzoo.load("cifar10_resnet20_fast")
    layer = cnnzoo.preprocessing_of("cifar10_resnet20_fast")
    assert np.allclose(layer(images), shipped.prepare(images), atol=1e-6)
    padded = cnnzoo.preprocessing_of("mnist_lenet5_1998")  # Its border is not a part of it.
    raw = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 1)).astype("uint8")
    expected = cnnzoo.load("mnist_lenet5_1998").prepare(raw)[:, 2:-2, 2:-2]
    assert np.allclose(padded(raw), expected, atol=1e-6)
    tokens = cnnzoo.preprocessing_of("sms_spam_text_cnn")(["free prize"])
    assert np.array_equal(tokens, cnnzoo.load("sms_spam_text_cnn").prepare(["free prize"]))
    front = [keras.layers.Rescaling(1 / 255, name="unit")]
    front += [keras.layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0])]
    nested = keras.Sequential([keras.Input((32, 32, 3)), *front, trained])
    nested.save(tmp_path / "nested.keras")
    expected = (images / 255 - [0.1, 0.2, 0.3]) / np.sqrt([1.0, 2.0, 3.0])
    layer = cnnzoo.preprocessing_of(tmp_path / "nested.keras")
    assert type(layer) is keras.layers.Rescaling
    assert np.allclose(layer(images), expected, atol=1e-6)
    trained.save(tmp_path / "bare.keras")
    with pytest.raises(CnnzooError, match=r"weights must come with .* preprocessing; got .*bare"):
        cnnzoo.preprocessing_of(tmp_path / "bare.keras")


def test_what_can_be_loaded_gives_its_weights(finished_run):
    theirs = cnnzoo.load("cifar10_resnet20_fast").network
    model = cnnzoo.create_model("resnet20", weights="cifar10_resnet20_fast")
    assert all(map(np.array_equal, model.get_weights(), theirs.get_weights()))
    of_run = cnnzoo.create_model("lenet5", weights=finished_run.path)
    kernel = cnnzoo.load(finished_run.path).network.get_layer("conv1").get_weights()[0]
    assert np.array_equal(of_run.get_layer("conv1").get_weights()[0], kernel)
    theirs = cnnzoo.load("sms_spam_text_cnn").network
    words = len(theirs.get_layer("embedding_tuned").get_weights()[0])
    of_texts = cnnzoo.create_model(
        "text_cnn_rand", weights="sms_spam_text_cnn", vocabulary_size=words, num_classes=2
    )
    assert all(map(np.array_equal, of_texts.get_weights(), theirs.get_weights()))


@pytest.mark.parametrize(
    ("name", "source", "layer"),
    [
        ("resnet20", "resnet32", "stage1_unit4_conv1"),
        ("preact_resnet20", "preact_resnet32", "stage1_unit4_bn1"),
        ("vgg11", "vgg11_bn", "stage1_bn1"),
    ],
)
def test_weights_that_are_left_over_are_refused(name, source, layer):
    small = {"input_shape": (32, 32, 3)}
    deeper = cnnzoo.create_model(source, **small)
    message = f"weights must fit {name}: it has no layer '{layer}', which the weights have"
    for arguments in ({}, {"num_classes": 4}):
        with pytest.raises(CnnzooError, match=message):
            cnnzoo.create_model(name, weights=deeper, **arguments, **small)
    again = cnnzoo.create_model(source, weights=deeper, num_classes=4, **small)
    assert again.output_shape == (None, 4)


def test_preprocessing_is_not_left_over(trained):
    normalization = keras.layers.Normalization(mean=[0.0, 1.0, 2.0], variance=[1.0, 2.0, 3.0])
    nested = keras.Sequential([keras.Input((32, 32, 3)), normalization, trained])
    model = cnnzoo.create_model("resnet8", weights=nested)
    assert all(map(np.array_equal, model.get_weights(), trained.get_weights()))


def test_another_number_of_classes_gets_a_fresh_head(trained):
    model = cnnzoo.create_model("resnet8", weights=trained, num_classes=4)
    assert model.output_shape == (None, 4)
    for name in ("stem_conv", "stage3_unit1_conv2"):
        assert np.array_equal(
            model.get_layer(name).get_weights()[0], trained.get_layer(name).get_weights()[0]
        )
    kept = cnnzoo.create_model("resnet8", weights=trained, num_classes=10)
    assert np.array_equal(
        kept.get_layer("logits").get_weights()[0], trained.get_layer("logits").get_weights()[0]
    )


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("capsnet", {"class_capsules", "decoder_dense1"}),
        ("lenet5_1998", set()),
        ("vgg11_bn_small", {"logits"}),
    ],
)
def test_all_that_follows_the_number_of_classes_is_fresh(name, head):
    source = cnnzoo.create_model(name)
    for weight in source.weights:
        if "float" in str(weight.dtype):
            weight.assign(0.5 * np.ones(weight.shape))
    model = cnnzoo.create_model(name, weights=source, num_classes=4)
    fresh = {
        layer.name
        for layer in model.layers
        if any(np.any(np.asarray(value) != 0.5) for value in layer.get_weights()[:1])
    }
    assert fresh - {one for one in fresh if "dropout" in one} == head


def test_weights_of_another_network_name_the_layer(trained, tmp_path):
    with pytest.raises(
        CnnzooError,
        match=r"weights must fit resnet8: layer 'logits' expects \[\(64, 10\).*; found \[\(64, 4\)",
    ):
        cnnzoo.create_model("resnet8", weights=cnnzoo.create_model("resnet8", num_classes=4))
    with pytest.raises(
        CnnzooError, match="weights must fit lenet5: layer 'conv1' expects .* found no such layer"
    ):
        cnnzoo.create_model("lenet5", weights=trained)
    with pytest.raises(
        CnnzooError, match=r"layer 'stem_conv' expects \[\(3, 3, 1, 16\).*found \[\(3, 3, 3, 16\)"
    ):
        cnnzoo.create_model("resnet8", weights=trained, input_shape=(32, 32, 1))
    with pytest.raises(
        CnnzooError, match="weights must be 'imagenet', a model, .*'imagnet' is unknown"
    ):
        cnnzoo.create_model("resnet8", weights="imagnet")
    (tmp_path / "wrong.keras").write_bytes(b"PK nothing")
    with pytest.raises(CnnzooError, match="wrong.keras must be a Keras model file"):
        cnnzoo.create_model("resnet8", weights=tmp_path / "wrong.keras")


def test_features_end_with_a_layer(trained):
    part = cnnzoo.features(trained, "stage2_unit1_relu2")
    assert part.output_shape == (None, 16, 16, 32)
    with pytest.raises(
        CnnzooError,
        match="layer of resnet8 'stage2_unit1_relu' is unknown; did you mean stage2_unit1_relu",
    ):
        cnnzoo.features(trained, "stage2_unit1_relu")


def test_freezing_keeps_weights_and_statistics(trained):
    cnnzoo.freeze(trained)
    assert [layer.name for layer in trained.layers if layer.trainable_weights] == ["logits"]
    before = {layer.name: layer.get_weights() for layer in trained.layers}
    trained.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = np.random.default_rng(0).normal(size=(8, 32, 32, 3)).astype("float32")
    trained.fit(images, np.arange(8), verbose=0)
    for layer in trained.layers:
        same = all(map(np.array_equal, layer.get_weights(), before[layer.name]))
        assert same == (layer.name != "logits" or not layer.weights)


def test_freezing_up_to_a_layer(trained):
    cnnzoo.freeze(trained, "stage1_unit1_bn2")
    names = [layer.name for layer in trained.layers if layer.trainable_weights]
    assert names[0] == "stage2_unit1_conv1"
    with pytest.raises(CnnzooError, match="layer of resnet8 'stage9' is unknown"):
        cnnzoo.freeze(trained, "stage9")


@pytest.mark.parametrize("wrong", [None, 5, "resnet8", ["logits"]])
def test_what_is_no_model_is_a_one_line_error(wrong, trained):
    for function in (cnnzoo.features, cnnzoo.freeze):
        with pytest.raises(CnnzooError, match="model must be a keras.Model; got "):
            function(wrong, "logits")
    with pytest.raises(CnnzooError, match="layer of resnet8 .* is unknown"):
        cnnzoo.features(trained, wrong)
    with pytest.raises(CnnzooError, match="weights must be 'imagenet', a model, "):
        cnnzoo.create_model("resnet8", weights=wrong or 0)
