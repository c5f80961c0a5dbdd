import pytest

from cnnzoo import by_hand
from cnnzoo.errors import CnnzooError


def test_sizes_by_arithmetic():
    assert by_hand.output_size(28, 5) == 24
    assert by_hand.output_size(28, 5, padding="full") == 32
    assert by_hand.output_size(224, 7, stride=2, padding="same") == 112
    assert (
        by_hand.output_size(4, 3, padding="full", dilation=2, stride=3) == 3
    )  # 12 cells: 0, 3, 6.
    assert by_hand.output_size(227, 11, stride=4) == 55  # AlexNet's first layer.


def test_the_explanation_is_the_arithmetic():
    lines = by_hand.explain_size(28, 5, stride=2, padding="same").splitlines()
    assert [line.partition(":")[0] for line in lines] == ["span", "padded", "outputs"]
    assert "(5 - 1) * 1 + 1 = 5 " in lines[0]
    assert "1 + 28 + 2 = 31 " in lines[1]
    assert "(31 - 5) // 2 + 1 = 14" in lines[2]


@pytest.mark.parametrize(
    ("arguments", "how", "sentence"),
    [
        ((0, 3), {}, "size must be a positive integer; got 0"),
        ((28, -3), {}, "kernel must be a positive integer; got -3"),
        ((28, "3"), {}, "kernel must be a positive integer; got '3'"),
        ((3, 5), {}, "a side must have the 5 positions or more that a window spans, .*; got 3"),
        ((28, 3), {"stride": 0}, "stride must be a positive integer; got 0"),
        ((28, 3), {"padding": "vald"}, "padding 'vald' is unknown; did you mean valid?"),
    ],
)
@pytest.mark.parametrize("function", ["output_size", "explain_size", "draw_size"])
def test_wrong_numbers_get_a_sentence(function, arguments, how, sentence):
    with pytest.raises(CnnzooError, match=sentence):
        getattr(by_hand, function)(*arguments, **how)
