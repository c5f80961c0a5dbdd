"""Trained models scored on your data: which examples, which classes, what has changed."""

import shutil

import numpy as np
import pytest
from PIL import Image

import cnnzoo
from cnnzoo import cli
from cnnzoo.errors import CnnzooError


def draw(path, kind, seed):
    """Write a drawing of a bar or of a square somewhere."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 40, (28, 28), np.uint8)
    row, column = rng.integers(2, 12, 2)
    pixels[row : row + (3 if kind == "bar" else 14), column : column + 14] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def draw_all(folder, seed, count=60, kinds=("bar", "square")):
    for kind in kinds:
        for number in range(count):
            draw(folder / kind / f"{number}.png", kind, seed + number + 1_000 * len(kind))
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on shapes/, named by a relative path."""
    home = tmp_path_factory.mktemp("home")
    draw_all(home / "shapes", 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        fields = {"epochs": 3, "batch_size": 8, "augmentation": None}
        cnnzoo.train("mnist_lenet5", data="./shapes", out="run", **fields)
    return home


@pytest.fixture
def home(trained, tmp_path):
    """A copy of the run, whose data stand where they stood."""
    shutil.copytree(trained / "run", tmp_path / "run")
    yield trained
    shutil.rmtree(trained / "shapes", ignore_errors=True)
    draw_all(trained / "shapes", 0)


def test_a_path_is_not_taken_from_a_file_of_somebody_elses(home, tmp_path):
    alone = shutil.copy(tmp_path / "run" / "artifact.keras", tmp_path / "alone.keras")
    with pytest.raises(CnnzooError, match="^data must be given .* folder of its run; its card st"):
        cnnzoo.evaluate(alone)
    assert cnnzoo.evaluate(alone, data=home / "shapes") == cnnzoo.evaluate(tmp_path / "run")
    other = cnnzoo.load(tmp_path / "run")
    other.card |= {"dataset": str(home / "shapes"), "data_source": ""}
    with pytest.raises(CnnzooError, match="^data must be given for .*: no data set is named"):
        cnnzoo.evaluate(other)


def test_classes_are_matched_by_name(home, tmp_path):
    squares = draw_all(tmp_path / "squares", 7, kinds=("square",))
    result = cnnzoo.evaluate(tmp_path / "run", data=squares)
    assert result["accuracy"] > 0.9
    assert (result["examples"], result["split"]) == (60, "all")
    images = np.stack([np.asarray(Image.open(squares / "square" / f"{n}.png")) for n in range(9)])
    np.savez(tmp_path / "one.npz", x_train=images, y_train=["square"] * 9)
    assert cnnzoo.evaluate(tmp_path / "run", data=tmp_path / "one.npz")["accuracy"] > 0.8


@pytest.mark.parametrize("unknown", ["aardvark", "zebra"])
def test_a_class_that_the_model_does_not_know_is_named(unknown, home, tmp_path):
    other = draw_all(tmp_path / "other", 0, count=3)
    draw(other / unknown / "one.png", "bar", 0)
    with pytest.raises(CnnzooError, match=f"classes that .* knows, bar, square; got '{unknown}'"):
        cnnzoo.evaluate(tmp_path / "run", data=other)


def test_other_data_are_scored_whole_unless_they_have_a_test_split(home, tmp_path, capsys):
    other = draw_all(tmp_path / "other", 5_000, count=20)
    assert cli.main(["evaluate", str(tmp_path / "run"), "--data", str(other)]) == 0
    out = capsys.readouterr().out
    assert "of 40, all examples of" in out
    assert "no test split" in out
    assert cnnzoo.evaluate(tmp_path / "run", "test", other)["examples"] < 20
    for split, count in (("train", 3), ("test", 2)):
        draw_all(tmp_path / "split" / split, count, count=count)
    result = cnnzoo.evaluate(tmp_path / "run", data=tmp_path / "split")
    assert (result["examples"], result["split"]) == (4, "test")


def test_the_data_of_training_are_found_from_elsewhere(home, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    expected = cnnzoo.load("run").card["metrics"]["test"]
    assert cnnzoo.evaluate("run") == expected
    assert cnnzoo.evaluate("run", data=home / "shapes") == expected
    assert "changed" not in capsys.readouterr().err


def test_the_data_of_training_that_have_moved_are_split_as_before(home, tmp_path):
    expected = cnnzoo.evaluate(tmp_path / "run")
    shutil.move(home / "shapes", tmp_path / "moved")
    with pytest.raises(CnnzooError) as caught:
        cnnzoo.evaluate(tmp_path / "run")
    assert str(caught.value) == (
        f"the data of mnist_lenet5 were at {home / 'shapes'}, which is no longer there; give their "
        "new place with --data"
    )
    assert cnnzoo.evaluate(tmp_path / "run", data=tmp_path / "moved") == expected


def test_data_that_have_changed_since_training_are_reported(home, tmp_path, capsys):
    card = cnnzoo.load(tmp_path / "run").card
    sizes = card["data_sizes"]
    assert sizes["train"] + sizes["test"] == 120
    for number in range(15):
        (home / "shapes" / "bar" / f"{number}.png").unlink()
    result = cnnzoo.evaluate(tmp_path / "run")
    assert result["split"] == "test"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("the data of mnist_lenet5 have changed: ")
    assert line.endswith(f" and {sizes['train']} train and {sizes['test']} test in training")
    draw_all(home / "shapes", 0)
    name = next(iter(sorted((home / "shapes" / "bar").iterdir())))
    for number in range(15):
        draw(name.with_name(f"{number}.png"), "bar", 90_000 + number)
    cnnzoo.evaluate(tmp_path / "run")
    assert "have changed" in capsys.readouterr().err
