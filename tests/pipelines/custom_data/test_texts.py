"""One's own texts in folders: a file a text, or a file a class."""

import hashlib
import os

import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.dataset import find

LENGTH = (56,)  # Tokens of a network's input.


def write(folder, files):
    """Write texts by relative path."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def refused(path, message):
    with pytest.raises(CnnzooError) as caught:
        find(str(path), LENGTH)
    assert str(caught.value) == message


def of_test(texts):
    """Return the texts with a SHA-256 whose first byte is below 51, or else the lowest one."""
    digests = {text: hashlib.sha256(text.encode()).digest() for text in texts}
    return [text for text in texts if digests[text][0] < 51] or [min(texts, key=digests.get)]


def test_a_folder_of_text_files_a_class_is_a_data_set(tmp_path):
    texts = {kind: [f"{kind} film {i}\nsecond line é" for i in range(10)] for kind in "ab"}
    for kind, of_class in texts.items():
        write(tmp_path, {f"{kind}/{i}.txt": f"{text}\n" for i, text in enumerate(of_class)})
    write(tmp_path, {".DS_Store": b"\xff", "a/.DS_Store": b"\xff", "README": "beside"})
    dataset = find(str(tmp_path), LENGTH)
    assert dataset.kind == "texts"
    assert dataset.input_shape == ()
    assert dataset.class_names == ("a", "b")
    chosen = {kind: of_test(texts[kind]) for kind in "ab"}
    test = dataset.examples("test")
    assert test.inputs.tolist() == chosen["a"] + chosen["b"]
    assert test.inputs.dtype == object
    assert test.labels.tolist() == [0] * len(chosen["a"]) + [1] * len(chosen["b"])
    assert test.labels.dtype == np.int64
    train = dataset.examples("train")
    expected = [one for kind in "ab" for one in texts[kind] if one not in test.inputs.tolist()]
    assert train.inputs.tolist() == expected


def test_train_and_test_folders_are_kept(tmp_path):
    write(tmp_path, {"train/neg/1.txt": "bad", "train/pos/1.txt": "good", "train/pos/2.txt": ""})
    write(tmp_path, {"test/neg/1.txt": "worse", "test/pos/1.txt": "better"})
    dataset = find(str(tmp_path), ())
    assert dataset.examples("train").inputs.tolist() == ["bad", "good", ""]
    assert dataset.examples("train").labels.tolist() == [0, 1, 1]
    assert dataset.examples("test").inputs.tolist() == ["worse", "better"]
    write(tmp_path, {"test/negative/1.txt": "worst", "train/unsup/1.txt": "?"})
    refused(tmp_path, f"{tmp_path} must hold texts of 'negative' for train; got none")


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (("neg.txt", "pos.txt"), ("neg", "pos")),
        (("rt-polarity.neg", "rt-polarity.pos"), ("neg", "pos")),
        (("a.1.txt", "a.2.txt"), ("a.1", "a.2")),
    ],
)
def test_a_file_a_class_has_a_text_a_line(tmp_path, names, classes):
    negative, positive = ([f"{name} {i}" for i in range(5)] for name in classes)
    write(tmp_path, {names[0]: "\ufeff" + "\r\n".join(negative), ".hidden.txt": "hidden"})
    write(tmp_path, {names[1]: "\n".join(positive[:3]) + "\n\n \t\n" + "\n".join(positive[3:])})
    dataset = find(str(tmp_path), LENGTH)
    assert dataset.class_names == classes
    assert dataset.examples("test").inputs.tolist() == of_test(negative) + of_test(positive)
    both = [*dataset.examples("train").inputs, *dataset.examples("test").inputs]
    assert sorted(both) == sorted(negative + positive)


def test_files_a_class_stand_in_train_and_test_too(tmp_path):
    write(tmp_path, {"train/x.neg": "bad\nworse\n\n", "train/x.pos": "good"})
    write(tmp_path, {"test/x.neg": "worst", "test/x.pos": "\nbest\n"})
    dataset = find(str(tmp_path), LENGTH)
    assert dataset.examples("train").inputs.tolist() == ["bad", "worse", "good"]
    assert dataset.examples("test").inputs.tolist() == ["worst", "best"]


def test_equal_texts_share_a_split_whatever_their_class(tmp_path):
    texts = [f"text {i % 7}" for i in range(40)]
    write(tmp_path, {"a.txt": "\n".join(texts), "b.txt": "\n".join(texts[5:] + ["b"] * 9)})
    dataset = find(str(tmp_path), LENGTH)
    train, test = (set(dataset.examples(split).inputs) for split in ("train", "test"))
    assert train | test == {*texts, "b"}
    assert not train & test


def test_files_that_are_no_texts_are_left_out_counted_and_named(tmp_path, capsys):
    write(tmp_path, {f"{name}/{i}.TXT": f"{name} {i}" for name in "ab" for i in range(5)})
    write(tmp_path, {"b/2.png": b"\x89PNG", "b/3.doc": "", "a/sub/1.txt": "deep", "notes.md": ""})
    assert sum(find(str(tmp_path), LENGTH).sizes.values()) == 10
    named = "notes.md, a/sub, b/2.png, b/3.doc"
    assert f"{tmp_path}: 4 left out, no examples: {named}" in capsys.readouterr().err
    write(tmp_path / "many", {f"{i}.csv": "text" for i in range(6)})
    named = ", ".join(f"{i}.csv" for i in range(5))
    wanted = "must hold a folder of .txt files, or one text file, for each class; got"
    refused(tmp_path / "many", f"{tmp_path / 'many'} {wanted} {named}, ...")


NOTES = ("LICENSE", "README.txt", "notes.md", ".DS_Store", "Thumbs.db", "desktop.ini", "._x")


@pytest.mark.parametrize("names", [("neg.txt", "pos.TXT"), ("polarity.neg", "polarity.pos")])
def test_notes_and_files_of_the_system_are_no_classes(tmp_path, names, capsys):
    write(tmp_path, {name: f"{name} 1\n{name} 2\n{name} 3\r{name} 4" for name in names})
    write(tmp_path, {**dict.fromkeys(NOTES, b"\xff\xff"), "__MACOSX/._pos.txt": b"\xff"})
    dataset = find(str(tmp_path), LENGTH)
    assert dataset.class_names == ("neg", "pos")
    assert sum(dataset.sizes.values()) == 8
    assert "8 left out, no examples" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["val", "Valid", "validation", "DEV"])
def test_validation_folders_are_a_split(tmp_path, word):
    for split, count in (("Train", 10), (word, 3)):
        for name in ("1e1", "nan"):
            write(
                tmp_path,
                {f"{split}/{name}.txt": "\n".join(f"{split} {name} {i}" for i in range(count))},
            )
    dataset = find(str(tmp_path), LENGTH)
    assert dataset.class_names == ("1e1", "nan")
    assert dataset.sizes["validation"] == 6
    assert dataset.sizes["train"] + dataset.sizes["test"] == 20
    assert all(text.startswith(word) for text in dataset.examples("validation").inputs)
    assert all(text.startswith("Train") for text in dataset.examples("test").inputs)


def test_the_home_folder_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, {f"mine/{name}.txt": f"{name}\n{name} 2" for name in "ab"})
    assert find("~/mine", LENGTH).sizes == {"train": 2, "test": 2}


def test_another_encoding_is_named_with_file_line_and_bytes(tmp_path):
    write(tmp_path, {"a.txt": "good\nfine", "b.txt": b"bad\ncaf\xe9"})
    place = f"{tmp_path / 'b.txt'}, line 2,"
    refused(
        tmp_path,
        f"{place} must be UTF-8 text; got 0xe9 after 3 bytes; name its encoding, such as "
        "--encoding cp1252",
    )
    dataset = find(str(tmp_path), LENGTH, encoding="cp1252")
    assert "café" in [*dataset.examples("train").inputs, *dataset.examples("test").inputs]


def test_what_holds_no_classes_is_refused(tmp_path):
    wanted = f"{tmp_path} must hold a folder of .txt files, or one text file, for each class; got "
    refused(tmp_path, f"{wanted}nothing")
    write(tmp_path, {"train.txt": "1 good", "test.txt": "0 bad"})
    refused(tmp_path, f"{wanted}test.txt, train.txt")
    write(tmp_path / "one", {"pos.txt": "good"})
    message = f"{tmp_path / 'one'} must hold examples of two classes or more; got 'pos' alone"
    refused(tmp_path / "one", message)
    write(tmp_path / "one", {"neg.txt": "\n \n"})
    refused(tmp_path / "one", f"{tmp_path / 'one'} must hold texts of 'neg' for train; got none")


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX systems alone")
def test_a_class_without_a_unicode_name_is_refused(tmp_path):
    for name in (b"ok.txt", b"\xff.txt"):
        (tmp_path / os.fsdecode(name)).write_text("one\ntwo")
    refused(
        tmp_path,
        f"{tmp_path} must hold Unicode text; got half of a surrogate pair in '\\udcff'",
    )
