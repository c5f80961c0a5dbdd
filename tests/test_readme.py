"""What the README states, against what the package does."""

import re
import shlex
from pathlib import Path

import cnnzoo
from cnnzoo import cli
from cnnzoo.commands.parser import command_parser
from cnnzoo.inspection.table import table

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_table_of_networks_is_made_from_the_registry():
    assert f"<!-- networks: begin -->\n{table()}\n<!-- networks: end -->" in README
    rows = re.findall(
        r"^\| (\w+) \| `(\w+)` \| ([\d,]+) \| ([\d,]+) \| \[.+\]\(http.+\) \|$", table(), re.M
    )
    assert sorted(name for _, name, *_ in rows) == cnnzoo.list_models()
    assert ("lenet", "lenet5_1998", "60,000", "328,096") in rows


def test_the_python_example_uses_public_names():
    names = set(re.findall(r"cnnzoo\.(\w+)\(", README))
    assert names
    assert names <= set(cnnzoo.__all__)


def commands():
    """Words of each command line of `cnnzoo` in the README."""
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", README, re.S | re.M):
        for line in [] if language else block.splitlines():
            for part in line.split(" && "):
                if part.startswith("cnnzoo "):
                    yield shlex.split(part, comments=True)[1:]


def test_the_command_lines_are_right(capsys):
    lines = list(commands())
    assert ["train", "mnist_lenet5"] in lines
    for words in lines:
        command_parser().parse_args(words)
        # The others train, serve, or need files or a data set.
        if words[0] in ("list", "show") and "--out" not in words:
            assert cli.main(words) == 0
            assert capsys.readouterr().out
