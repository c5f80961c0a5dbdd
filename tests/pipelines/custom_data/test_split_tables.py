"""One's own texts and images in a folder with a table for each split."""

import csv

import numpy as np
import pytest
from PIL import Image

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.dataset import find, kind_of

LENGTH = (56,)  # Tokens of a network's input.


def write(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def rows(name, count=4):
    return [(f"{name} {i}", "ab"[i % 2]) for i in range(count)]


def refused(message, name):
    with pytest.raises(CnnzooError) as caught:
        find(str(name), LENGTH)
    assert message in str(caught.value)


def test_files_are_splits(tmp_path, capsys):
    for name in ("train", "Dev", "test"):
        write(tmp_path / f"{name}.csv", ("text", "label"), rows(name))
    (tmp_path / "README.md").write_text("Notes")
    assert kind_of(str(tmp_path)) == "texts"
    dataset = find(str(tmp_path), LENGTH)
    assert dataset.sizes == {"train": 4, "validation": 4, "test": 4}
    assert list(dataset.examples("validation").inputs) == [f"Dev {i}" for i in range(4)]
    assert dataset.has_test
    assert "1 left out, no examples: README.md" in capsys.readouterr().err


def test_parts_follow_each_other(tmp_path):
    for part in (1, 0):
        path = tmp_path / f"train-0000{part}-of-00002.csv"
        write(path, ("text", "label"), rows(f"part {part}"))
    write(tmp_path / "test-00000-of-00001.csv", ("text", "label"), rows("test"))
    texts = list(find(str(tmp_path), LENGTH).examples("train").inputs)
    assert texts == [f"part {part} {i}" for part in range(2) for i in range(4)]


def test_a_test_table_without_labels_is_left_out(tmp_path, capsys):
    write(tmp_path / "train.csv", ("id", "text", "label"), [(1, *row) for row in rows("a", 40)])
    write(tmp_path / "test.csv", ("id", "text"), [(1, "unlabeled")])
    dataset = find(str(tmp_path), LENGTH)
    assert sum(dataset.sizes.values()) == 40
    assert not dataset.has_test
    assert "left out, no examples: test.csv" in capsys.readouterr().err


def test_images_are_found_beside_the_tables_and_columns_are_named(tmp_path):
    names = []
    for place in range(40):
        names.append(f"images/{place}.png")
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), place, np.uint8)).save(tmp_path / names[-1])
    labeled = [(name, "ab"[place % 2]) for place, name in enumerate(names)]
    write(tmp_path / "train.csv", ("file", "kind"), labeled)
    name = f"{tmp_path}[file,kind]"
    assert kind_of(name) == "images"
    dataset = find(name, (8, 8, 3))
    assert dataset.class_names == ("a", "b")
    assert sum(dataset.sizes.values()) == 40


def test_folders_of_classes_come_before_tables(tmp_path):
    for split in ("train", "test"):
        for name in "ab":
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            (folder / "one.txt").write_text(f"{split} {name}")
    write(tmp_path / "train.csv", ("other", "columns"), [(1, 2)])
    assert find(str(tmp_path), LENGTH).sizes == {"train": 2, "test": 2}


def test_wrong_folders_of_tables_are_refused(tmp_path):
    write(tmp_path / "train.csv", ("text", "label", "split"), [(*row, "test") for row in rows("a")])
    refused("train.csv must have no column 'split': its name says that it is for train", tmp_path)
    write(tmp_path / "train.csv", ("text", "label"), rows("a"))
    write(tmp_path / "test.csv", ("words", "label"), rows("a"))
    refused("test.csv, line 1, must have a column 'text'; got 'words', 'label'", tmp_path)
    (tmp_path / "test.csv").unlink()
    write(tmp_path / "train.csv", ("text",), [("a",)])
    refused("train.csv, line 1, must have a column 'label'; got 'text'", tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    refused("other must hold a table train.csv, for one, to have columns", f"{other}[text,label]")


def test_an_index_beside_folders_of_classes_is_no_data(tmp_path):
    for name in ("neg", "pos"):
        (tmp_path / name).mkdir()
        for place in range(12):
            (tmp_path / name / f"{place}.txt").write_text(f"{name} {place}")
    write(tmp_path / "train.csv", ("id", "breed"), [(1, 2)])
    assert kind_of(str(tmp_path)) == "texts"
    assert find(str(tmp_path), LENGTH).class_names == ("neg", "pos")


def test_semicolons_and_a_test_without_labels(tmp_path):
    lines = ["text;label", *(f"{text};{label}" for text, label in rows("a", 40))]
    (tmp_path / "train.csv").write_text("\n".join(lines))
    (tmp_path / "test.csv").write_text("id;text\n1;b")
    assert sum(find(str(tmp_path), LENGTH).sizes.values()) == 40


def test_two_kinds_of_tables_for_a_split_are_refused(tmp_path):
    write(tmp_path / "train.csv", ("text", "label"), rows("a"))
    (tmp_path / "train.jsonl").write_text('{"text": "a", "label": "b"}')
    refused("must hold tables of one kind for train; got ['.csv', '.jsonl']", tmp_path)
