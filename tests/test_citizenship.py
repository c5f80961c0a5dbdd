"""What is said of the project itself: how to cite it, and under which licenses its parts are."""

import configparser
import re
from pathlib import Path

import pytest

from cnnzoo.config.recipe import recipes
from cnnzoo.datasets import DATASETS
from cnnzoo.version import __version__
from cnnzoo.weights import FOLDER, list_weights

ROOT = Path(__file__).resolve().parents[1]


def test_the_citation_file_is_of_this_version():
    yaml = pytest.importorskip("yaml")
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    # What version 1.2.0 of the format requires.
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert cited["cff-version"] == "1.2.0"
    assert all(set(author) == {"name"} for author in cited["authors"])
    assert cited["version"] == __version__
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert cited["license"] == setup["metadata"]["license"]


def test_every_shipped_weight_has_its_license():
    notice = (FOLDER / "NOTICE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.+) \|$", notice, re.M)
    known = {name: DATASETS[recipes()[name].RECIPE.dataset] for name in list_weights()}
    assert rows == [(name, data.name, data.license) for name, data in known.items()]


def test_issue_templates_have_what_a_host_reads():
    templates = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md"))
    assert templates
    for path in templates:
        assert re.match(r"---\nname: .+\nabout: .+\nlabels: .+\n---\n\n", path.read_text("utf-8"))
