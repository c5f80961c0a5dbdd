"""Types that networks of the zoo do not take, but exported signatures may."""

import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.serving.limits import Limits
from cnnzoo.serving.tensors import Input, arrays


def read(values, dtype, shape=(None,)):
    return arrays({"inputs": values}, {"x": Input(dtype, shape)}, Limits())[0]["x"]


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("int8", [-128, 127]),
        ("int16", [-(2**15), 2**15 - 1]),
        ("int32", [-(2**31), 2**31 - 1]),
        ("int64", [-(2**63), 2**63 - 1]),
        ("uint8", [0, 255]),
        ("uint16", [0, 2**16 - 1]),
        ("uint32", [0, 2**32 - 1]),
        ("uint64", [0, 2**64 - 1]),
        ("float16", [0.5, 65_504]),
        ("float32", [0.1, 1, 3e38]),
        ("float64", [0.1, 1, 1e308]),
        ("bool", [True, False]),
    ],
)
def test_values_within_the_range_of_a_type(dtype, values):
    found = read(values, dtype)
    assert found.dtype == dtype
    assert found.tolist() == np.array(values, dtype).tolist()


@pytest.mark.parametrize(
    ("dtype", "values", "message"),
    [
        ("int8", [-129], "x must be whole numbers from -128 to 127; got -129"),
        ("int16", [1, 2**15], "x must be whole numbers from -32768 to 32767; got 32768"),
        ("int64", [2**63], "x must be whole numbers from .*; got 9223372036854775808"),
        ("uint32", [-1], "x must be whole numbers from 0 to 4294967295; got -1"),
        ("float16", [65_536], "x must fit in float16; got 65536"),
        ("float32", [-4e38], r"x must fit in float32; got 4e\+38"),
        ("float32", ["1"], "x must be numbers; got '1'"),
        ("float32", [True], "x must be numbers; got a boolean"),
        ("bool", [1], "x must be true or false; got 1"),
    ],
)
def test_values_beyond_it_are_refused(dtype, values, message):
    with pytest.raises(CnnzooError, match=message):
        read(values, dtype)


def test_shapes():
    assert read([[1, 2], [3, 4], [5, 6]], "float32", None).shape == (3, 2)
    assert read([[]], "float32", (None, None)).shape == (1, 0)
    assert read(3, "int32", ()).shape == ()
    for values in ([[1], []], [[1], 2], [[[1]], [1]], [1, [2]]):
        with pytest.raises(CnnzooError, match="x must not be ragged"):
            read(values, "int32", None)


def test_several_inputs_come_by_name():
    inputs = {"a": Input("int32", (None,)), "b": Input("string", (None,))}
    rows = {"instances": [{"a": 1, "b": "x"}, {"a": 2, "b": {"b64": "eQ"}}]}
    columns = {"inputs": {"a": [1, 2], "b": ["x", "y"]}}
    for document in (rows, columns):
        found, by_row = arrays(document, inputs, Limits())
        assert by_row == (document is rows)
        assert found["a"].tolist() == [1, 2]
        assert found["b"].tolist() == [b"x", b"y"]
    for document, message in (
        ({"instances": [1, 2]}, r"instances\[0\] must be an object with 'a', 'b'; got a number"),
        ({"instances": [{"a": 1}]}, r"instances\[0\] must be an object with 'a', 'b'; got 'a'"),
        ({"inputs": [1]}, "inputs must be an object with 'a', 'b'; got a list"),
    ):
        with pytest.raises(CnnzooError, match=message):
            arrays(document, inputs, Limits())
