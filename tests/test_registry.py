import types

import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.registry import Registry, paragraph, summary, unknown


@pytest.fixture
def networks():
    registry = Registry("model")
    for name in ("resnet20", "resnet56", "lenet5"):
        registry.add(name, name.upper())
    return registry


def test_names_follow_a_pattern_in_order(networks):
    assert networks.names("resnet*") == ["resnet20", "resnet56"]
    assert networks.names("ResNet2?") == ["resnet20"]
    assert networks["lenet5"] == "LENET5"
    assert len(networks) == 3
    with pytest.raises(CnnzooError, match="pattern must be text, such as 'lenet\\*'; got 5"):
        networks.names(5)


def test_a_duplicate_is_refused(networks):
    with pytest.raises(CnnzooError, match="model name must be new; got 'lenet5'"):
        networks.add("lenet5", "other")
    assert networks["lenet5"] == "LENET5"


def test_an_unknown_name_gets_near_matches(networks):
    with pytest.raises(CnnzooError, match="model 'resnet2' is unknown; did you mean resnet20"):
        networks["resnet2"]
    with pytest.raises(CnnzooError, match=r"'ResNet20' is unknown; did you mean resnet20\?"):
        networks["ResNet20"]
    with pytest.raises(CnnzooError, match=r"model \['a'\] is unknown"):
        networks[["a"]]


def test_without_near_matches_all_are_named_while_they_are_few():
    assert unknown("model", "zzz", ["a", "b"]) == "model 'zzz' is unknown; known: a, b"
    many = [f"name{number}" for number in range(50)]
    found = unknown("model", "zzz", many)
    assert found == f"model 'zzz' is unknown; known: {', '.join(sorted(many)[:12])}, ..."
    found = unknown("layer", "zzz", many, see="model.summary()")
    assert found == "layer 'zzz' is unknown; see `model.summary()`"


def test_docstrings_are_read_by_paragraph():
    module = types.ModuleType("m", "First line.\n\nSource: a\nb\n\nDepartures: c: d; e.\nf\n")
    assert summary(module) == "First line."
    assert paragraph(module, "Source") == "a b"
    assert paragraph(module, "Departures") == "c: d; e. f"
    assert paragraph(module, "Expect") == ""
