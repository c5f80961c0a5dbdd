"""Pushing to and loading from a site of models; tests/support/model_site.py stands in for it."""

import hashlib
import json
import sys
import time

import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.export.classifier import Classifier
from cnnzoo.export.hub import Address

constants = pytest.importorskip("huggingface_hub.constants", reason="no extra hub is installed")
import model_site  # noqa: E402


@pytest.fixture(scope="module")
def running():
    with model_site.running() as site:
        yield site


@pytest.fixture
def site(running, monkeypatch, tmp_path):
    """The stand-in, with an empty cache before it."""
    connect(monkeypatch, running.url)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", model_site.TOKEN)
    return running


def connect(monkeypatch, url):
    monkeypatch.setattr(constants, "ENDPOINT", url)
    template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)


@pytest.fixture(scope="module")
def pushed(running, classifier):
    """What `push` returned for `hf://ada/digits`, and for its branch `small`."""
    with pytest.MonkeyPatch.context() as patch:
        connect(patch, running.url)
        patch.setenv("HF_TOKEN", model_site.TOKEN)
        first = cnnzoo.push(classifier, "hf://ada/digits")
        return first, cnnzoo.push(classifier.renamed("digits_small"), "hf://ada/digits@small")


def one_line(error, *parts):
    message = str(error.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_what_is_pushed_is_loaded(site, pushed, classifier, digits):
    found = cnnzoo.load("hf://ada/digits")
    np.testing.assert_array_equal(found.scores(digits), classifier.scores(digits))
    assert found.class_names == classifier.class_names
    np.testing.assert_allclose(
        found.model.predict(digits, verbose=0)["scores"], classifier.scores(digits), atol=1e-5
    )


def test_the_files_of_a_repository(site, pushed):
    files = site.refs["ada/digits"]["main"]
    assert set(files) == {
        ".gitattributes",
        "artifact.keras",
        "SHA256SUMS",
        "card.json",
        "README.md",
    }
    artifact = site.large[files["artifact.keras"]]
    digest = hashlib.sha256(artifact).hexdigest()
    assert files["SHA256SUMS"].decode() == f"{digest}  artifact.keras\n"
    assert (pushed[0]["sha256"], pushed[0]["bytes"]) == (digest, len(artifact))
    assert json.loads(files["card.json"])["name"] == "mnist_lenet5"
    assert "cnnzoo.load('hf://ada/digits').predict" in files["README.md"].decode()
    assert "cnnzoo export hf://ada/digits\n" in files["README.md"].decode()


def test_a_revision_is_a_branch_or_a_commit(site, pushed):
    assert cnnzoo.load("hf://ada/digits@small").card["name"] == "digits_small"
    for one, name in zip(pushed, ("mnist_lenet5", "digits_small"), strict=True):
        assert cnnzoo.load(one["address"]).card["name"] == name
    commit = pushed[1]["url"].rpartition("/")[2]
    assert pushed[1]["address"] == f"hf://ada/digits@{commit}"


def test_paths_of_this_machine_stay_here(site, classifier):
    source = "file:///home/ada/patients/scans"
    recipe = {**classifier.card["recipe"], "dataset": "/home/ada/patients/scans"}
    recipe |= {"teacher": "hf://ada/digits", "weights": "/home/ada/patients/run"}
    card = {**classifier.card, "data_source": source, "dataset": recipe["dataset"]}
    mine = Classifier({**card, "recipe": recipe}, classifier._scores, lambda: classifier.model)
    cnnzoo.push(mine, "hf://ada/scans")
    found = cnnzoo.load("hf://ada/scans").card
    assert "/home" not in json.dumps(found)
    assert (found["dataset"], found["data_source"]) == ("scans", "file:scans")
    assert (found["recipe"]["weights"], found["recipe"]["teacher"]) == ("run", "hf://ada/digits")
    assert "/home" not in site.refs["ada/scans"]["main"]["README.md"].decode()


def test_a_download_is_cached_and_needs_no_connection(site, pushed, monkeypatch, digits):
    expected = cnnzoo.load("hf://ada/digits").scores(digits)
    del site.requests[:]
    cnnzoo.load("hf://ada/digits")
    assert [path for method, path in site.requests if method == "GET"] == []
    connect(monkeypatch, "http://127.0.0.1:9")
    np.testing.assert_array_equal(cnnzoo.load("hf://ada/digits").scores(digits), expected)


def test_a_damaged_download_is_named_and_can_be_deleted(site, classifier, tmp_path):
    digest = cnnzoo.push(classifier, "hf://ada/damaged")["sha256"]
    site.damage(digest)
    with pytest.raises(CnnzooError, match="SHA-256 is not that of") as error:
        cnnzoo.load("hf://ada/damaged")
    path = next((tmp_path / "cache").rglob("artifact.keras")).resolve()
    one_line(error, f"{path} is damaged")
    site.damage(digest)
    path.unlink()
    sums = next((tmp_path / "cache").rglob("SHA256SUMS"))
    assert str(sums) in str(error.value)
    assert cnnzoo.load("hf://ada/damaged").card["name"] == "mnist_lenet5"


def test_a_hostile_artifact_is_refused_by_the_guard(site, pushed):
    content = b"no archive"
    digest = hashlib.sha256(content).hexdigest()
    site.large[digest] = content
    files = {"artifact.keras": digest, "SHA256SUMS": f"{digest}  artifact.keras\n".encode()}
    site.refs["eve/digits"] = {"main": files, "e" * 40: files}
    with pytest.raises(CnnzooError, match="not written by cnnzoo") as error:
        cnnzoo.load("hf://eve/digits")
    one_line(error)


def test_what_is_not_there(site, pushed):
    with pytest.raises(CnnzooError, match="hf://ada/nothing must exist") as error:
        cnnzoo.load("hf://ada/nothing")
    one_line(error)
    with pytest.raises(CnnzooError, match="revision must be a branch.*got 'v9'") as error:
        cnnzoo.load("hf://ada/digits@v9")
    one_line(error, "hf://ada/digits;")
    site.refs["ada/other"] = {"main": {"README.md": b""}, "a" * 40: {"README.md": b""}}
    with pytest.raises(CnnzooError, match="`cnnzoo push` writes; it lacks SHA256SUMS") as error:
        cnnzoo.load("hf://ada/other")
    one_line(error)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "hf://",
            "hf://digits",
            "hf://ada/digits/more",
            "hf://ada/digits@",
            "hf://ada/digits@a b",
        ),
        *("hf://ada/a--b", "hf://ada/..", "hf://ada/digits@../x", "ada/digits", "hf://ada/-a"),
    ],
)
def test_addresses_are_checked(address):
    with pytest.raises(CnnzooError, match=r"^address must be hf://USER/NAME\[@REVISION\]; got"):
        Address.parse(address)


def test_near_matches_of_names_are_as_before():
    with pytest.raises(CnnzooError, match="did you mean mnist_lenet5"):
        cnnzoo.load("mnist_lenet")


def test_without_the_extra(classifier, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for call in (cnnzoo.load, lambda address: cnnzoo.push(classifier, address)):
        with pytest.raises(CnnzooError, match="hf:// needs more packages; run: pip install"):
            call("hf://ada/digits")


def test_without_a_token(site, classifier, monkeypatch, tmp_path):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(CnnzooError, match="run `hf auth login`, or set HF_TOKEN"):
        cnnzoo.push(classifier, "hf://ada/digits")


def test_with_a_wrong_token(site, classifier, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(CnnzooError, match="status 401; 401 and 403 mean that the token") as error:
        cnnzoo.push(classifier, "hf://ada/digits")
    one_line(error)


def test_without_internet(site, classifier, monkeypatch):
    connect(monkeypatch, "http://127.0.0.1:9")
    for call in (cnnzoo.load, lambda address: cnnzoo.push(classifier, address)):
        begin = time.monotonic()
        with pytest.raises(CnnzooError, match="cannot be reached; try again") as error:
            call("hf://ada/digits")
        one_line(error)
        assert time.monotonic() - begin < 5


def test_a_saved_model_is_not_pushed(site, classifier):
    served = Classifier(classifier.card, classifier._scores)
    with pytest.raises(CnnzooError, match="got a SavedModel"):
        cnnzoo.push(served, "hf://ada/saved")
    assert "ada/saved" not in site.refs


@pytest.mark.slow
def test_the_command_line(running, command, finished_run, tmp_path):
    where = {"HF_ENDPOINT": running.url, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1"}
    told = {**where, "HF_TOKEN": model_site.TOKEN}
    pushed = command("push", finished_run.path, "hf://bob/digits", "--json", cwd=tmp_path, **told)
    assert pushed.returncode == 0, pushed.stderr
    address = json.loads(pushed.stdout)["address"]
    np.save(tmp_path / "digit.npy", np.zeros((28, 28, 1), np.uint8))
    found = command("predict", address, "digit.npy", "--json", cwd=tmp_path, **where)
    assert found.returncode == 0, found.stderr
    assert len(json.loads(found.stdout)[0]["scores"]) == 10
    lost = command("predict", "hf://bob/digits@v9", "digit.npy", cwd=tmp_path, **where)
    assert lost.returncode == 1
    assert lost.stderr.strip().splitlines()[-1].startswith("cnnzoo: revision must be")
