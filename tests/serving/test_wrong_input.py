"""Whatever is sent is refused with a sentence, and the next request is answered."""

import base64
import io
import json
import re
import struct
import zlib

import pytest
from PIL import Image

from cnnzoo.serving.limits import Limits

BLANK = [[[0]] * 28] * 28
IMAGES = r"images must have shape \[batch, 28, 28, 1\]; got "


def encoded(size, kind="PNG", share=1.0):
    buffer = io.BytesIO()
    Image.new("RGB", size, "white").save(buffer, kind)
    content = buffer.getvalue()[: int(share * len(buffer.getvalue()))]
    return {"b64": base64.b64encode(content).decode()}


def as_bytes(value):
    return {"signature_name": "serving_bytes", "instances": [value]}


def with_pixel(pixel):
    return {"instances": [[[[pixel], *BLANK[0][1:]], *BLANK[1:]]]}


BODIES = {
    "no JSON": (b"instances = 1", r"the body must be JSON; got unexpected character"),
    "nothing": (b"", r"the body must be JSON; got Input is a zero-length"),
    "not UTF-8": (b'{"instances": "\xff"}', r"the body must be JSON; got .* UTF-8"),
    "half a surrogate pair": (b'{"instances": ["\\ud800"]}', r"the body must be JSON; .*surrogate"),
    "NaN": (b'{"instances": [NaN]}', r"the body must be JSON; got unexpected character"),
    "Infinity": (b'{"instances": [-Infinity]}', r"the body must be JSON; got "),
    "too deep": (b"[" * 100_000, r"the body must be JSON; got depth limit exceeded"),
    "a list": ([], r"the body must be a JSON object; got a list$"),
    "another key": ({"instance": [1]}, r"either 'instances' or 'inputs'; got 'instance'$"),
    "no key": ({}, r"either 'instances' or 'inputs'; got nothing$"),
    "both keys": ({"instances": [1], "inputs": 1}, r"either 'instances' or 'inputs'; got both$"),
    "signature is a number": ({"signature_name": 1}, r"signature_name must be a string; got a num"),
    "unknown signature": (
        {"signature_name": "serving_byte", "instances": [1]},
        r"signature 'serving_byte' is unknown; did you mean serving_bytes",
    ),
    "initialization is no signature": (
        {"signature_name": "__saved_model_init_op", "instances": [1]},
        r"signature '__saved_model_init_op' is unknown",
    ),
    "no list": ({"instances": 1}, r"a list of at least one example; got a number$"),
    "no instances": ({"instances": []}, r"a list of at least one example; got an empty one$"),
    "no inputs": ({"inputs": []}, IMAGES + r"\[0\]$"),
    "too many": ({"instances": [BLANK] * 129}, r"instances must hold 1 to 128 examples; got 129$"),
    "too many inputs": ({"inputs": [BLANK] * 129}, r"images must hold 1 to 128 examples; got 129$"),
    "rank": ({"instances": BLANK}, IMAGES + r"\[28, 28, 1\]$"),
    "size": ({"instances": [BLANK[1:]]}, IMAGES + r"\[1, 27, 28, 1\]$"),
    "scalar": ({"inputs": 1}, IMAGES + r"\[\]$"),
    "ragged": ({"instances": [BLANK, BLANK[1:]]}, r"images must not be ragged; got lists of sev"),
    "mixed": ({"instances": [BLANK, 3]}, r"images must not be ragged; got lists and values side"),
    "named wrongly": (
        {"instances": [{"image": BLANK}]},
        r"instances\[0\] must be an object with 'images'; got 'image'$",
    ),
    "not all are named": (
        {"instances": [{"images": BLANK}, BLANK]},
        r"instances\[1\] must be an object with 'images'; got a list$",
    ),
    "inputs named wrongly": (
        {"inputs": {"images": [BLANK], "more": 1}},
        r"inputs must be an object with 'images'; got 'images', 'more'$",
    ),
    "fraction": (with_pixel(0.5), r"images must be whole numbers from 0 to 255; got 0.5$"),
    "float": (with_pixel(1.0), r"images must be whole numbers from 0 to 255; got 1.0$"),
    "negative": (with_pixel(-1), r"images must be whole numbers from 0 to 255; got -1$"),
    "too bright": (with_pixel(256), r"images must be whole numbers from 0 to 255; got 256$"),
    "huge": (with_pixel(10**30), r"images must be whole numbers from 0 to 255; got 1e\+30$"),
    "boolean": (with_pixel(True), r"images must be whole numbers .*; got a boolean$"),
    "null": (with_pixel(None), r"images must be whole numbers .*; got null$"),
    "string": (with_pixel("7"), r"images must be whole numbers .*; got '7'$"),
    "bad base64": (as_bytes({"b64": "?!"}), r"image_bytes must hold valid base64; got '\?!'$"),
    "base64 of one letter": (as_bytes({"b64": "A"}), r"image_bytes must hold valid base64"),
    "base64 is a number": (as_bytes({"b64": 1}), r'image_bytes must be strings or {"b64": string}'),
    "number for bytes": (as_bytes(1), r'image_bytes must be strings or {"b64": string}; got 1$'),
    "no image": (as_bytes({"b64": "bm9uZQ=="}), r"^image_bytes must be a PNG or JPEG image$"),
    "empty image": (as_bytes({"b64": ""}), r"^image_bytes must be a PNG or JPEG image$"),
    "text for an image": (as_bytes("none"), r"^image_bytes must be a PNG or JPEG image$"),
    "truncated PNG": (
        as_bytes(encoded((99, 99), share=0.7)),
        r"^image_bytes is damaged: it cannot be decoded$",
    ),
    "truncated JPEG": (
        as_bytes(encoded((99, 99), "JPEG", share=0.7)),
        r"^image_bytes is damaged: ",
    ),
    "headers of a PNG alone": (
        as_bytes(encoded((99, 99), share=0.1)),
        r"^image_bytes is damaged: ",
    ),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_wrong(client, images, what):
    body, message = BODIES[what]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    path = f"/v1/models/{images}:predict"
    answer = client.post(path, content=content)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert re.search(message, answer.json()["error"]), answer.json()["error"]
    assert client.post(path, json={"instances": [BLANK]}).status_code == 200


def test_texts_that_are_wrong(client, texts):
    path = f"/v1/models/{texts}:predict"
    limit = Limits().text
    wrong = {
        "texts must be UTF-8; got b'\\xff'": [{"b64": base64.b64encode(b"a \xff").decode()}],
        f"texts must come to at most {limit:,} bytes, the longest times their number; got "
        "1,000,000": ["a" * 1_000_000],
        'texts must be strings or {"b64": string}; got 3': ["a", 3],
        "texts must have shape [batch]; got [1, 1]": [["a"]],
    }
    for message, rows in wrong.items():
        answer = client.post(path, json={"instances": rows})
        assert (answer.status_code, answer.json()["error"]) == (400, message)
    many = ["a"] * 127 + ["a" * (limit // 128)]
    assert client.post(path, json={"instances": many}).status_code == 200
    assert client.post(path, json={"instances": [*many[1:], many[-1] + "a"]}).status_code == 400


def claiming(size):
    """A PNG whose header claims a size; decoded, it would be found to hold nothing."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
    ]
    chunks = [
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    ]
    return {"b64": base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()}


MOST_PIXELS = {
    "serving_bytes": "image_bytes must have at most 16,777,216 pixels; got 4097x4097",
    "serving_explain": "image_bytes must have at most 16777216 pixels",  # TensorFlow's.
}


@pytest.mark.parametrize("signature", MOST_PIXELS)
def test_a_decompression_bomb_is_refused_by_its_header(client, images, signature):
    """580 MB of pixels; a little too many for the graph; and each allowed, but not together."""
    refused = "image_bytes must have 33,554,432 pixels at most; got "
    cases = {
        refused + "193,599,396": [claiming((13_914, 13_914))],
        refused + "50,331,648": [encoded((4_096, 4_096))] * 3,
        MOST_PIXELS[signature]: [claiming((4_097, 4_097))],
    }
    for message, rows in cases.items():
        body = {"signature_name": signature, "instances": rows}
        answer = client.post(f"/v1/models/{images}:predict", json=body)
        assert (answer.status_code, answer.json()["error"]) == (400, message)


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("POST", "/v1/models/none:predict", 404, "model 'none' is unknown; known: "),
        ("GET", "/v1/models/none", 404, "model 'none' is unknown; known: "),
        ("GET", "/v1/models/none/metadata", 404, "model 'none' is unknown; known: "),
        ("POST", "/v1/models/NAME/versions/7:predict", 404, "NAME has no version 7 that is loaded"),
        ("GET", "/v1/models/NAME/versions/7", 404, "NAME has no version 7 that is loaded"),
        ("GET", "/v1/models/NAME/versions/7/metadata", 404, "NAME has no version 7 that is loaded"),
        ("GET", f"/v1/models/NAME/versions/{'9' * 5_000}", 404, "no such address: /v1/models/"),
        ("GET", "/v1/models/NAME/versions/one", 404, "no such address: /v1/models/"),
        ("GET", "/v1/models/NAME:predict", 405, "GET is not allowed at /v1/models/NAME:predict"),
        ("PUT", "/v1/models/NAME:predict", 405, "PUT is not allowed at /v1/models/NAME:predict"),
        ("POST", "/v1/models/NAME", 405, "POST is not allowed at /v1/models/NAME"),
        ("DELETE", "/v1/models", 405, "DELETE is not allowed at /v1/models"),
        ("POST", "/v1/models/NAME:classify", 404, "no such address: /v1/models/NAME:classify"),
        ("GET", "/v2", 404, "no such address: /v2"),
        ("GET", "/v1/models/%2e%2e%2fNAME", 404, "no such address: "),
    ],
)
def test_an_address_or_method_that_is_wrong(client, images, method, path, status, message):
    answer = client.request(method, path.replace("NAME", images))
    assert answer.status_code == status
    assert answer.json()["error"].startswith(message.replace("NAME", images))
