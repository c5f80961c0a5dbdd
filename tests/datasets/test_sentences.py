"""Sentences in their authors' files: small ones in their form, and the real ones."""

import hashlib
import io
import os
import shutil
import tarfile
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from cnnzoo.datasets import DATASETS, sentences
from cnnzoo.datasets.sentences import FilePerClass, FilePerSplit
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
DIGESTS = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
ADDRESS = "https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz"
READ = FilePerClass("mr", DIGESTS, ADDRESS)
REAL = Path(os.environ.get("TFDS_DATA_DIR", "")).parent / "text"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the small files are looked for; they are not there."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
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

        monkeypatch.setattr(sentences.urllib.request, "urlopen", answer)
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
    assert not READ.is_here
    place(folder)
    assert READ.is_here
    asked = serve(b"")
    check_examples(READ)
    assert not asked


@pytest.mark.parametrize("already", [[], ["rt-polarity.neg"]])
def test_what_is_missing_is_downloaded_once(already, folder, serve):
    for name in already:
        folder.mkdir()
        (folder / name).write_bytes(b"cut")
    asked = serve(archive(FILES))
    check_examples(READ)
    assert asked == [(ADDRESS, 60)]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def refused(message):
    with pytest.raises(CnnzooError) as caught:
        READ("train")
    assert str(caught.value) == message


ADVICE = (
    "run this once with internet access, or put rt-polarity.neg and rt-polarity.pos there, from "
    f"{ADDRESS}"
)


def test_without_a_network_the_error_says_what_to_do(folder, monkeypatch):
    def offline(*_, **__):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(sentences.urllib.request, "urlopen", offline)
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
        READ("train")
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
            READ("test")
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


def test_files_of_splits_begin_each_line_with_its_label(tmp_path, monkeypatch):
    """They are downloaded one by one, from a folder."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    files = {
        "a.train": "4 très bon\n0 poor \u2028 thing\n".encode(),
        "a.dev": b"1 x\n",
        "a.test": b"2 y",
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    asked = []

    def answer(url, timeout):
        asked.append(url)
        return io.BytesIO(files[url.rpartition("/")[2]])

    monkeypatch.setattr(sentences.urllib.request, "urlopen", answer)
    read = FilePerSplit("words", digests, "https://example.org/data", "utf-8")
    found = [read(split) for split in ("train", "validation", "test")]
    assert [one.inputs.tolist() for one in found] == [
        ["très bon", "poor \u2028 thing"],
        ["x"],
        ["y"],
    ]
    assert [one.labels.tolist() for one in found] == [[4, 0], [1], [2]]
    assert asked == [f"https://example.org/data/{name}" for name in files]
    (tmp_path / "words" / "a.dev").write_bytes(b"2 x\n")
    with pytest.raises(CnnzooError, match=r"words/a.dev is damaged: its content does not have SHA"):
        read("validation")


# Sentences of each class, as the papers count them, and a sentence with its class.
COUNTS = {
    "mr": ([5_331, 5_331], "simplistic , silly and tedious . ", 0),
    "subj": (
        [5_000, 5_000],
        "works both as an engaging drama and an incisive look at the difficul",
        1,
    ),
    "cr": ([1_368, 2_407], "many of our disney movies do n 't play on this dvd", 0),
    "mpqa": ([7_294, 3_312], "it had to happen and the sooner the better", 1),
    "sst_fine": (
        [1_510, 3_140, 2_242, 3_111, 1_852],
        "a stirring , funny and finally transporting",
        4,
    ),
    "sst_binary": (
        [4_650, 4_963],
        "a stirring , funny and finally transporting re-imagining of beauty",
        1,
    ),
}


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no files of the authors in {REAL}")
@pytest.mark.parametrize("name", COUNTS)
def test_real_sentences(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    dataset = DATASETS[name]
    shutil.copytree(REAL / dataset.read.name, tmp_path / dataset.read.name)
    found = [dataset.examples(split) for split in dataset.sizes]
    counts, beginning, label = COUNTS[name]
    labels = np.concatenate([one.labels for one in found])
    assert np.bincount(labels).tolist() == counts
    texts = np.concatenate([one.inputs for one in found])
    assert {
        int(one) for text, one in zip(texts, labels, strict=True) if text.startswith(beginning)
    } == {label}
    if "validation" not in dataset.sizes:  # Then the splits are cut here.
        assert not set(found[0].inputs) & set(found[1].inputs)


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no files of the authors in {REAL}")
def test_an_ellipsis_ends_no_line(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    shutil.copytree(REAL / "mr", tmp_path / "mr")
    texts = [text for split in ("train", "test") for text in DATASETS["mr"].examples(split).inputs]
    there = sum(
        (REAL / "mr" / name).read_bytes().count(b"\x85") for name in DATASETS["mr"].read.sha256
    )
    assert sum(text.count("…") for text in texts) == there > 0
