"""Whole numbers read at once are what a JSON parser reads, or are left to it."""

import json
import random

import numpy as np
import orjson
import pytest

from cnnzoo.serving import flat, tensors
from cnnzoo.serving.limits import Limits

RNG = np.random.default_rng(0)


def body(values, before="", after="", **dumps):
    return f'{{{before}"instances": {json.dumps(values, **dumps)}{after}}}'.encode()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int8", "uint16"])
@pytest.mark.parametrize("shape", [(3, 4, 5, 1), (1, 7), (2, 3, 1), (5, 1), (4,)])
@pytest.mark.parametrize("dumps", [{}, {"separators": (",", ":")}, {"indent": 1}], ids=str)
def test_arrays_come_as_they_are(dtype, shape, dumps):
    bounds = np.iinfo(dtype)
    values = RNG.integers(bounds.min, bounds.max, shape, dtype, endpoint=True)
    found = flat.split(body(values.tolist(), **dumps))
    assert found.signature == ""
    read = flat.integers(found.numbers, (None, *shape[1:]), dtype)
    assert read.dtype == dtype
    assert np.array_equal(read, values)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (body([[1]]), ""),
        (body([[1]], '"signature_name": "a_b", '), "a_b"),
        (body([[1]], after=', "signature_name":"a_b"'), "a_b"),
        (b' {\n"instances" :[[1]]\t} \n', ""),
    ],
)
def test_the_signature_is_found(content, name):
    assert flat.split(content) == (name, b"[[1]]")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"instances": 1}',
        b'{"inputs": [[1]]}',
        b'{"instances": [[1]]',
        b'{"instances": [[1]]}}',
        b'{"instances": [[1]], "more": 1}',
        body([[1]], '"signature_name": "a", ', ', "signature_name": "b"'),
        b'{"signature_name": "\\u0061", "instances": [[1]]}',
        b"[[1]]",
    ],
)
def test_other_bodies_are_left(content):
    assert flat.split(content) is None


@pytest.mark.parametrize(
    "numbers",
    [
        *(
            "[]",
            "[[]]",
            "[1]",
            "[[1],[2,3]]",
            "[[1,2],[3]]",
            "[[[1,2]]]",
            "[1,[2]]",
            "[[1,],[2,3]]",
        ),
        *("[[1 2],[3,4]]", "[[1 2,],[3,4]]", "[[,1],[2,3]]", "[1[,],[2,3]]", "[[1,2]3,[4,]]"),
        *("[[01,2]]", "[[1.0,2]]", "[[1e0,2]]", "[[+1,2]]", "[[-,2]]", "[[--1,2]]", "[[1-,2]]"),
        *("[[- 1,2]]", "[[-0 1,2]]", "[[256,0]]", "[[-1,0]]", "[[123456,0]]", '[["1",2]]'),
        *(
            "[[true,2]]",
            "[[null,2]]",
            "[[1,2]][[1,2]]",
            "[[1,2],]",
            "[,[1,2]]",
            "[[1,2]][",
            "[[1,2]]]",
        ),
        *("[{},[1,2]]", "[[1,2] [3,4]]", "[[1_0,2]]", "[[\u0661,2]]", "[[1,\x0b2]]"),
    ],
)
def test_other_numbers_are_left(numbers):
    assert flat.integers(numbers.encode(), (None, 2), "uint8") is None


def test_what_is_read_is_what_json_says():
    """A thousand broken bodies: none is read that a parser refuses, or reads otherwise."""
    random.seed(0)
    read = 0
    for _ in range(4_000):
        values = RNG.integers(0, 256, (RNG.integers(1, 4), 2, 2)).tolist()
        text = bytearray(json.dumps(values, separators=random.choice([None, (",", ":")])).encode())
        for _ in range(random.choice([0, 1, 1, 2])):
            place = random.randrange(len(text))
            how = random.random()
            if how < 0.4:
                text[place] = random.choice(b"0123456789,[] -.")
            elif how < 0.7:
                del text[place]
            else:
                text.insert(place, random.choice(b"0123456789,[] -"))
        found = flat.integers(bytes(text), (None, 2, 2), "uint8")
        if found is not None:
            read += 1
            assert found.tolist() == orjson.loads(bytes(text))
    assert 800 < read < 3_500


def test_too_many_are_left_to_the_parser_that_says_so():
    inputs = {"images": tensors.Input("uint8", (None, 2))}
    limits = Limits(instances=3)
    assert tensors.whole_numbers(b"[[1,2],[3,4],[5,6]]", inputs, limits)["images"].shape == (3, 2)
    assert tensors.whole_numbers(b"[[1,2],[3,4],[5,6],[7,8]]", inputs, limits) is None
    two = {**inputs, "others": tensors.Input("uint8", (None, 2))}
    assert tensors.whole_numbers(b"[[1,2]]", two, limits) is None
    for other in (
        ("string", (None,)),
        ("uint8", None),
        ("int32", (None, 2)),
        ("uint8", (None, None)),
    ):
        given = {"x": tensors.Input(*other)}
        assert tensors.whole_numbers(b"[[1,2]]", given, limits) is None
