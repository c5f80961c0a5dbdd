"""One's own texts and images in tables: CSV, TSV and JSON Lines."""

import csv
import hashlib
import io
import json
import re
import sys

import numpy as np
import pytest
from PIL import Image

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data import examples
from cnnzoo.pipelines.custom_data.dataset import find, kind_of
from cnnzoo.pipelines.custom_data.inputs import Inputs

LENGTH = (56,)  # Tokens of a network's input.
ADVICE = "; name its encoding, such as --encoding cp1252"
ROWS = [("text", "label"), *((f'film, "{i}"\nétoile', ["neg", "pos"][i % 2]) for i in range(20))]


def table(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(message, name, shape=LENGTH):
    with pytest.raises(CnnzooError) as caught:
        find(str(name), shape)
    assert str(caught.value) == message


def write(path, rows, kind, start=""):
    """Write `rows`, of which the first has the names of columns, as Python's own writers do."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(start)
        if kind == "jsonl":
            file.writelines(
                json.dumps(dict(zip(rows[0], row, strict=True))) + "\n" for row in rows[1:]
            )
        else:
            csv.writer(file, "excel-tab" if kind == "tsv" else "excel").writerows(rows)
    return path


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "CSV"])
def test_a_table_is_a_data_set(kind, start, tmp_path):
    path = write(tmp_path / f"films.{kind}", ROWS, kind, start)
    dataset = find(str(path), LENGTH)
    assert dataset.name == str(path)
    assert dataset.class_names == ("neg", "pos")
    assert sum(dataset.sizes.values()) == 20
    texts, labels = dataset.examples("test")
    assert texts.tolist() == [
        text for text, _ in ROWS[1:] if hashlib.sha256(text.encode()).digest()[0] < 51
    ]
    names = dict(ROWS[1:])
    assert [dataset.class_names[label] for label in labels] == [names[text] for text in texts]


def test_columns_are_named_in_brackets(tmp_path):
    path = table(
        tmp_path / "reviews.csv",
        "id,stars,my review,split\n1,10,good,train\n2,2,bad,train\n\n"
        "3,2,worse,test\n4,10,best,test\n",
    )
    name = f"{path}[my review, stars]"
    dataset = find(name, LENGTH)
    assert dataset.name == name
    assert dataset.class_names == ("2", "10")
    train, test = dataset.examples("train"), dataset.examples("test")
    assert train.inputs.tolist() == ["good", "bad"]
    assert train.labels.tolist() == [1, 0]
    assert test.inputs.tolist() == ["worse", "best"]
    assert test.labels.tolist() == [0, 1]
    place = f"{path}, line 1,"
    columns = "'id', 'stars', 'my review', 'split'"
    refused(f"{place} must have a column 'text'; got {columns}", path)
    refused(f"{place} must have a column 'score'; got {columns}", f"{path}[my review,score]")
    for wrong in ("[stars]", "[my review,stars,split]", "[,stars]", "[]"):
        name = f"{path}{wrong}"
        refused(f"columns must be two, as in {path}[text,label]; got {name}", name)
    name = f"{tmp_path}/none.csv[a,b]"
    refused(f"dataset {name!r} is unknown; see `cnnzoo list datasets`", name)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["10", "9", " 9 ", "10"], ("9", "10")),
        (["1.0", "1", "1e1", "2e5"], ("1", "1.0", "1e1", "2e5")),
        (["nan", "inf", "1.5", "-1"], ("-1", "1.5", "inf", "nan")),
        (["b", "a", "10", "10"], ("10", "a", "b")),
        (["e", "Z", "e", "é"], ("Z", "e", "é")),
    ],
)
def test_classes_are_the_distinct_labels_in_order(labels, classes, tmp_path):
    rows = [("text", "label", "split")]
    rows += [("x", label, split) for split in ("train", "test") for label in labels]
    dataset = find(str(write(tmp_path / "a.csv", rows, "csv")), LENGTH)
    assert dataset.class_names == classes


def test_labels_of_json_may_be_numbers(tmp_path):
    lines = [{"text": text, "label": label, "x": 1} for text in "ab" for label in (1, 0, 1.0, 0.0)]
    path = table(tmp_path / "a.jsonl", "\n\n".join(map(json.dumps, lines)))
    dataset = find(str(path), LENGTH)
    assert dataset.class_names == ("0", "1")
    # The lower of the two SHA-256 is that of "b", by its first digit: 3e and ca.
    assert dataset.examples("test").inputs.tolist() == ["b"] * 4
    assert dataset.examples("test").labels.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (
            0.5,
            "must be a string or a whole number; got 0.5: numbers to predict are regression, which",
        ),
        ([1, 1], "must be one class; got [1, 1]: several classes"),
        (["a", "b"], "must be one class; got ['a', 'b']: several classes"),
        (-1, "must be at least 0; got -1, which often marks an unlabeled"),
        ({}, "must be a string or a whole number; got a dict"),
    ],
)
def test_labels_that_are_no_classes_are_refused(label, message, tmp_path):
    path = table(tmp_path / "a.jsonl", json.dumps({"text": "a", "label": label}))
    with pytest.raises(CnnzooError, match=re.escape(f"{path}, line 1, 'label' {message}")):
        find(str(path), LENGTH)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [([True, False], ("0", "1")), ([[0, 1], [1, 0]], ("0", "1")), (["1e1", 7], ("1e1", "7"))],
)
def test_labels_of_json_of_other_types(labels, classes, tmp_path):
    lines = [{"text": f"{i}", "label": labels[i % 2]} for i in range(10)]
    path = table(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
    assert find(str(path), LENGTH).class_names == classes


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("a.csv", "text;label\n", "{};{}\n"),
        ("a.csv", "sep=|\ntext|label\n", "{}|{}\n"),
        ("a.csv", "Text, Label\r", "{}, {}\r"),
        ("a.csv", "\ufefftext,label\r\n", '"{}",{}\r\n'),
        ("a.TSV", "text\tlabel\n", "{}\t{}\n"),
    ],
)
def test_tables_as_programs_write_them(name, header, row, tmp_path):
    rows = (row.format(f"film {i}", "ab"[i % 2]) for i in range(10))
    path = table(tmp_path / name, header + "".join(rows))
    dataset = find(str(path), LENGTH)
    assert dataset.class_names == ("a", "b")
    texts = [*dataset.examples("train").inputs, *dataset.examples("test").inputs]
    assert sorted(texts) == [f"film {i}" for i in range(10)]


def test_quotes_of_tsv_are_characters(tmp_path):
    rows = ['"oh no he said\ta', "first\tb", '"Great" movie\ta', '"b"\tb']
    content = "\n".join(
        ["text\tlabel\tsplit"] + [f"{row}\t{split}" for split in ("train", "test") for row in rows]
    )
    dataset = find(str(table(tmp_path / "a.tsv", content)), LENGTH)
    assert dataset.examples("train").inputs.tolist() == [row.split("\t")[0] for row in rows]


def test_a_split_column_may_name_validation(tmp_path):
    words = ["train", "Test", "VAL", "valid", "validation", "dev"]
    rows = [("text", "label", "Split"), *((f"{i}", "ab"[i % 2], words[i // 2]) for i in range(12))]
    dataset = find(str(write(tmp_path / "a.csv", rows, "csv")), LENGTH)
    assert dataset.sizes == {"train": 2, "validation": 8, "test": 2}
    rows = [
        ("text", "label", "split"),
        *((f"{i}", "ab"[i % 2], words[i // 16 * 2]) for i in range(20)),
    ]
    dataset = find(str(write(tmp_path / "b.csv", rows, "csv")), LENGTH)
    assert dataset.sizes["validation"] == 4
    assert 0 < dataset.sizes["test"] == 16 - dataset.sizes["train"] < 16


def test_another_encoding_is_named(tmp_path):
    rows = "".join(f"caf\xe9 {i},{'ab'[i % 2]}\n" for i in range(10))
    path = table(tmp_path / "a.csv", f"text,label\n{rows}".encode("cp1252"))
    dataset = find(str(path), LENGTH, encoding="cp1252")
    assert all(text.startswith("café") for text in dataset.examples("train").inputs)
    path = table(tmp_path / "b.csv", f"text,label\n{rows}".encode("utf-16"))
    assert find(str(path), LENGTH).examples("train").inputs[0].startswith("café")


def test_parquet(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    columns = {"text": [f"{i}" for i in range(10)], "label": [i % 2 for i in range(10)]}
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    dataset = find(f"{path}", LENGTH)
    assert dataset.class_names == ("0", "1")
    assert dataset.sizes == {"train": 8, "test": 2}
    refused(f"{path} must have a column 'body'; got 'text', 'label'", f"{path}[body,label]")
    parquet.write_table(pyarrow.table({**columns, "label": [i / 4 for i in range(10)]}), path)
    with pytest.raises(CnnzooError, match="row 2, 'label' must be .*; got 0.25: .* regression"):
        find(str(path), LENGTH)
    path.write_bytes(b"PAR1")
    refused(f"{path} must be a Parquet file; it is none, or damaged", path)


def test_images_are_found_beside_the_table(tmp_path):
    (tmp_path / "pictures").mkdir()
    for number in range(8):
        Image.new("L", (4, 4), 30 * number).save(tmp_path / "pictures" / f"{number}.png")
    rows = [
        ("image", "label"),
        *((f"pictures/{i}.png", ["dark", "bright"][i // 4]) for i in range(8)),
    ]
    path = write(tmp_path / "images.tsv", rows, "tsv")
    dataset = find(str(path), (4, 4, 1))
    assert dataset.class_names == ("bright", "dark")
    assert dataset.sizes == {"train": 6, "test": 2}
    for split in dataset.sizes:
        images, labels = dataset.examples(split)
        assert images.dtype == np.uint8
        assert ((images[:, 0, 0, 0] < 120) == (labels == 1)).all()
    refused(f"{path}, line 1, must have a column 'text'; got 'image', 'label'", path)
    (tmp_path / "pictures" / "5.png").unlink()
    refused(
        f"{path}, line 7, 'image' must name an image file; no such file: "
        f"{tmp_path / 'pictures' / '5.png'}",
        *(path, (4, 4, 1)),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", " must hold examples; got none"),
        ("text,label\n", " must hold examples; got none"),
        ("text,label\na,x\nb,x\n", " must hold examples of two classes or more; got 'x' alone"),
        ("text,stars\na,x\n", ", line 1, must have a column 'label'; got 'text', 'stars'"),
        ("text,label,text\na,x,b\n", ", line 1, must have one column 'text'; got 2 of them"),
        ("text,label\n\na\n", ", line 3, must have 2 fields, one per column; got 1"),
        ("text,label\na, b,x\n", ", line 2, must have 2 fields, one per column; got 3"),
        (
            'text,label\na,x\n"b\nc,y\n',
            ", line 3, must begin a row whose quoted fields end in a quote, with quotes in them "
            "doubled; got unexpected end of data",
        ),
        (
            "text,label\na,x\nb, \n",
            ", line 3, 'label' must be a string or a whole number; got an empty one",
        ),
        (
            "text,label,split\na,x,eval\n",
            ", line 2, 'split' must be train, validation or test; got 'eval'",
        ),
        (
            "text,label,split\na,x,train\nb,y,train\n",
            " must hold texts of 'x' for train; got none",
        ),
        (
            b"text,label\ncaf\xe9,x\n",
            f", line 2, must be UTF-8 text; got 0xe9 after 3 bytes{ADVICE}",
        ),
        (bytes(range(256)), f", line 3, must be UTF-8 text; got 0x80 after 114 bytes{ADVICE}"),
    ],
)
def test_a_wrong_csv_file_is_refused(content, message, tmp_path):
    path = table(tmp_path / "a.csv", content)
    refused(f"{path}{message}", path)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", " must hold examples; got none"),
        (
            '{"text": "a", "label"',
            """, line 1, must be a JSON object; got '{"text": "a", "label"'""",
        ),
        ("\n[1]", ", line 2, must be a JSON object; got '[1]'"),
        ("[" * 99_999, ", line 1, must be a JSON object; got '[[[[[[[[[[[[...[[[[[[[[[[[[['"),
        (
            '{"text": "a", "labels": "x"}',
            ", line 1, must have a column 'label'; got 'text', 'labels'",
        ),
        ('{"text": 7, "label": "x"}', ", line 1, 'text' must be a string; got 7"),
        (
            '{"text": "a", "label": null}',
            ", line 1, 'label' must be a string or a whole number; got None, a missing one",
        ),
        (
            '{"text": "a", "label": NaN}',
            ", line 1, 'label' must be a string or a whole number; got nan, a missing one",
        ),
        (
            '{"text": "a", "label": 0}\n{"text": "b", "label": 1, "split": "test"}',
            ", line 1, 'split' must be train, validation or test; got None",
        ),
        (
            '{"text": "a\\ud800", "label": 0}\n{"text": "b", "label": 1}',
            r" must hold Unicode text; got half of a surrogate pair in 'a\ud800'",
        ),
    ],
)
def test_a_wrong_file_of_json_lines_is_refused(lines, message, tmp_path):
    path = table(tmp_path / "a.jsonl", lines)
    refused(f"{path}{message}", path)


def test_long_texts_are_read_and_huge_tables_refused(tmp_path, monkeypatch):
    rows = [("text", "label"), *((f"{i}" * 200_000, f"{i % 2}") for i in range(4))]
    path = write(tmp_path / "a.csv", rows, "csv")
    assert find(str(path), LENGTH).sizes == {"train": 2, "test": 2}
    assert csv.field_size_limit() == 131_072  # Python's, for whoever else reads CSV.
    monkeypatch.setattr(examples, "MAX_TEXT_BYTES", 1_000)
    size = path.stat().st_size
    refused(f"{path} must have at most 1,000 bytes; got {size:,}", path)


def encoded(place):
    """A PNG file of 4x4 pixels, whose value is their place."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((4, 4), 10 * place, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def parquet(tmp_path):
    """Write columns, and what Hugging Face's `datasets` state of them, to a file."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    def write(features=None, **columns):
        found = pyarrow.table(columns)
        if features is not None:
            stated = json.dumps({"info": {"features": features}})
            found = found.replace_schema_metadata({"huggingface": stated})
        parquet.write_table(found, tmp_path / "a.parquet")
        return tmp_path / "a.parquet"

    return write


@pytest.mark.parametrize("form", ["bytes", "mapping", "path"])
def test_a_parquet_file_holds_images(form, parquet, tmp_path):
    for place in range(20):
        (tmp_path / f"{place}.png").write_bytes(encoded(place))
    fields = {
        "bytes": [encoded(place) for place in range(20)],
        "mapping": [{"bytes": encoded(place), "path": None} for place in range(20)],
        "path": [{"bytes": None, "path": f"{place}.png"} for place in range(20)],
    }
    path = parquet(image=fields[form], label=[place % 2 for place in range(20)])
    assert kind_of(str(path)) == "images"
    dataset = find(str(path), (4, 4, 1))
    assert dataset.class_names == ("0", "1")
    values = []
    for split in ("train", "test"):
        images, labels = dataset.examples(split)
        assert np.array_equal(images[:, 0, 0, 0] // 10 % 2, labels)
        values += (images[:, 0, 0, 0] // 10).tolist()
    assert sorted(values) == [*range(20)]
    # Which of them are of the test set is said by their content, wherever it is.
    folder = tmp_path / "folder"
    for place in range(20):
        file = folder / str(place % 2) / f"{place}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded(place))
    apart = find(str(folder), (4, 4, 1))
    assert np.array_equal(
        np.sort(apart.examples("test").inputs.ravel()),
        np.sort(dataset.examples("test").inputs.ravel()),
    )


def test_numbers_of_classes_get_the_names_that_the_file_states(parquet):
    features = {"label": {"names": ["neg", "pos", "other"], "_type": "ClassLabel"}}
    texts = [f"film {place}" for place in range(20)]
    path = parquet(features, text=texts, label=[place % 2 for place in range(20)])
    assert find(str(path), LENGTH).class_names == ("neg", "pos")
    path = parquet(features, text=texts, label=[-1, *[place % 2 for place in range(19)]])
    unlabeled = "must be at least 0; got -1, which often marks an unlabeled example"
    refused(f"{path}, row 1, 'label' {unlabeled}", path)
    path = parquet(features, text=texts, label=[3, *[place % 2 for place in range(19)]])
    refused(f"{path}, row 1, 'label' must be from 0 to 2, a place in class_names; got 3", path)
    path = parquet(features, text=texts, label=[place % 2 + 0.0 for place in range(20)])
    assert find(str(path), LENGTH).class_names == ("neg", "pos")
    for other in (
        {"label": {"names": ["neg", " neg"]}},
        {"label": {"names": "neg"}},
        {"label": [1]},
        {},
    ):
        path = parquet(other, text=texts, label=[place % 2 for place in range(20)])
        assert find(str(path), LENGTH).class_names == ("0", "1")


def test_images_in_a_table_that_are_none_are_named(parquet, tmp_path):
    labels = [place % 2 for place in range(20)]
    images = [encoded(place) for place in range(20)]
    path = parquet(image=[*images[:19], None], label=labels)
    rule = "'image' must be the path of an image file, or its bytes; got None"
    refused(f"{path}, row 20, {rule}", path, (4, 4, 1))
    path = parquet(image=[{"bytes": None, "path": "x.png"}] * 20, label=labels)
    missing = f"no such file: {tmp_path / 'x.png'}"
    refused(f"{path}, row 1, 'image' must name an image file; {missing}", path, (4, 4, 1))
    long = "x" * 5_000
    path = parquet(image=[{"bytes": None, "path": long}] * 20, label=labels)
    with pytest.raises(
        CnnzooError, match=r"row 1, 'image' must name an image file; no such file"
    ) as caught:
        find(str(path), (4, 4, 1))
    assert len(str(caught.value)) < 500
    assert [one.error for one in Inputs([str(path)], "images")][0].startswith(f"{path}, row 1, ")
    path = parquet(image=[*images[:19], b"junk"], label=labels)
    dataset = find(str(path), (4, 4, 1))
    with pytest.raises(CnnzooError, match=r"row 20, 'image' must be a PNG, .*; got something else"):
        [dataset.examples(split).inputs for split in ("train", "test")]
    kept = find(str(path), (4, 4, 1), skip_unreadable=True)
    assert sum(kept.sizes.values()) == 19


def test_texts_in_bytes_are_inputs(parquet):
    path = parquet(text=[b"a film", b"\xff"], label=[0, 1])
    first, second = Inputs([str(path)], "texts")
    assert first == "a film"
    assert second.error.startswith(f"{path}, row 2, 'text' must be UTF-8")


def test_parquet_needs_a_package(parquet, monkeypatch):
    path = parquet(text=["a film"], label=[0])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        CnnzooError, match=f"^pyarrow must be installed for {path}; run: pip install"
    ):
        list(Inputs([str(path)], "texts"))


def test_a_parquet_file_that_is_damaged_within_is_named(parquet):
    path = parquet(text=[f"{place} films" * 50 for place in range(9_000)], label=[0] * 9_000)
    content = bytearray(path.read_bytes())
    content[200:-2_000] = bytes(len(content) - 2_200)
    path.write_bytes(bytes(content))
    with pytest.raises(CnnzooError, match=f"^{path} must be a Parquet file; it is damaged$"):
        list(Inputs([str(path)], "texts"))


def test_images_of_a_parquet_file_are_inputs(parquet):
    path = parquet(image=[encoded(3), b"", None], label=[0] * 3)
    first, empty, missing = Inputs([str(path)], "images")
    assert (first.content, str(first)) == (encoded(3), f"{path}, row 1, 'image'")
    assert empty.content == b""  # Refused when it is opened.
    assert missing.error.endswith(
        "row 3, 'image' must be the path of an image file, or its bytes; got None"
    )
