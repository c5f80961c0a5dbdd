"""Bodies that are no JSON, or packed: the same examples get the same answer in every form."""

import base64
import gzip
import io
import json
import zlib

import numpy as np
import pytest

from cnnzoo.decoding import encode_png

RAW, NPY = {"Content-Type": "application/octet-stream"}, {"Content-Type": "application/x-npy"}
EXAMPLES = np.random.default_rng(0).integers(0, 256, (6, 28, 28, 1)).astype(np.uint8)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def b64(array):
    return {"b64": base64.b64encode(array.tobytes()).decode()}


def rows(array=EXAMPLES):
    return json.dumps({"instances": array.tolist()}).encode()


@pytest.fixture
def post(client, images):
    def post(content, headers=None, query="", model=images):
        path = f"/v1/models/{model}:predict{query}"
        return client.post(path, content=content, headers=headers or {})

    return post


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (EXAMPLES.tobytes(), RAW),
        (EXAMPLES.tobytes(), {**RAW, "X-Shape": "6,28,28,1"}),
        (EXAMPLES.tobytes(), {**RAW, "X-Shape": "[6, 28, 28, 1]"}),
        (npy(EXAMPLES), NPY),
        (npy(EXAMPLES), {"Content-Type": "application/octet-stream; charset=binary"}),
        (npy(np.asfortranarray(EXAMPLES)), NPY),
        (npy(EXAMPLES.astype(np.int64)), NPY),
        (npy(EXAMPLES.astype(">f4")), NPY),
        (gzip.compress(rows()), {"Content-Encoding": "gzip"}),
        (gzip.compress(EXAMPLES.tobytes()), {**RAW, "Content-Encoding": "GZip"}),
        (json.dumps({"instances": [b64(one) for one in EXAMPLES]}), {}),
        (json.dumps({"instances": [{"images": b64(one)} for one in EXAMPLES]}), {}),
    ],
)
def test_one_answer_in_every_form(post, content, headers):
    wanted = post(rows())
    assert wanted.status_code == 200
    found = post(content, headers)
    assert found.json() == wanted.json()


def test_columns_of_raw_bytes(post):
    wanted = post(json.dumps({"inputs": EXAMPLES.tolist()})).json()["outputs"]
    assert post(json.dumps({"inputs": b64(EXAMPLES)})).json()["outputs"] == wanted
    assert post(json.dumps({"inputs": {"images": b64(EXAMPLES)}})).json()["outputs"] == wanted


def test_one_encoded_image(post, digits):
    content = encode_png(digits[0])
    encoded = {"image_bytes": {"b64": base64.b64encode(content).decode()}}
    wanted = post(json.dumps({"signature_name": "serving_bytes", "instances": [encoded]}))
    found = post(content, RAW, "?signature_name=serving_bytes")
    assert found.status_code == wanted.status_code == 200
    assert found.json() == wanted.json()


def test_sounds_are_whole_numbers_of_two_bytes(post, sounds):
    wave = np.random.default_rng(0).integers(-9_000, 9_000, (2, 1_024, 1)).astype("<i2")
    wanted = post(rows(wave), model=sounds).json()
    assert post(wave.tobytes(), RAW, model=sounds).json() == wanted
    assert post(npy(wave.astype(">i2")), NPY, model=sounds).json() == wanted


@pytest.mark.parametrize(
    ("content", "headers", "status", "message"),
    [
        (b"", RAW, 400, "images must hold 1 to 128 examples; got 0"),
        (b"x" * 1_000, RAW, 400, "images must have 784 bytes an example, 28 x 28 x 1 x 1 bytes"),
        (
            *(EXAMPLES.tobytes(), {**RAW, "X-Shape": "5,28,28,1"}, 400),
            "got 4,704 bytes for 5 of them",
        ),
        (EXAMPLES.tobytes(), {**RAW, "X-Shape": "6,28,28"}, 400, "images must have shape [batch"),
        (EXAMPLES.tobytes(), {**RAW, "X-Shape": "6;x"}, 400, "X-Shape must be sizes such as"),
        (b"x" * 784 * 129, RAW, 400, "images must hold 1 to 128 examples; got 129"),
        (npy(EXAMPLES / 2), NPY, 400, "images must hold uint8; got float64, which does not fit"),
        (npy(EXAMPLES * 2.0), NPY, 400, "images must hold uint8"),
        (npy(EXAMPLES[..., 0]), NPY, 400, "images must have shape [batch, 28, 28, 1]; got"),
        (npy(np.array(["a"])), NPY, 400, "images must have shape"),
        (npy(EXAMPLES)[:-1], NPY, 400, "the body must be a .npy file; got"),
        (b"\x93NUMPY\x01\x00v\x00{'descr'", NPY, 400, "the body must be a .npy file; got"),
        (b"hello", NPY, 400, "the body must be a .npy file; got"),
        (b"hello", {"Content-Encoding": "gzip"}, 400, "the body must be gzip, as its header says"),
        (gzip.compress(rows())[:-9], {"Content-Encoding": "gzip"}, 400, "got half of it"),
        (gzip.compress(rows()) + b"x", {"Content-Encoding": "gzip"}, 400, "got more than that"),
        (zlib.compress(rows()), {"Content-Encoding": "deflate"}, 415, "Content-Encoding must be"),
        (gzip.compress(bytes(2**27)), {"Content-Encoding": "gzip"}, 413, "at most 33,554,432"),
        (json.dumps({"instances": [b64(EXAMPLES[:2]), b64(EXAMPLES[:0])]}), {}, 400, "as many"),
        (json.dumps({"instances": [{"b64": "AAAA"}]}), {}, 400, "got 3 bytes for 1 of them"),
        (json.dumps({"instances": [{"b64": "?"}]}), {}, 400, "images must hold valid base64"),
    ],
)
def test_what_does_not_fit_is_refused(post, content, headers, status, message):
    found = post(content, headers)
    assert found.status_code == status
    assert message in found.json()["error"]


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [("|u1", (10**9, 28, 28, 1)), ("|S0", (4 * 10**9,)), ("|u1", (-1, 28, 28, 1))],
)
def test_a_file_that_states_more_than_it_holds_is_refused(post, dtype, shape):
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    found = post(file.getvalue() + bytes(784), NPY)
    assert found.status_code == 400
    assert found.json()["error"] == "the body must be a .npy file; got more items than bytes"


def test_texts_come_as_json(post, texts):
    for headers in (RAW, NPY):
        found = post(b"a good film", headers, model=texts)
        assert found.status_code == 400
        assert found.json()["error"].startswith("texts must come as JSON; got application/")


def test_a_signature_of_the_address_must_exist(post):
    found = post(EXAMPLES.tobytes(), RAW, "?signature_name=nothing")
    assert found.status_code == 400
    assert found.json()["error"].startswith("signature 'nothing' is unknown; known: serving_")
