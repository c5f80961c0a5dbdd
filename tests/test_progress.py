"""Progress on standard error: bars on a terminal, lines elsewhere."""

import sys

import pytest

from cnnzoo import progress
from cnnzoo.training.progress import ProgressBar


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)


def test_progress_is_shown_on_standard_error(monkeypatch, capsys):
    for name in ("_SHORT", "_REFRESH", "_LINE_SECONDS"):
        monkeypatch.setattr(progress, name, 0)
    assert list(progress.tracked(range(5), lambda: 8, "predict", "images", 3)) == [*range(5)]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "8 images, " in printed.err
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    assert list(progress.tracked(range(5), lambda: 8, "predict", "images", 3)) == [*range(5)]
    assert "images/s" in capsys.readouterr().err


def test_a_short_stream_shows_no_progress(capsys):
    assert list(progress.tracked(range(5), lambda: 5, "predict", "images")) == [*range(5)]
    assert capsys.readouterr().err == ""


def test_what_is_done_is_said_on_a_terminal_alone(capsys, request):
    with progress.saying("exporting"):
        pass
    assert capsys.readouterr().err == ""
    request.getfixturevalue("terminal")
    with progress.saying("exporting"), progress.saying("comparing"):
        list(progress.tracked(range(5), lambda: 5, "predict", "images"))
    printed = capsys.readouterr().err
    assert "exporting" in printed
    assert "comparing" not in printed  # One thing at a time.
    with progress.saying("comparing"):
        pass
    assert "comparing" in capsys.readouterr().err


@pytest.mark.usefixtures("terminal")
def test_one_bar_is_shown_at_a_time(monkeypatch, capsys):
    for name in ("_SHORT", "_REFRESH"):
        monkeypatch.setattr(progress, name, 0)
    outer = progress.tracked(range(3), lambda: 3, "outer", "images")
    assert [next(outer), next(outer)] == [0, 1]
    assert "outer" in capsys.readouterr().err
    with progress.saying("exporting"):
        list(progress.tracked(range(3), lambda: 3, "inner", "images"))
    printed = capsys.readouterr().err
    assert "inner \N{BOX DRAWINGS HEAVY HORIZONTAL}" not in printed
    assert "exporting" not in printed
    list(outer)
    list(progress.tracked(range(3), lambda: 3, "inner", "images"))
    assert "inner" in capsys.readouterr().err


def trained(epochs, steps):
    """What the bar shows of a run, whose examples take no time."""
    bar = ProgressBar(10, "images")
    bar.set_params({"epochs": epochs, "steps": steps})
    for epoch in range(epochs):
        bar.on_epoch_begin(epoch)
        bar._started -= 10  # Seconds.
        for step in range(steps):
            bar.on_train_batch_end(step, {"loss": 0.5, "accuracy": 0.75})
        bar._bar.refresh()
        bar.on_epoch_end(epoch, {"loss": 0.5, "accuracy": 0.75, "val_accuracy": 0.8})


@pytest.mark.usefixtures("terminal")
def test_validation_draws_no_bar_into_that_of_the_run(monkeypatch, capsys):
    for name in ("_SHORT", "_REFRESH"):
        monkeypatch.setattr(progress, name, 0)
    bar = ProgressBar(10, "images")
    bar.set_params({"epochs": 1, "steps": 1})
    bar.on_epoch_begin(0)
    list(progress.tracked(range(3), lambda: 3, "scoring", "batches"))
    bar.close()
    assert "scoring" not in capsys.readouterr().err
    list(progress.tracked(range(3), lambda: 3, "scoring", "batches"))
    assert "scoring" in capsys.readouterr().err


@pytest.mark.usefixtures("terminal")
def test_the_bar_of_a_run_shows_loss_accuracy_and_the_time_left_of_all_epochs(capsys):
    trained(epochs=7, steps=4)
    lines = capsys.readouterr().err.splitlines()
    (first,) = [line for line in lines if "epoch 1/7" in line and "4/4" in line][-1:]
    assert "loss 0.500  75.0%" in first
    assert "4 images/s" in first
    assert "0:01:00 left" in first  # Six epochs of ten seconds.


def test_a_log_gets_a_line_an_epoch(capsys):
    trained(epochs=2, steps=4)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("epoch 1/2  loss 0.5000  accuracy 75.00%  validation 80.00%  10.0 s")
    assert second.startswith("epoch 2/2")
