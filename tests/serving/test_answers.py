"""Answers, compared with those that TensorFlow gives to the same SavedModel."""

import base64
import json
import threading

import numpy as np
import pytest
import tensorflow as tf

from cnnzoo.serving import answers
from cnnzoo.serving.engine import Engine, Signature


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


def same(found, wanted):
    """Whether JSON holds what the tensor `wanted` holds."""
    if wanted.dtype == tf.string:
        return found == np.vectorize(bytes.decode, otypes=[object])(wanted.numpy()).tolist()
    return np.allclose(found, wanted.numpy(), atol=1e-5)


def check(client, name, signature, request, tensor, loaded):
    """Ask by row and by column, and compare both answers with TensorFlow's."""
    function = loaded[name][signature]
    (given,) = function.structured_input_signature[1]
    wanted = function(**{given: tensor})
    path = f"/v1/models/{name}:predict"
    for rows in (request, [{given: row} for row in request]):
        body = {"signature_name": signature, "instances": rows}
        found = client.post(path, json=body).json()["predictions"]
        assert len(found) == len(request)
        for output, values in wanted.items():
            column = found if len(wanted) == 1 else [row[output] for row in found]
            assert same(column, values), output
    for columns in (request, {given: request}):
        body = {"signature_name": signature, "inputs": columns}
        found = client.post(path, json=body).json()["outputs"]
        found = {next(iter(wanted)): found} if len(wanted) == 1 else found
        assert found.keys() == wanted.keys()
        assert all(same(found[output], values) for output, values in wanted.items())


def test_images(client, images, digits, loaded):
    rows = digits.tolist()
    check(client, images, "serving_default", rows, digits, loaded)
    check(client, images, "serving_features", rows, digits, loaded)
    encoded = [tf.io.encode_png(digit).numpy() for digit in digits]
    encoded[1] = tf.io.encode_jpeg(digits[1]).numpy()
    for signature in ("serving_bytes", "serving_explain"):
        check(client, images, signature, [*map(b64, encoded)], tf.constant(encoded), loaded)


def test_texts(client, texts, loaded):
    rows = ["a good film", "", "bad \N{SNOWMAN}", "\N{LATIN SMALL LETTER E WITH ACUTE}" * 300]
    for signature in ("serving_default", "serving_features", "serving_explain"):
        check(client, texts, signature, rows, tf.constant(rows), loaded)
    encoded = [b64(row.encode()) for row in rows]
    check(client, texts, "serving_default", encoded, tf.constant(rows), loaded)


def test_sounds(client, sounds, loaded):
    waves = (np.sin(np.arange(2_048).reshape(2, 1_024, 1) / 9) * 20_000).astype(np.int16)
    check(client, sounds, "serving_default", waves.tolist(), waves, loaded)
    encoded = [tf.audio.encode_wav(wave / 32_768, 8_000).numpy() for wave in waves]
    check(client, sounds, "serving_bytes", [*map(b64, encoded)], tf.constant(encoded), loaded)


def test_litert_predicts_from_raw_input(exports, images, texts, sounds, digits, monkeypatch):
    inputs = {
        images: {"images": digits},
        sounds: {"sounds": np.zeros((2, 1_024, 1), np.int16)},
        texts: {"texts": np.array([b"bad", b"good"], object)},
    }
    for name, arrays in inputs.items():
        engine = Engine(exports / name / "1")
        (batch,) = arrays.values()
        assert len(engine.signatures["serving_default"](arrays)["scores"]) == len(batch)
        monkeypatch.setattr("cnnzoo.export.runtime.LiteRT.__call__", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engine.signatures["serving_default"](arrays)
        monkeypatch.undo()


def test_without_a_litert_file_tensorflow_predicts(copy, images, digits, serving, loaded):
    (copy / images / "1" / "assets.extra" / "model.tflite").unlink()
    with serving(copy) as client:
        check(client, images, "serving_default", digits.tolist(), digits, loaded)


def test_the_signature_is_serving_default_where_none_is_named(client, images, digits):
    body = {"instances": digits.tolist()}
    paths = [f"/v1/models/{images}:predict", f"/v1/models/{images}/versions/1:predict"]
    bodies = [body, {**body, "signature_name": ""}, {**body, "signature_name": "serving_default"}]
    found = [client.post(path, json=body) for path in paths for body in bodies]
    assert all(answer.status_code == 200 for answer in found)
    assert len({answer.content for answer in found}) == 1
    assert found[0].headers["content-type"] == "application/json"


def test_base64_may_lack_the_filling_at_its_end(client, images, digits):
    content = base64.b64encode(tf.io.encode_png(digits[0]).numpy()).decode().rstrip("=")
    body = {"signature_name": "serving_bytes", "instances": [{"b64": content}]}
    assert client.post(f"/v1/models/{images}:predict", json=body).status_code == 200


def test_one_output_stands_bare_and_bytes_as_base64():
    scores = np.array([[0.1, 0.9], [0.5, 0.5]], np.float32)
    assert answers.body({"scores": scores}, True) == b'{"predictions":[[0.1,0.9],[0.5,0.5]]}'
    assert answers.body({"scores": scores}, False) == b'{"outputs":[[0.1,0.9],[0.5,0.5]]}'
    names = np.array([["a", b"\xff"]], object)
    outputs = {"top": names, "top_bytes": names[:, 1:], "id": np.array([7])}
    row = {"top": ["a", "\N{REPLACEMENT CHARACTER}"], "top_bytes": [b64(b"\xff")], "id": 7}
    assert json.loads(answers.body(outputs, True)) == {"predictions": [row]}
    assert json.loads(answers.body(outputs, False))["outputs"]["id"] == [7]


def test_only_quick_answers_are_made_between_those_of_others(
    client, images, texts, digits, monkeypatch
):
    """What takes long is for a thread: decoding, a long text, many images."""
    answer, names = Signature.__call__, []

    def recorded(self, arrays):
        names.append(threading.current_thread().name)
        return answer(self, arrays)

    monkeypatch.setattr(Signature, "__call__", recorded)
    encoded = b64(tf.io.encode_png(digits[0]).numpy())
    for name, body in (
        (images, {"signature_name": "serving_bytes", "instances": [encoded]}),
        (images, {"instances": np.concatenate([digits] * 4).tolist()}),
        (texts, {"instances": ["a good film " * 100]}),
        (images, {"signature_name": "serving_features", "instances": digits[:1].tolist()}),
    ):
        assert client.post(f"/v1/models/{name}:predict", json=body).status_code == 200
        assert names.pop().startswith("predict")
