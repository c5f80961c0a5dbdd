"""MR from its authors' files: small ones in their form, and the real ones."""

import hashlib
import io
import os
import shutil
import tarfile
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from cnnzoo.datasets import DATASETS, mr
from cnnzoo.errors import CnnzooError

# cp1252: 0x85 is an ellipsis, 0xe9 is é, and neither ends a line, nor does a vertical tab.
FILES = {
    "rt-polarity.neg": b"dull\x0b \n" + b"".join(b"bad\x85 %d \n" % i for i in range(30)),
    "rt-polarity.pos": b"caf\xe9 \n" + b"".join(b"good %d \n" % i for i in range(30)),
}
TEXTS = [
    *("dull\x0b ", *(f"bad… {i} " for i in range(30))),
    *("café ", *(f"good {i} " for i in range(30))),
]
REAL = Path(os.environ.get("TFDS_DATA_DIR", "")).parent / "text" / "mr"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the small files are looked for; they are not there."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    monkeypatch.setattr(mr, "SHA256", digests)
    return tmp_path / "mr"


def archive(files, readme=b"read"):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        for name, one in {"rt-polaritydata.README.1.0.txt": readme, **files}.items():
            member = tarfile.TarInfo(f"rt-polaritydata/{name}")
            member.size = len(one)
            packed.addfile(member, io.BytesIO(one))
    return content.getvalue()


@pytest.fixture
def serve(monkeypatch):
    """Answer with the content, and return the addresses that are asked for."""

    def serve(content):
        asked = []

        def answer(url, timeout):
            asked.append((url, timeout))
            return io.BytesIO(content)

        monkeypatch.setattr(mr.urllib.request, "urlopen", answer)
        return asked

    return serve


def place(folder):
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)


def check_examples(read):
    """Compare both splits with the rule of the docstring, over lines as an editor shows them."""
    for split in ("train", "test"):
        chosen = [
            (hashlib.sha256(text.encode()).hexdigest() < "33") == (split == "test")
            for text in TEXTS
        ]
        texts, labels = read(split)
        assert texts.tolist() == [text for text, one in zip(TEXTS, chosen, strict=True) if one]
        assert labels.tolist() == (np.arange(62) // 31)[chosen].tolist()
        assert labels.dtype == np.int64
        assert len(labels) > 2


def test_files_in_place_are_read(folder, serve):
    read = mr.Files()
    assert not read.is_here
    place(folder)
    assert read.is_here
    asked = serve(b"")
    check_examples(read)
    assert not asked


@pytest.mark.parametrize("already", [[], ["rt-polarity.neg"]])
def test_what_is_missing_is_downloaded_once(already, folder, serve):
    for name in already:
        folder.mkdir()
        (folder / name).write_bytes(b"cut")
    asked = serve(archive(FILES))
    read = mr.Files()
    check_examples(read)
    assert asked == [
        ("https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz", 60)
    ]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def refused(message):
    with pytest.raises(CnnzooError) as caught:
        mr.Files()("train")
    assert str(caught.value) == message


ADVICE = (
    "run this once with internet access, or put rt-polarity.neg and rt-polarity.pos there, from "
    "https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz"
)


def test_without_a_network_the_error_says_what_to_do(folder, monkeypatch):
    def offline(*_, **__):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(mr.urllib.request, "urlopen", offline)
    reason = "<urlopen error no network>"
    refused(f"mr is not in {folder} and cannot be downloaded ({reason}); {ADVICE}")
    assert not folder.exists()


@pytest.mark.parametrize("damage", ["cut", "no archive", "file missing", "file changed"])
def test_a_wrong_archive_leaves_nothing(damage, folder, serve):
    other = {**FILES, "rt-polarity.pos": b"other"}
    whole = archive(FILES)
    serve(
        {
            "cut": whole[: len(whole) // 2],
            "no archive": b"<html>moved</html>",
            "file missing": archive({"rt-polarity.neg": FILES["rt-polarity.neg"]}),
            "file changed": archive(other),
        }[damage]
    )
    with pytest.raises(CnnzooError) as caught:
        mr.Files()("train")
    begin, end = str(caught.value).split("); ")
    assert begin.startswith(f"mr is not in {folder} and cannot be downloaded (")
    assert end == ADVICE
    assert ("rt-polarity.pos is damaged: its content" in begin) == (damage == "file changed")
    assert not folder.exists()


def test_an_archive_that_is_garbled_anywhere_is_refused_or_sound(folder, serve):
    noise = np.random.default_rng(0).bytes(100_000).hex().encode()
    whole = archive(FILES, readme=noise)
    refusals, places = 0, [*range(400), *range(400, len(whole), 997)]
    for at in places:
        serve(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            mr.Files()("test")
        except CnnzooError:
            refusals += 1
            assert not folder.exists()
        else:
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
            shutil.rmtree(folder)
    assert 0 < refusals < len(places)


def test_a_damaged_file_is_named(folder):
    place(folder)
    path = folder / "rt-polarity.pos"
    path.write_bytes(path.read_bytes().replace(b"good 7", b"good 8"))
    digest = hashlib.sha256(FILES["rt-polarity.pos"]).hexdigest()
    refused(f"{path} is damaged: its content does not have SHA-256 {digest}")


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no files of the authors in {REAL}")
def test_real_sentences(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    (tmp_path / "mr").mkdir()
    for name in mr.SHA256:
        shutil.copy(REAL / name, tmp_path / "mr")
    train, test = (DATASETS["mr"].examples(split) for split in ("train", "test"))
    # As the authors count them, in their README.
    assert np.bincount([*train.labels, *test.labels]).tolist() == [5_331, 5_331]
    assert not set(train.inputs) & set(test.inputs)
    label = dict(zip([*train.inputs, *test.inputs], [*train.labels, *test.labels], strict=True))
    assert label["simplistic , silly and tedious . "] == 0  # The first line of its file.
    assert label["a masterpiece four years in the making . "] == 1
    ellipses = sum((REAL / name).read_bytes().count(b"\x85") for name in mr.SHA256)
    assert sum(text.count("…") for text in label) == ellipses > 0
