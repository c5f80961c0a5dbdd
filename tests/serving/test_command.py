"""`cnnzoo serve` as a process of its own."""

import signal
import subprocess
import sys

import httpx
import pytest

from cnnzoo import cli
from cnnzoo.extras import install


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_serve_prints_its_address_and_ends_gracefully(exports, images, digits, started, number):
    process, url = started(exports)
    answer = httpx.post(
        f"{url}/v1/models/{images}:predict", json={"instances": digits.tolist()}, timeout=60
    )
    assert len(answer.json()["predictions"]) == 6
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "stopped after 1 requests\n")
    assert "Traceback" not in err


def test_what_cannot_be_served_is_a_one_line_error(exports, tmp_path, capsys, taken_port):
    def told(*arguments):
        assert cli.main(["serve", *map(str, arguments)]) == 1
        return capsys.readouterr().err

    assert f"{tmp_path}/none must be a folder of exported models; got no such folder" in told(
        tmp_path / "none", "--port", 0
    )
    assert "must hold MODEL/VERSION/saved_model.pb; got no such file" in told(tmp_path, "--port", 0)
    assert f"port must be free; got {taken_port} at 127.0.0.1: Address already in use" in told(
        exports, "--port", taken_port
    )
    assert "port must be free; got 99999" in told(exports, "--port", 99_999)
    assert "port must be free; got 0 at no.such.host.invalid: " in told(
        exports, "--port", 0, "--host", "no.such.host.invalid"
    )
    with pytest.raises(SystemExit, match="2"):
        told(exports, "--max-body", 0)
    sentence = "--max-body: must be a whole number of at least 1; got '0'"
    assert sentence in capsys.readouterr().err


def test_missing_packages_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert cli.main(["serve", str(tmp_path)]) == 1
    sentence = f"cnnzoo: serving needs more packages; run: {install('serve')}\n"
    assert "'fastapi>=0.115'" in sentence
    assert capsys.readouterr().err == sentence


def test_help_and_server_load_no_more_than_they_need(tmp_path):
    program = """
import sys
from cnnzoo import cli
from cnnzoo.extras import install
try:
    cli.main(["serve", "--help"])
except SystemExit:
    pass
assert not {"tensorflow", "keras", "fastapi", "numpy"} & sys.modules.keys()
import cnnzoo.serving.server
for name in ("training", "models", "layers", "datasets", "evaluation"):
    assert f"cnnzoo.{name}" not in sys.modules, name
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, capture_output=True)
