import hashlib
import io
import os
import stat
import struct
import zipfile

import pytest

from cnnzoo import files
from cnnzoo.errors import CnnzooError


def test_a_failure_while_writing_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "file"
    files.write_whole(path, b"old")

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        files.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_can_be_read_by_others(tmp_path):
    umask = os.umask(0o022)
    try:
        files.write_whole(tmp_path / "folder" / "file", b"content")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "folder" / "file").stat().st_mode) == 0o644


def test_reading_names_the_path(tmp_path):
    with pytest.raises(CnnzooError, match=f"{tmp_path} must be a file; there is a folder"):
        files.read(tmp_path)
    with pytest.raises(CnnzooError, match="none must be a file; there is nothing"):
        files.read(tmp_path / "none")
    (tmp_path / "large").write_bytes(b"12345")
    with pytest.raises(CnnzooError, match="large must have at most 4 bytes; got 5"):
        files.read(tmp_path / "large", limit=4)


def test_a_section_is_replaced_between_its_marks(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n")
    files.replace_between(page, "x", "new")
    assert page.read_text() == "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n"
    with pytest.raises(CnnzooError, match=r"README.md must hold the lines '<!-- y: begin -->'"):
        files.replace_between(page, "y", "new")
    assert "new" in page.read_text()


def test_a_sealed_archive_gives_back_its_parts_and_shows_any_change(tmp_path):
    path = tmp_path / "parts"
    parts = {"a": b"x" * 3_000_000, "b": b""}
    files.write_sealed(path, parts)
    assert files.read_sealed(path) == parts
    content = bytearray(path.read_bytes())
    for place in (0, 2_000_000, len(content) - 1):
        content[place] ^= 1
        path.write_bytes(content)
        with pytest.raises(CnnzooError, match="is damaged or was not written by cnnzoo"):
            files.read_sealed(path)
        content[place] ^= 1


def test_a_sealed_archive_of_compressed_parts_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(10**6))
    body = buffer.getvalue()[:-2] + struct.pack("<H", 64)  # The length of what follows.
    (tmp_path / "bomb").write_bytes(body + hashlib.sha256(body).hexdigest().encode())
    with pytest.raises(CnnzooError, match="must hold its parts as they are; got 1,000,000 bytes"):
        files.read_sealed(tmp_path / "bomb")
