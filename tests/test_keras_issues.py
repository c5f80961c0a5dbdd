"""What `docs/keras-issues.md` says of Keras and of this package: its samples, issue by issue."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[1] / "docs/keras-issues.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.S | re.M))
SLOW = ("ONNX",)  # Exports are run in processes of their own.


def named(issue):
    name = issue.lower().replace(" ", "-")
    return pytest.param(issue, id=name, marks=pytest.mark.slow if issue in SLOW else ())


def test_every_row_has_its_section():
    rows = re.findall(r"^\| \[(.+)\]\(#(.+)\) \|", PAGE, re.M)
    assert [title for title, _ in rows] == [*SECTIONS]
    assert all(anchor == title.lower().replace(" ", "-") for title, anchor in rows)


@pytest.mark.parametrize("issue", map(named, SECTIONS))
def test_issue(issue, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    samples = re.findall(r"^```py\n(.*?)^```$", SECTIONS[issue], re.S | re.M)
    assert len(samples) == 2  # Keras's, and ours.
    names = {}
    for sample in samples:
        exec(compile(sample, f"keras-issues.md, {issue}", "exec"), names)
