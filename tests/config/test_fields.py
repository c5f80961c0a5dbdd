from __future__ import annotations

import dataclasses

import pytest

from cnnzoo.config.fields import Fields
from cnnzoo.errors import CnnzooError


@dataclasses.dataclass(frozen=True)
class Line(Fields):
    slope: float
    length: int = 1

    def check(self):
        self.require("length", self.length > 0, "above 0")


@dataclasses.dataclass(frozen=True)
class Circle(Fields):
    radius: float


@dataclasses.dataclass(frozen=True)
class Drawing(Fields):
    shape: Line | Circle | float
    frame: Line | None = None
    ink: dict = dataclasses.field(default_factory=dict)
    days: tuple[int, ...] = ()
    signed: bool = False
    name: str = ""


DRAWING = Drawing(Line(2.0), frame=Line(1), ink={"red": 3}, days=(1, 5))


@pytest.mark.parametrize("drawing", [DRAWING, Drawing(Circle(3)), Drawing(0.5, signed=True)])
def test_json_round_trip_names_a_part_that_could_be_another(drawing):
    assert Drawing.from_json(drawing.to_json()) == drawing


def test_only_an_ambiguous_part_is_named_in_json():
    line = {"slope": 2.0, "length": 1}
    assert DRAWING.to_json()["shape"] == {"Line": line}
    assert DRAWING.to_json()["frame"] == {"slope": 1.0, "length": 1}
    assert DRAWING.to_json()["days"] == [1, 5]


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        ({"shape": "0.5"}, {"shape": 0.5}),
        ({"shape": "Circle(3)"}, {"shape": Circle(3.0)}),
        ({"shape": "Line(1, length=4)"}, {"shape": Line(1.0, 4)}),
        ({"shape.length": "4"}, {"shape": Line(2.0, 4)}),
        ({"shape": "Line(1)", "shape.length": "4"}, {"shape": Line(1.0, 4)}),
        ({"frame": "none"}, {"frame": None}),
        ({"ink.blue": "0.5", "ink.red": "'x'"}, {"ink": {"red": "x", "blue": 0.5}}),
        ({"days": "(3, 4)"}, {"days": (3, 4)}),
        ({"signed": "true", "name": "3"}, {"signed": True, "name": "3"}),
        ({"shape": "Square(3)"}, {"shape": "Square(3)"}),
        ({"shape": "__import__('os')"}, {"shape": "__import__('os')"}),
    ],
)
def test_text_becomes_values(assignments, expected):
    assert DRAWING.parse(assignments) == expected


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        ({"shap": "1"}, "drawing field 'shap' is unknown; did you mean shape"),
        ({"shape.slop": "1"}, "line field 'slop' is unknown; did you mean slope"),
        ({"name.first": "1"}, "name must have fields for name.first to be one; got ''"),
        ({"shape": "Line(1, wide=2)"}, "Line must be made of its fields"),
        ({"shape.length": "-1"}, "length must be above 0; got -1"),
        ({"frame.length": "x"}, "length must be an integer; got 'x'"),
    ],
)
def test_text_that_fits_nothing_is_refused(assignments, message):
    with pytest.raises(CnnzooError, match=message):
        DRAWING.parse(assignments)


def test_values_of_a_wrong_type_are_refused_with_what_is_allowed():
    with pytest.raises(
        CnnzooError, match=r"shape must be Line\(...\) or Circle\(...\) or a number"
    ):
        Drawing("thin")
    with pytest.raises(CnnzooError, match=r"days must be a list of integers; got \(1.5,\)"):
        Drawing(1.0, days=(1.5,))
    with pytest.raises(CnnzooError, match="signed must be true or false; got 1"):
        Drawing(1.0, signed=1)
    with pytest.raises(CnnzooError, match="drawing fields must be those of this version"):
        Drawing.from_json({"shape": 1.0, "color": "red"})
