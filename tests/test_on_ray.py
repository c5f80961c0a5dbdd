"""Runs on a Ray cluster of this machine's cores: the same as without one, and after a death."""

import csv
import io
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnnzoo
from cnnzoo import cli, on_ray
from cnnzoo.datasets import mnist
from cnnzoo.errors import CnnzooError
from cnnzoo.on_ray import run_calls
from cnnzoo.training.reproduce import reproduce_all, trained

SHORT = {"epochs": 2, "batch_size": 20, "validation": 40}


@pytest.fixture(scope="module")
def ray():
    """Ray, connected to two workers; functions of this file go to them by their content."""
    ray = pytest.importorskip("ray")
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield ray
    ray.shutdown()


@pytest.fixture(scope="module")
def digits_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    images, labels = mnist.read("train")
    np.savez(path, x_train=images[:400], y_train=labels[:400])
    return path


def doubled(number):
    return 2 * number, os.getpid()


def refused(number):
    raise CnnzooError(f"number must be less; got {number}")


def failed(number):
    raise ValueError(f"no {number}")


def killed_at_first(folder, out, fields):
    """Train; the first time, die in the second epoch."""
    import keras

    class Kill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 20 and not Path(folder, "killed").exists():
                Path(folder, "killed").touch()
                os.kill(os.getpid(), signal.SIGKILL)

    resume = Path(out).exists()
    cnnzoo.train("mnist_lenet5", out=out, resume=resume, callbacks=[Kill()], **fields)
    return resume


@pytest.mark.slow
def test_calls_are_answered_in_order_by_several_processes(ray, capsys):
    found = run_calls("ray", [(f"call {place}", doubled, {"number": place}) for place in range(6)])
    assert [number for number, _ in found] == [0, 2, 4, 6, 8, 10]
    assert os.getpid() not in {process for _, process in found}
    call = ("one of as many as there is room for", doubled, {"number": 1})
    assert len(run_calls("ray", lambda room: [call] * room)) == 2
    assert "6 of 6  call " in capsys.readouterr().err


@pytest.mark.slow
def test_mistakes_of_workers_and_of_room_are_told(ray):
    with pytest.raises(CnnzooError, match=r"^number must be less; got 3$"):
        run_calls("ray", [("", refused, {"number": 3})])
    with pytest.raises(CnnzooError, match=r"^a worker failed: ValueError: no 3$"):
        run_calls("ray", [("", failed, {"number": 3})])
    with pytest.raises(CnnzooError, match=r"^cpus must be at most the 2 of ray; got 3$"):
        run_calls("ray", [("", doubled, {"number": 3})], cpus=3)
    with pytest.raises(CnnzooError, match=r"^gpus must be at most the 0 of ray; got 0.5$"):
        run_calls("ray", [("", doubled, {"number": 3})], gpus=0.5)
    for gpus in (float("nan"), -1, 1.5):
        with pytest.raises(CnnzooError, match=r"^gpus must be a whole number, or from 0 to 1"):
            run_calls("ray", [("", doubled, {"number": 3})], gpus=gpus)


@pytest.mark.slow
def test_another_version_of_the_cluster_is_refused(ray, monkeypatch):
    monkeypatch.setattr(on_ray, "__version__", "9.9")
    with pytest.raises(CnnzooError, match=r"^the cluster must have cnnzoo 9.9; a worker has "):
        run_calls("ray", [("", doubled, {"number": 3})])


@pytest.mark.slow
def test_a_run_whose_worker_dies_ends_with_the_weights_of_one_that_lives(
    ray, digits_file, tmp_path
):
    fields = {**SHORT, "dataset": str(digits_file)}
    whole, broken = str(tmp_path / "whole"), str(tmp_path / "broken")
    given = {"recipe": "mnist_lenet5", "out": whole, "fields": fields}
    killed = {"folder": str(tmp_path), "out": broken, "fields": fields}
    _, resumed = run_calls("ray", [("", trained, given), ("", killed_at_first, killed)])
    assert resumed is True
    assert (tmp_path / "killed").exists()
    one, other = (cnnzoo.load(path).model.get_weights() for path in (whole, broken))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.slow
def test_the_row_of_reproduce_is_that_of_one_machine(
    ray, digits_file, tmp_path, monkeypatch, capsys
):
    """With the threads of TensorFlow that a run has on the cluster: these decide the last bits."""
    words = ["reproduce", "mnist_lenet5", "--seeds", "2", "--json", "--ledger", "rows.csv"]
    for field, value in {**SHORT, "dataset": digits_file}.items():
        words += ["--set", f"{field}={value}"]
    rows = []
    for name, more in (("cluster", ["--on", "ray"]), ("here", [])):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        cli.main([*words, *more])
        printed = capsys.readouterr()
        assert "must reach" in printed.err  # So few digits are not enough.
        rows.append((tmp_path / name / "rows.csv").read_text())
    if os.environ.get("TF_NUM_INTRAOP_THREADS") != "1":
        return
    of_cluster, here = (next(csv.DictReader(io.StringIO(one))) for one in rows)
    # Workers may find the package in a checkout, which has a commit, where this process does not.
    for one in (of_cluster, here):
        assert float(one.pop("seconds")) > 0
        del one["commit"]
    assert of_cluster == here


@pytest.mark.slow
def test_predictions_of_a_cluster_are_those_of_one_process(ray, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    images, _ = mnist.read("test")
    (tmp_path / "digits").mkdir()
    for place, image in enumerate(images[:600]):
        Image.fromarray(image[..., 0]).save(f"digits/{place:03}.png")
    Path("digits/300.png").write_bytes(b"\x89PNG damaged")
    texts = [{"text": f"Call {place} now {'!' * (place % 7)}"} for place in range(2_500)]
    Path("texts.jsonl").write_text("\n".join(map(json.dumps, texts)))
    for name, source in (("mnist_lenet5", "digits"), ("sms_spam_text_cnn", "texts.jsonl")):
        words = ["predict", name, source, "--top", "2", "--out"]
        assert cli.main([*words, "here.csv"]) == 0
        assert cli.main([*words, "there.csv", "--on", "ray"]) == 0
        here, there = Path("here.csv").read_text(), Path("there.csv").read_text()
        assert here.count("\n") in (601, 2_501)
        assert here == there
        Path("here.csv").unlink()
        Path("there.csv").unlink()
    assert "1 of 600 inputs cannot be read" in capsys.readouterr().err


@pytest.mark.slow
def test_all_rows_of_a_table_are_made_on_a_cluster(ray, digits_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["reproduce", "mnist_lenet5", "--seeds", "1", "--ledger", "rows.csv", "--on", "ray"]
    for field, value in {**SHORT, "dataset": digits_file}.items():
        words += ["--set", f"{field}={value}"]
    cli.main(words)
    header, row = Path("rows.csv").read_text().splitlines()
    wrong = row.replace("epochs=2", "epochs=0")
    other = row.replace("epochs=2", "epochs=1")
    Path("rows.csv").write_text("\n".join([header, row, wrong, other, ""]))
    rows, errors = reproduce_all(Path("rows.csv"), on="ray")
    assert [one["epochs"] for one in rows] == [2, 1]
    assert len(errors) == 1
    assert "epochs must be at least 1; got 0" in errors[0]


@pytest.mark.slow
def test_workers_share_a_sweep(ray, digits_file, tmp_path, capsys):
    pytest.importorskip("optuna")
    words = ["sweep", "mnist_lenet5", "--out", str(tmp_path / "sweep"), "--on", "ray", "--json"]
    for over in ("epochs=1", f"dataset={digits_file}", "batch_size=20,40", "seed=1,2"):
        words += ["--over", over]
    assert cli.main(words) == 0
    rows = json.loads(capsys.readouterr().out)
    assert sorted(row["trial"] for row in rows) == [0, 1, 2, 3]
    assert {row["state"] for row in rows} == {"finished"}


def test_what_is_no_cluster_is_refused_within_seconds(monkeypatch):
    for on in ("rai", "ray://", "ray://host", "ray:host:1", "ray://host:1/x"):
        with pytest.raises(CnnzooError, match="^on must be ray, or ray://HOST:PORT; got "):
            run_calls(on, [])
    monkeypatch.setattr(on_ray.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CnnzooError, match=r"^ray must be installed; run: pip install .*ray"):
        run_calls("ray", [])


def test_a_port_that_nobody_listens_to_is_refused_within_seconds():
    pytest.importorskip("ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    message = rf"^no Ray cluster answers at ray://127.0.0.1:{port}: Connection refused$"
    with pytest.raises(CnnzooError, match=message):
        run_calls(f"ray://127.0.0.1:{port}", [])
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(None, "timed out"), (b"HTTP/1.1 400 Bad Request", "what listens there is not Ray")],
)
def test_what_listens_but_is_no_cluster_is_refused_within_seconds(answer, reason, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setattr(on_ray, "_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if answer is not None:
            threading.Thread(target=lambda: server.accept()[0].sendall(answer)).start()
        begun = time.monotonic()
        message = rf"^no Ray cluster answers at ray://127.0.0.1:{port}: {reason}"
        with pytest.raises(CnnzooError, match=message):
            run_calls(f"ray://127.0.0.1:{port}", [])
        assert time.monotonic() - begun < 10


def test_the_cluster_of_the_environment_is_refused_within_seconds_too(monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(CnnzooError, match=r"^no Ray cluster answers at 127.0.0.1:1: "):
        run_calls("ray", [])
