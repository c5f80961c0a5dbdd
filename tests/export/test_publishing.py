import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnnzoo.export.publishing import publish

PARTS = [f"part{number}" for number in range(20)]

# Publishes versions of PARTS without end.
PUBLISH = f"""
import sys, time
from pathlib import Path
from cnnzoo.export.publishing import publish

def write(folder):
    for name in {PARTS!r}:
        (folder / name).write_text("whole " * 1000)

while True:
    print(publish(Path(sys.argv[1]), write), flush=True)
"""


def fill(folder):
    for name in PARTS:
        (folder / name).write_text("whole " * 1000)


def is_complete(version):
    return all((version / name).read_text() == "whole " * 1000 for name in PARTS)


def start(base):
    command = [sys.executable, "-c", PUBLISH, str(base)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def hidden(base):
    return [path.name for path in base.iterdir() if not path.name.isdecimal()]


def test_versions_are_counted_and_never_replaced(tmp_path):
    base = tmp_path / "models" / "lenet"
    (base / "7").mkdir(parents=True)
    (base / "7" / "mine").write_text("kept")
    assert [publish(base, fill).name for _ in range(3)] == ["8", "9", "10"]
    assert (base / "7" / "mine").read_text() == "kept"
    assert all(is_complete(base / name) for name in ("8", "9", "10"))
    assert (base / "8").stat().st_mode & 0o777 == 0o755
    assert hidden(base) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_what_raises_publishes_nothing(error, tmp_path):
    def write(folder):
        fill(folder)
        raise error

    with pytest.raises(error):
        publish(tmp_path, write)
    assert list(tmp_path.iterdir()) == []


def test_no_version_is_seen_before_it_is_on_disk(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync

    def record(descriptor):
        fsync(descriptor)
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        assert [path for path in tmp_path.iterdir() if path.name.isdecimal()] == published

    monkeypatch.setattr(os, "fsync", record)
    published = []
    monkeypatch.setattr(
        Path, "rename", lambda path, to: (os.rename(path, to), published.append(to))
    )
    publish(tmp_path, fill)
    assert {Path(path).name for path in synced} >= {*PARTS, tmp_path.name}
    assert Path(synced[-1]) == tmp_path


def test_two_exports_at_once_never_collide(tmp_path):
    processes = [start(tmp_path) for _ in range(3)]
    seen = [process.stdout.readline().strip() for process in processes for _ in range(10)]
    for process in processes:
        process.kill()
        process.wait()
    assert len(set(seen)) == 30
    versions = [path for path in tmp_path.iterdir() if path.name.isdecimal()]
    assert sorted(int(path.name) for path in versions) == list(range(1, len(versions) + 1))
    assert all(map(is_complete, versions))


def test_a_kill_at_any_moment_leaves_whole_versions_and_the_next_export_cleans_up(tmp_path):
    draw = random.Random(0)
    left = 0
    for _ in range(20):
        process = start(tmp_path)
        process.stdout.readline()
        time.sleep(draw.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert all(is_complete(path) for path in tmp_path.iterdir() if path.name.isdecimal())
        left += bool(hidden(tmp_path))
    assert left > 0
    publish(tmp_path, fill)
    assert hidden(tmp_path) == []


def test_a_folder_that_is_being_written_stays(tmp_path):
    def write(folder):
        fill(folder)
        publish(tmp_path, fill)
        assert is_complete(folder)

    assert publish(tmp_path, write).name == "2"
    assert is_complete(tmp_path / "1")
    assert is_complete(tmp_path / "2")


def complete_saved_model(version):
    files = ("saved_model.pb", "variables/variables.index", "assets.extra/model.tflite")
    return all((version / file).stat().st_size for file in files)


@pytest.mark.slow
def test_the_command_is_killed_while_it_writes(command, tmp_path):
    base = tmp_path / "models" / "mnist_lenet5"
    arguments = ["export", "mnist_lenet5", "--out", "models"]
    for file in ("saved_model.pb", "assets.extra/model.tflite"):
        process = subprocess.Popen(
            [sys.executable, "-m", "cnnzoo", *arguments], cwd=tmp_path, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and not any(base.glob(f".new-*/{file}")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert len(hidden(base)) == len(list(base.iterdir())) == 1  # That of before is gone.
    assert command(*arguments, cwd=tmp_path).returncode == 0
    assert [path.name for path in base.iterdir()] == ["1"]
    assert complete_saved_model(base / "1")
    done = command("predict", base, "--json", "none.png", cwd=tmp_path)
    assert "none.png must be a file" in done.stderr  # The latest version has loaded.
