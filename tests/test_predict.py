"""`cnnzoo predict` on folders and tables of any size, and what it writes."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

import cnnzoo
from cnnzoo import cli
from cnnzoo.commands.answer_files import answer_file, columns, row_of
from cnnzoo.errors import CnnzooError
from cnnzoo.export import artifact
from cnnzoo.pipelines.custom_data.inputs import Inputs, Unreadable

SPAM = "sms_spam_text_cnn"
AWKWARD = ["comma, here", 'a "quote"', "two\nlines", "carriage\rreturn", "é 日本", " ", "x\r\ny"]


def run(capsys, *arguments):
    code = cli.main([str(argument) for argument in arguments])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def table(path, texts):
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, "excel-tab" if path.suffix == ".tsv" else "excel")
        rows.writerow(["id", "text"])
        rows.writerows(enumerate(texts))
    return path


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def spam():
    return cnnzoo.load(SPAM)


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch, spam):
    """Load and convert the model once, whatever number of commands there is."""
    load = artifact.load
    monkeypatch.setattr(artifact, "load", lambda name: spam if name == SPAM else load(name))


@pytest.fixture(scope="module")
def texts():
    found = cnnzoo.load_dataset("sms_spam", split="test").inputs[:300].tolist()
    return AWKWARD + found


def test_a_table_is_predicted_row_by_row(spam, texts, tmp_path, capsys):
    expected = spam.predict(texts)
    path = table(tmp_path / "texts.csv", texts)
    code, _, _ = run(capsys, "predict", SPAM, path, "--out", tmp_path / "answers.csv", "--top", 5)
    assert code == 0
    rows = read_csv(tmp_path / "answers.csv")
    assert list(rows[0]) == [
        *("input", "label", "class_id", "score", "known", "label_2", "score_2", "error"),
    ]
    assert [row["input"] for row in rows] == texts
    for row, answer in zip(rows, expected, strict=True):
        assert row["label"] == answer["label"]
        assert int(row["class_id"]) == answer["class_id"]
        assert float(row["score"]) == pytest.approx(max(answer["scores"]), abs=1e-5)
        assert float(row["score_2"]) == pytest.approx(min(answer["scores"]), abs=1e-5)
        assert row["error"] == ""


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_all_tables_and_all_files_hold_the_same(kind, texts, tmp_path, capsys):
    chosen = texts[:30]
    path = tmp_path / f"texts.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in chosen))
    elif kind == "parquet":
        arrow = pytest.importorskip("pyarrow")
        pytest.importorskip("pyarrow.parquet").write_table(arrow.table({"text": chosen}), path)
    else:
        table(path, chosen)
    rows = {}
    for out in ("csv", "jsonl") if kind != "parquet" else ("jsonl", "parquet"):
        code, _, _ = run(capsys, "predict", SPAM, path, "--out", tmp_path / f"out.{out}")
        assert code == 0
        if out == "csv":
            rows[out] = [(row["input"], row["label"]) for row in read_csv(tmp_path / "out.csv")]
        elif out == "jsonl":
            lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
            rows[out] = [(row["input"], row["label"]) for row in map(json.loads, lines)]
        else:
            found = pytest.importorskip("pyarrow.parquet").read_table(tmp_path / "out.parquet")
            assert found.column_names == columns(1)
            rows[out] = [(row["input"], row["label"]) for row in found.to_pylist()]
    first, second = rows.values()
    assert first == second
    assert [name for name, _ in first] == chosen


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_interrupted_file_is_continued_after_its_last_whole_row(kind, texts, tmp_path, capsys):
    path, out = table(tmp_path / "texts.csv", texts[:40]), tmp_path / f"out.{kind}"
    run(capsys, "predict", SPAM, path, "--out", out)
    whole = out.read_bytes()
    rng = np.random.default_rng(0)
    for size in (0, 1, *rng.integers(2, len(whole), 2), len(whole) - 1):
        out.write_bytes(whole[:size])
        assert run(capsys, "predict", SPAM, path, "--out", out)[0] == 0
        assert [row["input"] for row in rows(kind, out.read_bytes())] == texts[:40]
    code, _, err = run(capsys, "predict", SPAM, path, "--out", out)
    assert code == 1
    assert err.endswith(f"cnnzoo: out must be a new file; {out} has all 40 predictions\n")


def rows(kind, content):
    text = content.decode()
    if kind == "jsonl":
        return [json.loads(line) for line in text.split("\n")[:-1]]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_file_of_another_command_is_kept(texts, tmp_path, capsys):
    path, other = table(tmp_path / "a.csv", texts[:9]), table(tmp_path / "b.csv", texts[9:19])
    for kind in ("csv", "jsonl", "parquet"):
        out = tmp_path / f"out.{kind}"
        run(capsys, "predict", SPAM, path, "--out", out)
        before = out.read_bytes()
        for command in ((other,), (other, "--top", 2), (path, "--top", 2)):
            code, _, err = run(capsys, "predict", SPAM, *command, "--out", out)
            assert code == 1
            assert "cnnzoo: out must be a new file" in err
        assert out.read_bytes() == before
    code, _, err = run(capsys, "predict", SPAM, path, "--out", tmp_path / "out.txt")
    assert (code, "out must end in .csv, .jsonl, .parquet" in err) == (1, True)
    assert run(capsys, "predict", SPAM, path, "--top", 0)[0] == 1


@pytest.fixture
def photos(digits, tmp_path):
    """Six digits in nested folders, and what is none."""
    for place, image in enumerate(digits):
        path = tmp_path / "photos" / "abc"[place // 2] / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(path)
    (tmp_path / "photos" / "b" / "notes.md").write_text("none")
    (tmp_path / "photos" / ".hidden.png").write_text("none")
    return tmp_path / "photos"


def test_a_folder_is_predicted_and_unreadable_files_are_named(
    finished_run, photos, digits, tmp_path, capsys
):
    (photos / "b" / "22.png").write_text("no image")
    np.save(photos / "c" / "6.npy", digits[:3])
    out = tmp_path / "answers.csv"
    code, printed, err = run(capsys, "predict", finished_run.path, photos, "--out", out, "--json")
    assert code == 0
    assert json.loads(printed) == {"out": str(out), "inputs": 10, "unreadable": 1, "continued": 0}
    assert "1 of 10 inputs cannot be read" in err
    assert "1 files that hold no images were left out" in err
    found = read_csv(out)
    names = [f"{photos}/{name}" for name in ("a/0.png", "a/1.png", "b/2.png", "b/22.png")]
    assert [row["input"] for row in found[:4]] == names
    assert [row["input"] for row in found[7:]] == [f"{photos}/c/6.npy[{n}]" for n in range(3)]
    assert (found[3]["label"], "must be a PNG" in found[3]["error"]) == ("", True)
    expected = [answer["label"] for answer in cnnzoo.load(finished_run.path).predict(digits)]
    labels = [row["label"] for row in found if not row["error"]]
    assert labels == [*expected, *expected[:3]]
    whole = out.read_bytes()
    for end in range(2, 10):  # Also in the middle of the array.
        out.write_bytes(b"".join(whole.splitlines(keepends=True)[:end]))
        run(capsys, "predict", finished_run.path, photos, "--out", out)
        assert out.read_bytes() == whole


def test_a_table_of_images(finished_run, photos, tmp_path, capsys):
    (tmp_path / "list.csv").write_text(
        "image,note\nphotos/a/0.png,x\nphotos/none.png,y\nphotos/c/5.png\nphotos/c/5.png,z\n"
    )
    out = tmp_path / "out.jsonl"
    code, _, err = run(capsys, "predict", finished_run.path, tmp_path / "list.csv", "--out", out)
    assert (code, "2 of 4 inputs cannot be read" in err) == (0, True)
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["label"] is None for row in found] == [False, True, True, False]
    assert found[0]["input"] == f"{tmp_path}/photos/a/0.png"
    assert "must have 2 fields, one per column; got 1" in found[2]["error"]
    (tmp_path / "other.csv").write_text("path\nphotos/a/0.png\n")
    code, _, err = run(capsys, "predict", finished_run.path, tmp_path / "other.csv", "--out", out)
    assert (code, "must have a column 'image'" in err) == (1, True)
    named = f"{tmp_path}/other.csv[path]"
    code, printed, _ = run(capsys, "predict", finished_run.path, named, "--top", 3)
    assert code == 0
    assert printed.count("%") == 3


def test_nothing_to_predict_is_an_error(finished_run, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    out = tmp_path / "out.csv"
    code, _, err = run(capsys, "predict", finished_run.path, tmp_path / "empty", "--out", out)
    assert (code, "inputs must hold images; found none in" in err) == (1, True)
    (tmp_path / "empty" / "bad.png").write_text("bad")
    out.unlink()
    code, _, err = run(capsys, "predict", finished_run.path, tmp_path / "empty", "--out", out)
    assert (code, "none of 1 is, such as:" in err) == (1, True)
    code, _, err = run(capsys, "predict", finished_run.path, tmp_path / "empty")
    assert (code, "none of 1 is, such as:" in err) == (1, True)


def test_texts_come_from_text_files(tmp_path, capsys):
    (tmp_path / "mail" / "deep").mkdir(parents=True)
    (tmp_path / "mail" / "1.txt").write_text("You have won a prize\ncall now")
    (tmp_path / "mail" / "deep" / "2.txt").write_bytes(b"caf\xe9")
    code, printed, err = run(capsys, "predict", SPAM, tmp_path / "mail", "--json")
    assert (code, "1 of 2 inputs cannot be read" in err) == (0, True)
    first, second = json.loads(printed)
    assert (first["input"], first["label"]) == (f"{tmp_path}/mail/1.txt", "spam")
    assert set(second) == {"input", "error"}
    _, printed, _ = run(capsys, "predict", SPAM, tmp_path / "mail" / "1.txt", "--json")
    assert json.loads(printed)[0]["scores"] == pytest.approx(first["scores"])


def test_tables_are_read_as_for_training(tmp_path):
    """Semicolons, a stated separator, marks, encodings and quotes of TSV, as `tables` has them."""

    def found(name, content, **how):
        (tmp_path / name).write_bytes(content)
        return list(Inputs([str(tmp_path / name)], "texts", **how))

    assert found("a.csv", b"label; Text \nx;good, bad\n") == ["good, bad"]
    assert found("b.csv", b"sep=;\r\ntext;label\r\na,b;x\r\n") == ["a,b"]
    assert found("c.tsv", b'text\tlabel\n"oh no he said\ta\n"Great" movie\ta\n') == [
        '"oh no he said',
        '"Great" movie',
    ]
    assert found("d.csv", "text\ncaf\xe9\n".encode("utf-16")) == ["caf\xe9"]
    assert found("e.csv", "text\ncaf\xe9\n".encode("cp1252"), encoding="cp1252") == ["caf\xe9"]
    assert found("f.ndjson", b'{"text": "a"}\n') == ["a"]


def test_bad_rows_of_tables_are_named(tmp_path):
    def found(name, content, kind="texts"):
        (tmp_path / name).write_bytes(content)
        return [
            one.error.split(", ", 1)[1] if isinstance(one, Unreadable) else one
            for one in Inputs([str(tmp_path / name)], kind)
        ]

    assert found("a.csv", b'text\n"a\n\nb"\n\ncaf\xe9\nc\n') == [
        "a\n\nb",
        "line 6, 'text' must be Unicode text; got 'caf\\udce9'",
        "c",
    ]
    assert found("a.tsv", b"\xef\xbb\xbfid\ttext\n1\ta\n2\n") == [
        "a",
        "line 3, must have 2 fields, one per column; got 1",
    ]
    assert found("blank.csv", b"\n\ntext\na\n\n") == ["a"]
    with pytest.raises(CnnzooError, match="must begin with names of columns"):
        found("long.csv", b'"' + b"x" * 5_000_000)
    got = found("a.jsonl", b'{"text": "a"}\n\n{"text": 3}\n[]\n{"text": "b"\n{"text": "c"}')
    assert (got[0], got[-1], len(got)) == ("a", "c", 5)
    assert [one.split(" must")[0] for one in got[1:4]] == ["line 3, 'text'", "line 4,", "line 5,"]


def test_counts_are_those_of_the_inputs(photos, texts, tmp_path):
    path = table(tmp_path / "a.csv", ["a", "b"])
    assert Inputs([str(path), "some text"], "texts").count() == 3
    assert (
        Inputs([str(photos)], "images").count() == len(list(Inputs([str(photos)], "images"))) == 6
    )


def test_a_stream_is_read_as_it_is_needed(spam, texts):
    read = []

    def endless():
        while True:
            read.append(1)
            yield texts[len(read) % len(texts)]

    stream = spam.predict_stream(endless(), batch_size=4)
    first = [next(stream) for _ in range(20)]
    stream.close()
    assert len(read) < 10_000
    expected = spam.predict([texts[place % len(texts)] for place in range(1, 21)])
    for one, other in zip(first, expected, strict=True):
        assert (one["input"], one["label"]) == (other["input"], other["label"])
    mixed = list(spam.predict_stream(["a", 3, b"b"]))
    assert mixed[1]["input"] == "inputs[1]"
    assert "must be a string; got 3" in mixed[1]["error"]
    assert [one["input"] for one in mixed] == ["a", "inputs[1]", "b"]
    with pytest.raises(CnnzooError, match="batch_size must be an integer of at least 1; got 0"):
        next(spam.predict_stream(["a"], batch_size=0))


def test_an_interruption_says_how_to_go_on(texts, tmp_path, capsys, monkeypatch):
    from cnnzoo.export.classifier import Classifier

    stream = Classifier.predict_stream

    def stopped(self, inputs, batch_size=256, threshold=None):
        for place, answer in enumerate(stream(self, inputs, 8)):
            if place == 20:
                raise KeyboardInterrupt
            yield answer

    path, out = table(tmp_path / "texts.csv", texts[:40]), tmp_path / "out.csv"
    monkeypatch.setattr(Classifier, "predict_stream", stopped)
    code, _, err = run(capsys, "predict", SPAM, path, "--out", out)
    assert code == 1
    assert err.endswith("cnnzoo: interrupted after 20; the same command continues it\n")
    assert len(read_csv(out)) == 20
    monkeypatch.undo()
    assert run(capsys, "predict", SPAM, path, "--out", out)[0] == 0
    assert [row["input"] for row in read_csv(out)] == texts[:40]


def test_names_that_are_not_unicode_are_escaped(tmp_path):
    answer = {"input": "caf\udce9.png", "label": "a", "class_id": 0, "scores": [0.75, 0.25]}
    for kind in ("csv", "jsonl"):
        file = answer_file(tmp_path / f"out.{kind}", 2)
        file.write([row_of(answer, ["a", "b"], 2)])
        (row,) = rows(kind, (tmp_path / f"out.{kind}").read_bytes())
        assert row["input"] == "caf\\udce9.png"
        assert (row["label_2"], float(row["score_2"])) == ("b", 0.25)
