"""Splits too large for memory, by a limit that is lowered here."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from cnnzoo.datasets import prepared
from cnnzoo.errors import CnnzooError

COUNT = 600


@pytest.fixture
def mapped(small_set, monkeypatch):
    """The reader of a set that is too large for memory, its folder, and what it reads."""
    read, folder = small_set
    expected = read("train")
    monkeypatch.setattr(prepared, "MAX_BYTES", COUNT * 4 * 4 * 3 - 1)
    return read, folder, expected


def test_a_large_split_is_mapped_from_a_file_that_is_made_once(mapped):
    read, folder, expected = mapped
    before = {path.name for path in folder.iterdir()}
    for _ in range(2):
        images, labels = read("train")
        assert isinstance(images, np.memmap)
        assert not images.flags.writeable
        assert np.array_equal(images, expected.inputs)
        assert np.array_equal(labels, expected.labels)
        made = {path.name for path in folder.iterdir()} - before
        assert made == {"cnnzoo_train_600x4x4x3.npy", "cnnzoo_train_600x4x4x3_labels.npy"}
        for shard in folder.glob("*.tfrecord*"):
            shard.unlink()  # The second time, the file alone is read.


def test_a_split_of_just_the_limit_stays_in_memory(small_set, monkeypatch):
    read, _ = small_set
    monkeypatch.setattr(prepared, "MAX_BYTES", COUNT * 4 * 4 * 3)
    assert not isinstance(read("train").inputs, np.memmap)


@pytest.mark.parametrize(
    ("file", "damage", "reason"),
    [
        ("", lambda path: path.write_bytes(path.read_bytes()[:-1]), "mmap length is greater than"),
        ("", lambda path: path.write_bytes(b"no NumPy"), "the magic string is not correct"),
        ("", lambda path: np.save(path, np.zeros((600, 4, 4, 1), np.uint8)), "it holds uint8"),
        ("", lambda path: np.save(path, np.zeros((600, 4, 4, 3), np.int8)), "it holds int8"),
        (
            "",
            lambda path: np.save(path, np.zeros((599, 4, 4, 3), np.uint8)),
            "it has 599 examples, cnnzoo_train_600x4x4x3_labels.npy 600",
        ),
        ("_labels", lambda path: np.save(path, np.zeros(600)), "it holds float64"),
    ],
)
def test_a_damaged_file_is_named(file, damage, reason, mapped):
    read, folder, _ = mapped
    read("train")
    path = folder / f"cnnzoo_train_600x4x4x3{file}.npy"
    damage(path)
    message = rf"^{path} is damaged \({reason}.*\); delete it to have it made again$"
    with pytest.raises(CnnzooError, match=message):
        read("train")


def test_a_full_disk_while_the_file_is_made_is_reported(mapped, small_files):
    read, folder, _ = mapped
    before = sorted(folder.iterdir())
    message = (
        rf"^{folder} must be writable and take cnnzoo_train_600x4x4x3.npy, 0.0 GB; "
        r"got File too large$"
    )
    with small_files(4_096), pytest.raises(CnnzooError, match=message):
        read("train")
    assert sorted(folder.iterdir()) == before
    assert len(read("train").inputs) == COUNT


def test_a_damaged_shard_leaves_no_file(mapped):
    read, folder, _ = mapped
    (shard,) = folder.glob("*.tfrecord*")
    shard.write_bytes(shard.read_bytes()[:-5])
    with pytest.raises(CnnzooError, match=rf"^{shard} is damaged: TFDS cannot read 'train' \("):
        read("train")
    assert not [path for path in folder.iterdir() if "cnnzoo" in path.name]


def test_a_killed_process_leaves_no_file_under_the_name(mapped, root):
    read, folder, expected = mapped
    code = (
        "import os, signal; from cnnzoo.datasets import prepared, sources; prepared.MAX_BYTES = 0\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sources.TFDS('small', '1.0.0')('train')"
    )
    process = subprocess.run([sys.executable, "-c", code], check=False)
    assert process.returncode == -signal.SIGKILL
    assert not list(folder.glob("cnnzoo*"))
    left = list(folder.glob(".cnnzoo*"))
    assert left
    # A file that was written lately may be another process's.
    assert np.array_equal(read("train").inputs, expected.inputs)
    assert set(left) <= set(folder.iterdir())
    for path in [*left, *folder.glob("cnnzoo*")]:
        os.utime(path, (time.time() - 7_200,) * 2)
    next(folder.glob("cnnzoo*_labels.npy")).unlink()
    assert np.array_equal(read("train").inputs, expected.inputs)
    assert not list(folder.glob(".cnnzoo*"))
