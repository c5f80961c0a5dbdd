"""What the README states, against what the package does."""

import re
from pathlib import Path

import cnnzoo
from cnnzoo.inspection.cost import describe

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_table_of_networks_holds():
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| ([\d,]+) \|", README, re.M)
    stated = {name: (params, macs) for name, params, macs in rows}
    assert sorted(stated) == cnnzoo.list_models()
    for name, numbers in stated.items():
        facts = describe(name)
        assert numbers == (f"{facts['params']:,}", f"{facts['macs']:,}")


def test_the_python_example_uses_public_names():
    names = set(re.findall(r"cnnzoo\.(\w+)\(", README))
    assert names
    assert names <= set(cnnzoo.__all__)


def test_the_two_commands_open_the_readme():
    first, second = re.findall(r"```\n(.*?)\n```", README, re.S)[:2]
    assert first == "pip install . && cnnzoo train mnist_lenet5"
    assert second == "pip install '.[test]' && pytest"
