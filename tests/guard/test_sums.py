import random
import shutil
import subprocess

import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.guard.sums import SUMS, check_sums, write_sums


@pytest.fixture
def copy(saved_model, tmp_path):
    return shutil.copytree(saved_model, tmp_path / "1")


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_no_single_bit_flip_of_an_exported_folder_loads_silently(copy):
    contents = {path: path.read_bytes() for path in files(copy)}
    assert copy / SUMS in contents
    draw = random.Random(0)
    for turn in range(300):
        # Each file in turn, however small, and then wherever there are bytes.
        paths = list(contents)
        path = paths[turn % len(paths)]
        if turn >= 100:
            (path,) = draw.choices(paths, [len(content) for content in contents.values()])
        damaged = bytearray(contents[path])
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(CnnzooError):
            cnnzoo.load(copy)
        path.write_bytes(contents[path])
    assert cnnzoo.load(copy).class_names == list("0123456789")


def test_what_changed_is_named(copy):
    with (copy / "variables" / "variables.index").open("ab") as file:
        file.write(b"x")
    with pytest.raises(CnnzooError, match=f"{copy} is damaged: variables/variables.index changed"):
        check_sums(copy)


def test_files_that_were_added_or_lost_are_named(copy):
    (copy / "assets" / "more").write_text("x")
    (copy / "fingerprint.pb").unlink()
    with pytest.raises(CnnzooError, match="is damaged: assets/more, fingerprint.pb changed"):
        check_sums(copy)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"nothing\n", b"\n" * 9])
def test_a_damaged_list_is_refused(copy, content):
    (copy / SUMS).write_bytes(content)
    with pytest.raises(CnnzooError, match="is damaged: .* changed after the export"):
        check_sums(copy)


def test_folders_without_a_list_and_hidden_files_are_let_be(copy):
    (copy / "assets" / ".DS_Store").write_text("x")
    check_sums(copy)
    (copy / SUMS).unlink()
    (copy / "fingerprint.pb").unlink()
    check_sums(copy)


def test_the_list_is_what_sha256sum_writes(tmp_path):
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "b").write_bytes(b"abc")
    (tmp_path / "a").write_bytes(b"")
    write_sums(tmp_path)
    # Of the empty message and of "abc", from FIPS 180-2.
    assert (tmp_path / SUMS).read_text() == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n"
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b\n"
    )
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=tmp_path, check=True)
