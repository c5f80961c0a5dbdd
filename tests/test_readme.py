"""What the README states, against what the package does."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import cnnzoo
from cnnzoo import cli
from cnnzoo.commands.parser import command_parser
from cnnzoo.inspection.table import families, table

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.S | re.M)


def test_the_table_of_families_is_made_from_the_registry():
    assert f"<!-- networks: begin -->\n{families()}\n<!-- networks: end -->" in README
    rows = re.findall(
        r"^\| \[(\w+)\]\((.+?)\) \| `(\w+)`(?: and (\d+) more)? \| .+ \| \[.+\]\(http.+\) \|$",
        families(),
        re.M,
    )
    assert sum(1 + int(more or 0) for *_, more in rows) == len(cnnzoo.list_models())
    assert all((ROOT / path).is_file() for _, path, *_ in rows)
    # 60,000 and 61,706 by hand; see tests/models/test_lenet.py.
    assert "| `lenet5_1998` and 1 more | 60,000 to 61,706 | [LeCun, " in families()


def test_the_table_of_networks_has_all_of_them():
    rows = re.findall(
        r"^\| (\w+) \| `(\w+)` \| ([\d,]+) \| ([\d,]+) \| \[.+\]\(http.+\) \|$", table(), re.M
    )
    assert sorted(name for _, name, *_ in rows) == cnnzoo.list_models()
    assert ("lenet", "lenet5_1998", "60,000", "328,096") in rows


def test_links_lead_to_files():
    links = {link.partition("#")[0] for link in re.findall(r"\]\((?!http)(.+?)\)", README)}
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_the_python_example_uses_public_names():
    names = set(re.findall(r"cnnzoo\.(\w+)\(", README))
    assert names
    assert names <= set(cnnzoo.__all__)


def commands():
    """Words of each command line of `cnnzoo` in the README."""
    for language, block in BLOCKS:
        for line in [] if language == "python" else block.splitlines():
            for part in line.split(" && "):
                if part.startswith("cnnzoo "):
                    yield shlex.split(part, comments=True)[1:]


def test_the_command_lines_are_right(capsys):
    lines = list(commands())
    assert ["train", "mnist_lenet5"] in lines
    for words in lines:
        command_parser().parse_args(words)
        # The others train, serve, or need files or a data set.
        if words[0] in ("list", "show", "cite") and "--out" not in words:
            assert cli.main(words) == 0
            assert capsys.readouterr().out


@pytest.mark.slow
def test_samples_run_in_order(warm_python, tmp_path):
    """Those of `python` and `sh`; the others install, serve or need files of the reader."""
    function = f'cnnzoo() {{ {shlex.join(warm_python)} -m cnnzoo "$@"; }}\n'
    sample = tmp_path / "sample.py"
    for language, block in BLOCKS:
        sample.write_text(block, encoding="utf-8")
        command = {
            "python": [*warm_python, str(sample)],
            "sh": ["bash", "-ec", function + block],
        }.get(language, ["true"])
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"
        print(f"{block}\n{done.stdout}")
