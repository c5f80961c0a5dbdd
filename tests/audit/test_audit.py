"""An audit of small data with planted errors, what training leaves out by it, and wrong input."""

import csv
import json

import numpy as np
import pytest

import cnnzoo
from cnnzoo.cli import main
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.left_out import read_left_out

CLASSES, COUNT = 3, 240
WRONG, BLANK, LEAK = 12, 30, 50  # Training examples; the last one is in the test split too.


def planted():
    """Return bars at three heights with noise, of which some are wrong."""
    rng = np.random.default_rng(0)
    labels = np.arange(COUNT) % CLASSES
    images = rng.integers(0, 60, (COUNT, 16, 16, 1), np.uint8)
    for place, label in enumerate(labels.tolist()):
        images[place, 5 * label : 5 * label + 4] += 150
    splits = ["test" if place >= 200 else "train" for place in range(COUNT)]
    labels[WRONG] = (labels[WRONG] + 1) % CLASSES
    images[BLANK] = 9
    images[203] = images[LEAK]
    return images, labels, splits


@pytest.fixture(scope="module")
def data():
    images, labels, splits = planted()
    return cnnzoo.from_examples(images, labels, splits=splits, name="bars")


@pytest.fixture(scope="module")
def audited(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    return cnnzoo.audit(data, out=folder), folder


def rows_of(folder):
    with (folder / "audit.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_planted_errors_are_found(audited):
    found, folder = audited
    rows = rows_of(folder)
    (first, *_) = [row for row in rows if row["finding"] == "label error"]
    assert (first["split"], first["index"]) == ("train", str(WRONG))
    assert (first["label"], first["proposed_label"]) == ("1", "0")
    copied = [(row["split"], row["index"]) for row in rows if row["finding"] == "copy"]
    assert copied == [("train", str(LEAK)), ("test", "3")]
    (empty,) = [row for row in rows if row["finding"] == "constant"]
    assert (empty["index"], empty["leave_out"]) == (str(BLANK), "yes")
    assert found["findings"]["of these, leaks"] == found["findings"]["nothing in them"] == 1
    gone = {int(row["index"]) for row in rows if row["leave_out"]}
    assert gone >= {WRONG, BLANK, LEAK}
    assert len(gone) == found["left_out"]


def test_the_page_is_one_file_that_loads_nothing(audited):
    html = (audited[1] / "audit.html").read_text()
    assert "data:image/png;base64," in html
    assert "leak: in train and test" in html
    assert "http:" not in html
    assert "https:" not in html


def test_a_list_leaves_out_what_says_yes(data, audited, tmp_path):
    found, folder = audited
    assert len(read_left_out(folder / "audit.csv", data).places) == found["left_out"]
    edited = tmp_path / "edited.csv"
    keep = [row for row in rows_of(folder) if row["finding"] == "constant"]
    with edited.open("w", newline="") as file:
        table = csv.DictWriter(file, keep[0], delimiter=";")  # As Excel in many countries.
        table.writeheader()
        table.writerows(keep)
    assert read_left_out(edited, data).places.tolist() == [BLANK]


def test_training_leaves_them_out_and_notices_another_list(data, audited, tmp_path, capsys):
    _, folder = audited
    path = tmp_path / "audit.csv"
    path.write_bytes((folder / "audit.csv").read_bytes())
    recipe = cnnzoo.Recipe(
        model="lenet5", epochs=1, batch_size=32, learning_rate=0.001, validation=3
    )
    run = cnnzoo.train(recipe, data=data, out=tmp_path / "run", leave_out=path)
    assert "of 180 training examples, by" in capsys.readouterr().err
    assert run.metrics["examples"] == 40
    (run.path / "metrics.json").unlink()
    path.write_text(path.read_text() + "\n")
    with pytest.raises(CnnzooError, match="leave_out must be the one that .* was started with"):
        cnnzoo.train(recipe, data=data, out=run.path, leave_out=path, resume=True)


def test_lists_of_other_data_or_of_nobody_are_refused(data, audited, tmp_path):
    images, labels, splits = planted()
    other = cnnzoo.from_examples(images + 1, labels, splits=splits, name="other")
    with pytest.raises(CnnzooError, match=r"leave_out must be an audit of these data; line \d+ of"):
        read_left_out(audited[1] / "audit.csv", other)
    path = tmp_path / "list.csv"
    path.write_text("text,label\na,b\n")
    with pytest.raises(CnnzooError, match="that cnnzoo audit wrote; .*list.csv has no column"):
        read_left_out(path, data)
    path.write_text("split,index,leave_out,content\ntrain,1,perhaps,x\n")
    with pytest.raises(CnnzooError, match="line 2, leave_out must be yes or empty; got 'perhaps'"):
        read_left_out(path, data)


def test_a_list_must_leave_examples_of_each_class(data, audited, tmp_path):
    from cnnzoo.pipelines.left_out import content_of, without

    training = data.examples("train")
    path = tmp_path / "all.csv"
    chosen = np.flatnonzero(training.labels == 2).tolist()
    lines = [f"train,{one},yes,{content_of(training, one)}" for one in chosen]
    path.write_text("\n".join(["split,index,leave_out,content", *lines]))
    with pytest.raises(CnnzooError, match="leave_out must leave training examples of '2'"):
        without(str(path), data, training, np.arange(200), folds=False)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("fashion_mnst", "dataset 'fashion_mnst' is unknown; did you mean fashion_mnist"),
        ("spoken_digit", "data must be images or texts for an audit; got sounds"),
    ],
)
def test_a_wrong_name_is_one_sentence(data, message, capsys):
    assert main(["audit", data]) == 1
    assert message in capsys.readouterr().err


def test_data_without_labels_or_of_one_class_are_refused(tmp_path):
    table = tmp_path / "texts.csv"
    table.write_text("text\nhello\n")
    with pytest.raises(CnnzooError, match="must have a column 'label'"):
        cnnzoo.audit(table)
    table.write_text("text,label\nhello,a\nyou,a\nand,a\n")
    with pytest.raises(CnnzooError, match="labels of two classes or more for an audit; got 'a'"):
        cnnzoo.audit(table)
    with pytest.raises(CnnzooError, match="out must be a folder; .* is a file"):
        cnnzoo.audit("mnist", out=table)


@pytest.mark.slow
def test_the_command_prints_one_json_document(tmp_path, capsys):
    table = tmp_path / "texts.csv"
    lines = [f"{'good' if one % 2 else 'bad'} film number {one},{one % 2}" for one in range(40)]
    table.write_text("\n".join(["text,label", *lines]))
    assert main(["audit", str(table), "--out", str(tmp_path / "out"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["examples"] == 40
    assert (tmp_path / "out" / "audit.html").is_file()


def test_unreadable_files_are_named_and_paths_are_those_of_the_folder(tmp_path):
    from PIL import Image

    from cnnzoo.audit.findings import constants, csv_of
    from cnnzoo.audit.material import material

    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(6):
            pixels = rng.integers(0, 255, (40, 50, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    (tmp_path / "cat" / "broken.png").write_bytes(b"no image")
    found = material(tmp_path)
    assert found.unreadable == [str(tmp_path / "cat" / "broken.png")]
    assert found.examples.inputs.shape == (12, 32, 32, 3)
    rows = list(csv.DictReader(csv_of(found, constants(found, [0])).decode().splitlines()))
    assert [row["finding"] for row in rows] == ["constant", "unreadable"]
    assert rows[0]["example"] == str(tmp_path / "cat" / "0.png")
