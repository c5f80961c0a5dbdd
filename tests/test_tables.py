"""Tables of the command line, on terminals and elsewhere."""

import pytest

from cnnzoo.commands import tables
from cnnzoo.commands.tables import facts, table

HEADINGS = ("name", "test\naccuracy", "size-\nMB", "about")
ROWS = [
    ("lenet5", "99.30%", "0.2", "A network for digits, which is described at length."),
    ("\u7f51\u7edc", "7.00%", "1,000.0", "[bold]"),
]


@pytest.fixture
def width(monkeypatch):
    return lambda columns: monkeypatch.setattr(tables, "terminal_width", lambda: columns)


def test_a_file_gets_all():
    assert table(HEADINGS, ROWS, remarks=True) == [
        "            test    size-",
        "name    accuracy       MB  about",
        "lenet5    99.30%      0.2  A network for digits, which is described at length.",
        "\u7f51\u7edc       7.00%  1,000.0  [bold]",  # Two columns a character.
    ]


def test_a_terminal_gets_what_it_has_room_for(width):
    width(41)
    lines = table(HEADINGS, ROWS, remarks=True)
    assert lines[2] == "lenet5    99.30%      0.2  A network for…"
    width(37)
    assert table(HEADINGS, ROWS, remarks=True)[-1] == (
        "Not shown here: about; a wider terminal has room."
    )
    width(20)
    assert table(HEADINGS, ROWS)[1:3] == ["name    accuracy", "lenet5    99.30%"]
    assert "size-MB, about" in table(HEADINGS, ROWS)[-1]
    width(3)
    assert table(HEADINGS, ROWS)[:3] == ["name", "lenet5", ROWS[1][0]]


def test_columns_are_set_to_the_left_where_that_is_said():
    assert table(("a", "bb"), [("1", "2"), ("10", "3")], left=(1,))[1:] == [" 1  2", "10  3"]


def test_facts_are_wrapped_in_their_column(width):
    width(20)
    assert facts([("source", "a paper of many words"), ("x", "1")]) == [
        "source  a paper of",
        "        many words",
        "x       1",
    ]
