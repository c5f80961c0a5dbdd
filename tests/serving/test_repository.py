"""Versions come and go: looked for by hand, with engines that are only names."""

import shutil
import threading

import pytest
from starlette.exceptions import HTTPException

from cnnzoo.errors import CnnzooError
from cnnzoo.serving.app import describe_versions
from cnnzoo.serving.predict import find
from cnnzoo.serving.repository import Repository


def publish(folder, content="good"):
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_text(content)


def load(folder):
    if (folder / "saved_model.pb").read_text() != "good":
        raise CnnzooError(f"{folder} is damaged")
    return f"{folder.parent.name} {folder.name}"


@pytest.fixture
def base(tmp_path):
    publish(tmp_path / "a" / "1")
    return tmp_path


def states(repository, name="a"):
    status = describe_versions(repository.models[name])["model_version_status"]
    return {one["version"]: one["state"] for one in status}


def test_the_newest_version_by_number_predicts(base):
    publish(base / "a" / "9")
    publish(base / "a" / "0010")
    publish(base / "b" / "3")
    repository = Repository(base, load)
    assert repository.engine("a") == (10, "a 0010")
    assert repository.engine("a", 9) == (9, "a 9")
    assert repository.engine("b") == (3, "b 3")
    assert list(repository.models) == ["a", "b"]
    assert list(repository.models["a"]) == [10, 9, 1]
    for missing in (("a", 2), ("c", None)):
        with pytest.raises(KeyError):
            repository.engine(*missing)


def test_what_is_no_version_is_passed_over(base):
    for name in ("a/.new-x", "a/v2", "a/-3", "a/2.0", "a/" + "9" * 30, ".hidden/1", "a/\u0664"):
        publish(base / name)
    (base / "a" / "5").mkdir()  # A copy that has not come to saved_model.pb.
    (base / "file").write_text("")
    (base / "a" / "6").write_text("")
    assert list(Repository(base, load).models["a"]) == [1]


def test_a_new_version_takes_over_and_an_old_one_goes(base):
    repository = Repository(base, load)
    before = repository.models
    publish(base / "a" / "2")
    repository.scan()
    assert repository.engine("a") == (2, "a 2")
    assert list(before["a"]) == [1]  # What a request has is not changed under it.
    shutil.rmtree(base / "a" / "1")
    repository.scan()
    assert states(repository) == {"2": "AVAILABLE"}
    shutil.rmtree(base / "a")
    repository.scan()
    assert repository.models == {}


def test_the_old_version_predicts_until_the_new_one_is_loaded(base):
    seen = []

    def slow(folder):
        if seen:
            seen.append((states(repository), repository.engine("a")))
        seen.append(folder.name)
        return load(folder)

    repository = Repository(base, slow)
    shutil.rmtree(base / "a" / "1")
    publish(base / "a" / "2")
    repository.scan()
    assert seen == ["1", ({"2": "LOADING", "1": "AVAILABLE"}, (1, "a 1")), "2"]
    assert states(repository) == {"2": "AVAILABLE"}


def test_a_version_that_cannot_be_loaded_is_logged_and_the_old_one_predicts(base, capsys):
    repository = Repository(base, load)
    publish(base / "a" / "2", "bad")
    for _ in range(3):
        repository.scan()
    told = capsys.readouterr().err.splitlines()[1:]
    assert told == [f"cnnzoo: a version 2 cannot be served: {base}/a/2 is damaged"]
    assert repository.engine("a") == (1, "a 1")
    status = describe_versions(repository.models["a"])["model_version_status"][0]
    assert status == {
        "version": "2",
        "state": "END",
        "status": {"error_code": "INVALID_ARGUMENT", "error_message": f"{base}/a/2 is damaged"},
    }
    (base / "a" / "2" / "saved_model.pb").write_text("good")
    repository.scan()
    assert repository.engine("a") == (2, "a 2")


def test_a_version_that_is_still_being_copied_is_tried_again(base):
    def whole(folder):
        if not (folder / "variables").exists():
            raise OSError("no variables")
        return load(folder)

    (base / "a" / "1" / "variables").write_text("")
    repository = Repository(base, whole)
    publish(base / "a" / "2")
    repository.scan()
    assert states(repository) == {"2": "END", "1": "AVAILABLE"}
    (base / "a" / "2" / "variables").write_text("")
    repository.scan()
    assert states(repository) == {"2": "AVAILABLE", "1": "AVAILABLE"}


def test_a_folder_that_is_away_for_a_moment_keeps_what_is_loaded(base, capsys):
    repository = Repository(base, load)
    base.rename(base.parent / "away")
    thread = threading.Thread(target=repository.watch)
    thread.start()
    thread.join(1.5)
    (base.parent / "away").rename(base)
    assert repository.engine("a") == (1, "a 1")
    repository.stop()
    thread.join()
    assert f"cnnzoo: {base} cannot be read: No such file" in capsys.readouterr().err


def test_a_folder_without_models_is_refused(tmp_path):
    for folder, message in (
        (tmp_path / "none", "must be a folder of exported models; got no such folder"),
        (tmp_path, "must hold MODEL/VERSION/saved_model.pb; got no such file"),
    ):
        with pytest.raises(CnnzooError, match=message):
            Repository(folder, load)
    publish(tmp_path / "1")
    with pytest.raises(CnnzooError, match="got no such file"):
        Repository(tmp_path, load)


def test_models_of_which_no_version_can_be_loaded_are_not_listed(base):
    publish(base / "b" / "1", "bad")
    repository = Repository(base, load)
    assert states(repository, "b") == {"1": "END"}
    with pytest.raises(KeyError):
        repository.engine("b")


def test_a_version_that_cannot_be_read_stops_no_other(base, monkeypatch, capsys):
    """A link to nothing in its folder, and a folder without permission, which root has all."""
    publish(base / "a" / "2", "bad")
    (base / "a" / "2" / "variables").symlink_to(base / "nothing")
    (base / "a" / "3").symlink_to(base / "nothing")
    (base / "b").symlink_to(base / "nothing")
    publish(base / "a" / "4")
    publish(base / "c" / "1")
    is_file, iterdir = type(base).is_file, type(base).iterdir

    def forbid(function, path):
        def forbidden(self):
            if path in (self, self.parent):
                raise PermissionError(13, "Permission denied", str(self))
            return function(self)

        return forbidden

    monkeypatch.setattr(type(base), "is_file", forbid(is_file, base / "a" / "4"))
    monkeypatch.setattr(type(base), "iterdir", forbid(iterdir, base / "c"))
    repository = Repository(
        base, lambda folder: load(folder) if is_file(folder / "saved_model.pb") else None
    )
    assert repository.engine("a", 1) == (1, "a 1")
    publish(base / "a" / "5")
    for _ in range(2):
        repository.scan()
    assert repository.engine("a") == (5, "a 5")
    assert "c" not in repository.models
    assert capsys.readouterr().err.count(f"{base}/c cannot be read: Permission denied") == 1
    monkeypatch.undo()
    repository.scan()
    assert repository.engine("c") == (1, "c 1")


def test_a_version_that_never_answers_keeps_no_other_waiting(base):
    released = threading.Event()

    def stuck(folder):
        if folder.name == "2":
            released.wait()
        return load(folder)

    publish(base / "a" / "2")
    publish(base / "b" / "1")
    repository = Repository(base, stuck, seconds=0.5, patience=0.1)
    assert states(repository) == {"2": "LOADING"}  # The server listens meanwhile.
    with pytest.raises(HTTPException, match="503: a is being loaded; try again"):
        find(repository, "a", None)
    repository.scan()
    assert states(repository) == {"2": "END", "1": "AVAILABLE"}
    error = repository.models["a"][2].error
    assert error == f"{base}/a/2 must load and answer within 0.5 seconds; it has not"
    assert repository.engine("b") == (1, "b 1")
    released.set()
