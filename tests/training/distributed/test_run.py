"""The command line on several devices and several machines, against one process."""

import json
import subprocess
import sys

import numpy as np
import pytest

import cnnzoo

VALUES = {
    "epochs": 1,
    "validation": 57_000,
    "batch_size": 100,
    "optimizer": "momentum",
    "learning_rate": 0.01,
}
FIELDS = [word for name, value in VALUES.items() for word in ("--set", f"{name}={value}")]


def weights_of(folder):
    return [np.asarray(weight) for weight in cnnzoo.load(folder).network.weights]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return cnnzoo.train("mnist_lenet5", out=tmp_path_factory.mktemp("alone"), **VALUES).path


@pytest.mark.slow
def test_two_devices_end_with_the_weights_of_one(alone, command, tmp_path):
    done = command(
        *("train", "mnist_lenet5", "--devices", 2, "--out", tmp_path / "run", *FIELDS, "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"] == str(tmp_path / "run")
    for one, other in zip(weights_of(tmp_path / "run"), weights_of(alone), strict=True):
        assert np.allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_two_devices_fine_tune_as_one_does(command, tmp_path):
    fields = {**VALUES, "epochs": 2, "weights": "mnist_lenet5", "seed": 1}  # The head, then all.
    alone = cnnzoo.train("mnist_lenet5", out=tmp_path / "alone", **fields).path
    options = [word for name, value in fields.items() for word in ("--set", f"{name}={value}")]
    out = tmp_path / "run"
    done = command("train", "mnist_lenet5", "--devices", 2, "--out", out, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for one, other in zip(weights_of(out), weights_of(alone), strict=True):
        assert np.allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_two_workers_end_with_the_weights_of_one_process(alone, tmp_path, free_ports):
    workers = ",".join(f"127.0.0.1:{port}" for port in free_ports(2))
    line = [sys.executable, "-m", "cnnzoo", "train", "mnist_lenet5", "--workers", workers, *FIELDS]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": tmp_path}
    other = subprocess.Popen([*line, "--worker", "1"], **options)
    try:
        chief = subprocess.run(
            [*line, "--worker", "0", "--out", "run"], timeout=300, check=False, **options
        )
        out, _ = other.communicate(timeout=300)
    finally:
        other.kill()
    assert chief.returncode == 0, chief.stderr
    assert out.startswith("done; worker 0 at 127.0.0.1:")
    for one, another in zip(weights_of(tmp_path / "run"), weights_of(alone), strict=True):
        assert np.allclose(one, another, rtol=1e-4, atol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
