"""What the README states, against what the package does."""

import re
from pathlib import Path

import cnnzoo
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


def test_the_two_commands_open_the_readme():
    first, second = re.findall(r"```\n(.*?)\n```", README, re.S)[:2]
    assert first == "pip install . && cnnzoo train mnist_lenet5"
    assert second == "pip install '.[test]' && pytest"
