"""Loading: what is damaged is refused, and what is loaded agrees with the export's facts."""

import json

import keras
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.export.litert import convert
from cnnzoo.serving.engine import Engine


@pytest.fixture
def version(copy, images):
    return copy / images / "1"


def test_an_engine_has_the_signatures_and_the_card(version):
    engine = Engine(version)
    assert {"serving_default", "serving_bytes"} <= engine.signatures.keys()
    assert engine.signatures["serving_default"].inputs == {"images": ("uint8", (None, 28, 28, 1))}
    assert engine.signatures["serving_bytes"].inputs == {"image_bytes": ("string", (None,))}
    assert engine.card == json.loads((version / "assets.extra" / "card.json").read_text())


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("saved_model.pb", b"rubbish", "saved_model.pb"),
        ("variables/variables.index", None, "is damaged or no SavedModel"),
        (
            "variables/variables.data-00000-of-00001",
            b"short",
            "must hold the values of its variables",
        ),
        ("assets.extra/card.json", None, "card.json must be a file; there is nothing"),
        ("assets.extra/card.json", b"{", "card.json must"),
        ("assets.extra/card.json", b"\xff", "card.json must"),
        ("assets.extra/card.json", b"[]", "card.json must"),
        ("assets.extra/card.json", b"{}", "card.json must"),
        ("assets.extra/model.tflite", b"rubbish", "model.tflite of .* is damaged"),
    ],
    ids=str,
)
def test_a_damaged_version_is_refused(version, path, content, message):
    if content is None:
        (version / path).unlink()
    else:
        (version / path).write_bytes(content)
    with pytest.raises(CnnzooError, match=message):
        Engine(version)


def test_a_litert_file_of_another_network_is_refused(version, classifier):
    model = keras.models.clone_model(classifier.model)  # With fresh weights.
    (version / "assets.extra" / "model.tflite").write_bytes(convert(model))
    with pytest.raises(CnnzooError, match="does not give the SavedModel's scores"):
        Engine(version)
