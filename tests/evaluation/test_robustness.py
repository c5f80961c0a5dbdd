"""Accuracy on corrupted images."""

import json

import numpy as np
import pytest
from PIL import Image

import cnnzoo
from cnnzoo import cli
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation import corrupt, corruptions_for, draw_corrupted, robustness
from cnnzoo.evaluation.robustness import chosen_corruptions, corrupted_figures
from cnnzoo.export.classifier import Classifier


def dark_or_bright(channels=1, side=12):
    """Return a classifier that takes images for bright whose mean exceeds 100."""

    def scores(images):
        bright = images.mean(axis=(1, 2, 3)) > 100
        return (np.stack([~bright, bright], axis=1).astype(np.float32),)

    shape = [side, side, channels]
    card = {"name": "by_hand", "class_names": ["dark", "bright"]}
    return Classifier({**card, "input": {"shape": shape, "light_on_dark": False}}, scores)


def test_accuracy_is_that_of_each_corruption_and_strength_and_their_means(monkeypatch):
    monkeypatch.setattr(robustness, "_IMAGES", 40)
    classifier = dark_or_bright()
    images = np.random.default_rng(0).integers(0, 256, (100, 12, 12, 1)).astype(np.uint8)
    images[::2] //= 3
    labels = np.arange(100) % 2
    found = corrupted_figures(classifier, images, labels, ["fog", "brightness"])
    for row, name in zip(found["corruptions"], ("fog", "brightness"), strict=True):
        expected = [
            np.mean((corrupt(images, name, one).mean(axis=(1, 2, 3)) > 100) == labels)
            for one in range(1, 6)
        ]
        assert row["name"] == name
        assert row["strengths"] == pytest.approx(expected, abs=1e-12)
        assert row["accuracy"] == pytest.approx(np.mean(expected), abs=1e-12)
    means = [row["accuracy"] for row in found["corruptions"]]
    assert found["accuracy"] == pytest.approx(np.mean(means), abs=1e-12)
    strengths = [row["strengths"] for row in found["corruptions"]]
    assert found["strengths"] == pytest.approx(np.mean(strengths, axis=0), abs=1e-12)
    assert found["strengths"][4] < found["strengths"][0]


def test_names_are_all_or_chosen():
    gray, color = dark_or_bright(), dark_or_bright(3)
    assert chosen_corruptions(gray, True) == list(corruptions_for(1))
    assert chosen_corruptions(color, True) == list(corruptions_for(3))
    assert chosen_corruptions(color, "fog, jpeg,fog") == ["fog", "jpeg"]
    assert chosen_corruptions(color, ["snow"]) == ["snow"]
    for which, message in (
        ("zigzga", "^corruption 'zigzga' is unknown; did you mean zigzag"),
        ("snow", "^corruption 'snow' is unknown"),  # Of color images alone.
        ([], "^corrupted must be at least one corruption; got none"),
        (3, "^corrupted must be true, or names of corruptions; got 3"),
    ):
        with pytest.raises(CnnzooError, match=message):
            chosen_corruptions(gray, which)
    with pytest.raises(CnnzooError, match="^corrupted must be left out unless .* takes texts"):
        cnnzoo.evaluate("sms_spam_text_cnn", corrupted=True)


def test_evaluate_prints_a_table_and_draws(finished_run, tmp_path, capsys):
    plain = cnnzoo.evaluate(finished_run.path)
    given = ["evaluate", str(finished_run.path), "--corrupted", "stripe,zigzag"]
    picture = tmp_path / "corrupted.png"
    assert cli.main([*given, "--json", "--out", str(picture)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {**plain, "corrupted": result["corrupted"]} == result
    assert [row["name"] for row in result["corrupted"]["corruptions"]] == ["stripe", "zigzag"]
    assert result["corrupted"]["strengths"][4] < result["accuracy"]
    assert Image.open(picture).size[0] > 900
    assert cli.main(given) == 0
    lines = capsys.readouterr().out.splitlines()[-4:]
    assert lines[0].split() == ["corrupted", "mean", "1", "2", "3", "4", "5"]
    assert [line.split()[0] for line in lines[1:]] == ["stripe", "zigzag", "mean"]
    assert lines[3].split()[1] == f"{result['corrupted']['accuracy']:.2%}"
    assert cli.main([*given[:2], "--out", str(picture)]) == 1
    assert "out must end in .png, and stand with --corrupted" in capsys.readouterr().err


def test_the_picture_has_a_row_per_corruption():
    image = np.random.default_rng(0).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    rows = [{"name": name, "strengths": [0.9, 0.8, 0.7, 0.6, 0.5]} for name in ("fog", "jpeg")]
    figure = draw_corrupted(image, rows)
    assert len(figure.axes) == 12
    assert [axes.get_ylabel() for axes in figure.axes[::6]] == ["fog", "jpeg"]
    assert [axes.get_title() for axes in figure.axes[:3]] == ["", "90.0%", "80.0%"]
    shown = figure.axes[11].images[0].get_array()
    assert np.array_equal(shown, corrupt(image[None], "jpeg", 5)[0])
