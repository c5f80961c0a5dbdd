import json
import random
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.export import artifact
from cnnzoo.files import read_sealed, write_sealed


@pytest.fixture
def copy(finished_run, tmp_path):
    path = tmp_path / "copy.keras"
    path.write_bytes(finished_run.artifact.read_bytes())
    return path


def test_plain_keras_opens_the_artifact_and_gives_the_same_scores(copy, classifier, digits):
    model = keras.saving.load_model(copy)
    assert np.allclose(np.asarray(model(digits)["scores"]), classifier.scores(digits), atol=1e-6)


def test_the_card_says_what_the_network_is(copy):
    with zipfile.ZipFile(copy) as archive:
        card = json.loads(archive.read("card.json"))
        parts = set(archive.namelist()) - {"card.json"}
    assert card["format"] == 4
    assert card["macs"] == 416_520
    assert any("28x28 gray" in sentence for sentence in card["limits"])
    assert card["class_names"] == list("0123456789")
    assert card["input"] == {"shape": [28, 28, 1], "light_on_dark": True}
    assert card["params"] == 61_706
    assert card["recipe"]["model"] == "lenet5"
    assert set(card["sha256"]) == parts
    assert card["metrics"]["test"]["examples"] == 500


def test_arguments_that_older_versions_of_keras_refuse_are_left_out(copy):
    with zipfile.ZipFile(copy) as archive:
        config = archive.read("config.json").decode()
    for name in ("input_axes", "output_axes", "quantization_config"):
        assert name not in config


def test_a_model_that_this_keras_cannot_read_is_refused_in_a_sentence(copy, monkeypatch):
    def newer(*_, **__):
        raise TypeError("an unexpected keyword argument")

    monkeypatch.setattr(keras.saving, "load_model", newer)
    with pytest.raises(CnnzooError, match="was written by Keras .* cannot read it$"):
        _ = cnnzoo.load(copy).model
    writer = keras.__version__
    monkeypatch.setattr(keras, "__version__", "3.0.0")
    with pytest.raises(CnnzooError, match=f"Keras 3.0.0 cannot read it; install Keras {writer}$"):
        _ = cnnzoo.load(copy).model


def test_no_single_bit_flip_loads_silently(copy):
    content = copy.read_bytes()
    draw = random.Random(0)
    for _ in range(300):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        copy.write_bytes(damaged)
        with pytest.raises(CnnzooError, match=f"{copy} is damaged or was not written by cnnzoo"):
            _ = cnnzoo.load(copy).model


@pytest.mark.parametrize("size", [0, 10, 5_000])
def test_a_truncated_file_is_refused(copy, size):
    copy.write_bytes(copy.read_bytes()[:size])
    with pytest.raises(CnnzooError, match="is damaged or was not written by cnnzoo"):
        _ = cnnzoo.load(copy).model


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"class_names": [*"012345678"]},
            r"must give what its card says, a score for each of its 9 classes and known; ",
        ),
        (
            {"input": {"shape": [28, 28, 3], "light_on_dark": True}},
            r"must take what its card says, uint8 \(28, 28, 3\); its network takes uint8 \(28, ",
        ),
        ({"input": {"shape": []}}, "must take what its card says, string .* takes uint8"),
    ],
)
def test_a_card_of_another_network_is_refused(fields, message, classifier, tmp_path):
    """Where there is no LiteRT file, too; see `test_light` for one."""
    path = tmp_path / "artifact.keras"
    artifact.save(path, classifier.model, {**classifier.card, **fields})
    with pytest.raises(CnnzooError, match=f"^{path} {message}"):
        cnnzoo.load(path)


def test_weights_that_are_no_numbers_are_refused(classifier, tmp_path):
    path = tmp_path / "artifact.keras"
    model = keras.models.clone_model(classifier.model)
    model.set_weights([np.full_like(one, np.nan) for one in model.get_weights()])
    artifact.save(path, model, classifier.card)
    with pytest.raises(CnnzooError, match=f"^{path} must hold finite weights; .* has others$"):
        cnnzoo.load(path)


def test_a_plain_keras_file_is_refused(tmp_path):
    path = tmp_path / "plain.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    with pytest.raises(CnnzooError, match="is damaged or was not written by cnnzoo"):
        cnnzoo.load(path)


def test_a_newer_format_is_refused(copy, classifier):
    parts = read_sealed(copy)
    card = {**json.loads(parts[artifact.CARD]), "format": 5}
    write_sealed(copy, {**parts, artifact.CARD: json.dumps(card).encode()})
    with pytest.raises(CnnzooError, match="must have artifact format 1 to 4; got 5"):
        _ = cnnzoo.load(copy).model


def test_a_failed_save_keeps_the_old_artifact(copy, classifier, monkeypatch):
    before = copy.read_bytes()

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(OSError, match="No space left"):
        artifact.save(copy, classifier.model, {"name": "other"})
    assert copy.read_bytes() == before
    assert [path.name for path in copy.parent.iterdir()] == ["copy.keras"]


def test_names_and_paths_that_hold_no_network_are_refused(tmp_path):
    with pytest.raises(
        CnnzooError, match="trained model 'mnist_lenet' is unknown; did you mean mnist_l"
    ):
        cnnzoo.load("mnist_lenet")
    with pytest.raises(
        CnnzooError, match="must be a run folder, an artifact or a SavedModel; got a f"
    ):
        cnnzoo.load(tmp_path)
    with pytest.raises(CnnzooError, match="got no such path"):
        cnnzoo.load(tmp_path / "none")
    (tmp_path / "recipe.json").write_text("{}")
    with pytest.raises(CnnzooError, match="holds a run whose first epoch is not finished"):
        cnnzoo.load(tmp_path)


def test_an_artifact_of_the_first_format_gives_the_same_scores_as_then():
    """Written before recipes had folds; its card holds the test accuracy of that time."""
    path = Path(__file__).parent / "artifacts" / "format1_images.keras"
    classifier = cnnzoo.load(path)
    assert classifier.card["format"] == 4  # Migrated.
    assert classifier.threshold is None
    assert classifier.card["limits"]
    measured = cnnzoo.evaluate(classifier)
    assert measured["accuracy"] == classifier.card["metrics"]["test"]["accuracy"] == 0.994
