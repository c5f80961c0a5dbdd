"""What `cnnzoo cite` prints, against what is known of the papers."""

import json
import re

import pytest

from cnnzoo import cli
from cnnzoo.citation import works
from cnnzoo.config.recipe import recipes
from cnnzoo.datasets import DATASETS
from cnnzoo.models import MODELS

NAMES = {*MODELS, *(name for name in DATASETS if DATASETS[name].citation), *recipes()}
ENTRY = re.compile(r"@misc\{(\w+),\n(?:  \w+ = \{.*\},\n)+\}")


def cited(capsys, *words):
    assert cli.main(["cite", *words]) == 0
    return capsys.readouterr().out


def test_every_name_gives_bibtex(capsys):
    for name in sorted(NAMES):
        entries = cited(capsys, name).strip().split("\n\n")
        for entry in entries:
            assert ENTRY.fullmatch(entry), entry
            for field in ("author", "title", "year"):
                assert re.search(rf"^  {field} = \{{\S.*\}},$", entry, re.M), entry
            assert entry.count("{") == entry.count("}")
        keys = [ENTRY.fullmatch(entry)[1] for entry in entries]
        assert len(set(keys)) == len(keys)


def test_an_entry_is_that_of_the_paper(capsys):
    # As arXiv states it: 1512.03385, He, Zhang, Ren and Sun.
    assert cited(capsys, "resnet20") == (
        "@misc{he2015deep,\n"
        "  author = {He and Zhang and Ren and Sun},\n"
        "  title = {{Deep residual learning for image recognition}},\n"
        "  year = {2015},\n"
        "  eprint = {1512.03385},\n"
        "  archiveprefix = {arXiv},\n"
        "  url = {https://arxiv.org/abs/1512.03385},\n"
        "}\n"
    )
    assert "  doi = {10.1109/5.726791},\n" in cited(capsys, "lenet5")


def test_a_recipe_cites_its_network_and_its_data(capsys):
    found = json.loads(cited(capsys, "cifar10_resnet8", "--json"))
    assert [(one["authors"], one["year"]) for one in found] == [
        (["Banbury", "others"], 2021),
        (["Krizhevsky"], 2009),
    ]
    assert all(one["bibtex"].startswith(f"@misc{{{one['key']},") for one in found)
    # The network and the data are of one paper.
    assert cited(capsys, "mnist_lenet5").count("@misc") == 1


def test_an_unknown_name_gets_near_matches(capsys):
    assert cli.main(["cite", "resnet2O"]) == 1
    error = capsys.readouterr().err
    assert "name 'resnet2O' is unknown; did you mean" in error
    assert "resnet20" in error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("van den Oord et al. 2016, WaveNet: a model", "author = {van den Oord and others},"),
        (
            "Almeida, Gomez Hidalgo and Yu 2011, Spam",
            "author = {Almeida and {Gomez Hidalgo} and Yu}",
        ),
        ("Jordan 2024, 94% of a_b", r"title = {{94\% of a\_b}},"),
        ("Ha and Eck 2017, A neural way", "@misc{ha2017neural,"),
        ("Lee 2004, Man vs. computer. Other words", "title = {{Man vs. computer}},"),
        ("Ng 2011, Digits, table 1 (A, B), https://a.b/c. More.", "url = {https://a.b/c},"),
    ],
)
def test_bibtex_takes_it(text, expected):
    (work,) = works(text)
    assert expected in work.bibtex


@pytest.mark.parametrize(
    "text",
    ["", "code: https://github.com/a/b", "as in He et al. 2015, section 4.2"],
)
def test_what_is_no_work_is_left_out(text):
    assert works(text) == []


def test_an_address_is_not_that_of_the_next_work():
    first, second = works("Li 2002, Questions; Hu 2004, Reviews, https://doi.org/10.1/2")
    assert (first.address, second.address) == ("", "https://doi.org/10.1/2")
