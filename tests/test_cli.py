"""The command line, in fresh processes where streams and exit codes matter."""

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import cnnzoo
from cnnzoo import cli
from cnnzoo.commands import doctor
from cnnzoo.config.recipe import Recipe, recipes
from cnnzoo.evaluation import ledger
from cnnzoo.weights import FOLDER, SUFFIX


def run(capsys, *arguments):
    code = cli.main([str(argument) for argument in arguments])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


@pytest.mark.parametrize("kind", ["models", "datasets", "recipes", "weights"])
def test_list(kind, capsys):
    code, out, _ = run(capsys, "list", kind, "--json")
    assert code == 0
    assert json.loads(out) == getattr(cnnzoo, f"list_{kind}")()
    code, out, _ = run(capsys, "list", kind, "*net*" if kind == "models" else "*mnist*")
    rows = [line.split() for line in out.splitlines()]
    begin = next(place for place, row in enumerate(rows) if row[0] == "name") + 1
    assert [row[0] for row in rows[begin:]] == getattr(cnnzoo, f"list_{kind}")(
        "*net*" if kind == "models" else "*mnist*"
    )
    code, out, err = run(capsys, "list", kind, "zzz")
    assert (code, out) == (1, "")
    assert err.startswith(f"cnnzoo: no {kind} match 'zzz'; ")
    assert run(capsys, "list", kind, "zzz", "--json") == (0, "[]\n", "")


def test_a_pattern_that_nothing_matches_gets_near_matches(capsys):
    _, _, err = run(capsys, "list", "models", "resnett*")
    assert "no models match 'resnett*'; did you mean resnet" in err
    assert run(capsys, "list", "models", "LeNet5") == run(capsys, "list", "models", "lenet5")


def test_list_alone_says_what_can_be_listed(capsys):
    code, out, _ = run(capsys, "list")
    kinds = ["models", "datasets", "recipes", "weights"]
    assert code == 0
    assert [line.split()[2] for line in out.splitlines()] == kinds
    _, out, _ = run(capsys, "list", "--json")
    assert json.loads(out) == kinds


def test_json_may_come_before_the_command(capsys):
    assert run(capsys, "--json", "list", "models") == run(capsys, "list", "models", "--json")


@pytest.mark.parametrize(
    ("topic", "usage"),
    [((), "cnnzoo"), (("train",), "cnnzoo train"), (("doctor",), "cnnzoo doctor")],
)
def test_help_is_a_command(topic, usage, capsys):
    code, out, _ = run(capsys, "help", *topic)
    assert code == 0
    assert out.startswith(f"usage: {usage} [-h]")
    with pytest.raises(SystemExit):
        cli.main([*topic, "--help"])
    assert capsys.readouterr().out == out


def test_show_gives_the_keys_that_others_rely_on(capsys):
    _, out, _ = run(capsys, "show", "lenet5_1998", "--json")
    facts = json.loads(out)
    assert {"source", "departures"} <= set(facts)
    assert facts["name"] == "lenet5_1998"
    assert facts["params"] == 60_000
    assert facts["macs"] == 328_096
    assert facts["input_shape"] == [32, 32, 1]
    assert facts["receptive_field"] == [32, 32]


def test_show_of_a_dataset_and_a_recipe(capsys):
    _, out, _ = run(capsys, "show", "mnist", "--json")
    assert json.loads(out)["sizes"]["test"] == 10_000
    _, out, _ = run(capsys, "show", "mnist_lenet5", "--json")
    assert json.loads(out)["model"] == "lenet5"
    _, out, _ = run(capsys, "show", "mnist_lenet5")
    assert "lenet5" in out


@pytest.mark.parametrize("name", ["lenet5", "mnist"])
def test_show_draws_a_network_or_a_dataset(name, tmp_path, capsys):
    out = tmp_path / "pictures" / "a.png"
    assert run(capsys, "show", name, "--out", out) == (0, f"picture  {out}\n", "")
    with Image.open(out) as picture:
        assert picture.format == "PNG"
        assert picture.width > 800
    code, _, err = run(capsys, "show", "mnist_lenet5", "--out", out)
    rule = "out must be for a model or a data set; mnist_lenet5 is one of the recipes"
    assert (code, err) == (1, f"cnnzoo: {rule}\n")


def test_evaluate_predict_and_export(finished_run, digits, tmp_path, capsys, proving_here):
    _, out, _ = run(capsys, "evaluate", finished_run.path, "--json")
    result = json.loads(out)
    assert {"accuracy", "loss", "examples", "split"} < set(result)
    assert result["accuracy"] == finished_run.accuracy
    np.save(tmp_path / "digits.npy", digits)
    _, out, _ = run(capsys, "predict", finished_run.path, tmp_path / "digits.npy", "--json")
    answers = json.loads(out)
    assert len(answers) == 6
    assert set(answers[0]) == {"input", "label", "class_id", "scores", "known"}
    _, out, _ = run(capsys, "predict", finished_run.path, tmp_path / "digits.npy")
    assert out.splitlines()[0].startswith(f"{tmp_path}/digits.npy[0]: {answers[0]['label']} (")
    blank = tmp_path / "blank.npy"
    np.save(blank, np.zeros((1, 28, 28, 1), np.uint8))
    _, out, _ = run(capsys, "predict", finished_run.path, blank)
    assert re.fullmatch(rf"{blank}: unknown \(known \d.*%\), closest is \d \(.*%\)\n", out)
    for words in (["--no-unknown"], ["--threshold", "0"]):
        _, out, _ = run(capsys, "predict", finished_run.path, blank, *words)
        assert re.fullmatch(rf"{blank}: \d \(.*%\)\n", out)
    code, _, err = run(capsys, "predict", finished_run.path, blank, "--threshold", "2")
    assert (code, err) == (1, "cnnzoo: threshold must be from 0 to 1; got 2.0\n")
    with proving_here():
        _, out, _ = run(capsys, "export", finished_run.path, "--out", tmp_path, "--json")
    export, lite = json.loads(out)
    assert {"format", "path", "bytes", "max_difference"} < set(export)
    assert export["path"] == str(tmp_path / "mnist_lenet5" / "1")
    assert lite["path"] == str(tmp_path / "mnist_lenet5" / "1" / "assets.extra" / "model.tflite")
    _, out, _ = run(capsys, "evaluate", export["path"], "--json")
    again = json.loads(out)
    before, after = result.pop("uncalibrated"), again.pop("uncalibrated")
    assert after == pytest.approx(before, rel=1e-3)
    assert again == {**result, **{name: pytest.approx(result[name], rel=1e-3) for name in before}}


def test_export_prints_a_table_whose_columns_stand_in_line(capsys, tmp_path, monkeypatch):
    row = {"path": "models/x/1", "label_agreement": 0.995, "examples": "test", "compared": 1_000}
    numbers = {"bytes": 1_234_567, "max_difference": 2e-7, "latency_us": 1_500.4}
    rows = [
        {"format": "savedmodel", **row, **numbers, "accuracy": None},
        {"format": "litert_int8", **row, **numbers, "bytes": 9, "latency_us": 7.0, "accuracy": 0.9},
    ]
    # By path pytest would find the function `cnnzoo.export`, depending on what was imported before.
    formats = importlib.import_module("cnnzoo.export.formats")
    folders = []
    monkeypatch.setattr(formats, "export", lambda _, out, __, name: folders.append(out) or rows)
    code, out, err = run(capsys, "export", "mnist_lenet5", "--out", tmp_path)
    assert (code, err) == (0, "")
    same = run(capsys, "export", "mnist_lenet5", "--to", tmp_path)  # The earlier name.
    assert same == (0, out, "cnnzoo: --to is now --out; the old name goes\n")
    assert folders == [str(tmp_path)] * 2
    assert out.splitlines() == [
        "                           largest    same                        compared",
        "format           bytes  difference  labels  accuracy   latency    examples",
        "savedmodel   1,234,567     2.0e-07  99.50%            1,500 us  1,000 test",
        "litert_int8          9     2.0e-07  99.50%    90.00%      7 us  1,000 test",
        "published in models/x/1",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "nosuch"), "name 'nosuch' is unknown; see `cnnzoo list`"),
        (("show", "ResNet20"), "name 'ResNet20' is unknown; did you mean resnet20?"),
        (("show", "lenet6"), "name 'lenet6' is unknown; did you mean lenet5"),
        (("train", "mnist_lenet"), "recipe 'mnist_lenet' is unknown; did you mean mnist_lenet5"),
        (("train", "mnist_lenet5", "--set", "epochs=abc"), "epochs must be an integer; got 'abc'"),
        (("train", "mnist_lenet5", "--set", "epochs=0"), "epochs must be at least 1; got 0"),
        (
            ("train", "mnist_lenet5", "--set", "batch_size=-1"),
            "batch_size must be at least 1; got -1",
        ),
        (("train", "mnist_lenet5", "--set", "epoch=1"), "'epoch' is unknown; did you mean epochs"),
        (("train", "mnist_lenet5", "--set", "batch_size=99999"), "batch_size must be from 1 to"),
        (("train", "mnist_lenet5", "--set", "model=lenet6"), "model 'lenet6' is unknown; did you"),
        (("train", "mnist_lenet5", "--resume"), "out must be the folder of a run to resume"),
        (("evaluate", "mnits_lenet5"), "trained model 'mnits_lenet5' is unknown; did you mean mn"),
        (("predict", "mnist_lenet5", "none.png"), "none.png must be a file; there is nothing"),
        (("predict", "mnist_lenet5", "."), "inputs must hold images; found none in ."),
        (("export", "mnist_lenet5", "--format", "onix"), "format 'onix' is unknown"),
        (("reproduce", "mnist_lenet5", "--seeds", "0"), "seeds must be at least 1; got 0"),
        (("train", "images_small"), "data must be given for images_small"),
        (("reproduce", "texts_small"), "data must be given for texts_small"),
        (("train", "--resume", "--out", "none"), "out must be the folder of a run to resume"),
        (("train", "--data", "none"), "dataset 'none' is unknown"),
    ],
)
def test_a_mistake_gets_a_one_line_error_and_exit_code_1(
    arguments, message, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *arguments)
    assert code == 1
    assert out == ""
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "required: command"),
        (("trian",), "got 'trian'; did you mean train"),
        (("list", "model"), "got 'model'; did you mean models"),
        (("train", "mnist_lenet5", "--set", "epochs"), "must be field=value; got 'epochs'"),
        (("train", "mnist_lenet5", "--seed", "x"), "invalid int value: 'x'"),
        (("predict", "mnist_lenet5"), "required: INPUT"),
        (("train",), "a recipe, --data PATH or --resume --out DIR must be given"),
        (("train", "--resume"), "a recipe, --data PATH or --resume --out DIR must be given"),
        (("train", "--data", "photos", "epochs=2"), "of the recipe: --set epochs=2"),
        (("train", "mnist_lenet5", "--learning-rate.peak=1"), "--set learning_rate.peak=1"),
        (("train", "mnist_lenet5", "--epoch", "2"), "of the recipe: --set epochs=2"),
        (("export", "mnist_lenet5", "--formt", "onnx"), "--formt onnx; did you mean --format?"),
        (("predict", "mnist_lenet5", "x.png", "--jsn"), "cnnzoo predict: error: unrecognized"),
        (("predict", "mnist_lenet5", "x.png", "--epochs", "2"), "arguments: --epochs 2\n"),
        *(
            (("train", "mnist_lenet5", *words), f"; to set a field of the recipe: --set {field}=2")
            for field in Recipe.__dataclass_fields__
            if field not in ("seed", "encoding")  # Options of their own.
            for words in ((f"--{field}", "2"), (f"--{field}=2",), (f"{field}=2",))
        ),
    ],
)
def test_a_wrong_command_line_gets_exit_code_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(list(arguments))
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_sweep_prints_the_best_on_validation_first(small, tmp_path, capsys, monkeypatch):
    recipe = recipes()["mnist_lenet5"]
    monkeypatch.setattr(recipe, "RECIPE", recipe.RECIPE.replace(**{**small, "epochs": 1}))
    over = ("--over", "learning_rate=1e-9|0.002", "--out", tmp_path)
    code, out, _ = run(capsys, "sweep", "mnist_lenet5", *over, "--json")
    assert code == 0
    assert [row["fields"]["learning_rate"] for row in json.loads(out)] == ["0.002", "1e-9"]
    code, out, _ = run(capsys, "sweep", "mnist_lenet5", *over)
    headings, best, _ = (line.split() for line in out.splitlines()[1:4])
    assert headings == ["accuracy", "loss", "epochs", "seconds", "fields"]
    assert (best[2], best[-1]) == ("1", "learning_rate=0.002")
    twice = ("--over", "epochs=1", "--over", "epochs=2")
    code, _, err = run(capsys, "sweep", "mnist_lenet5", *twice)
    assert err == "cnnzoo: over must name each field once; got epochs 2 times\n"
    best = tmp_path / "mnist_lenet5_best.py"
    assert out.splitlines()[4] == "compared  2 trials"
    assert out.splitlines()[-1] == f"next      cnnzoo train {best}"
    assert best.is_file()


def test_version(capsys):
    for option in ("--version", "-V"):
        with pytest.raises(SystemExit) as stopped:
            cli.main([option])
        assert stopped.value.code == 0
        assert capsys.readouterr().out == f"cnnzoo {cnnzoo.__version__}\n"
    assert run(capsys, "version") == (0, f"cnnzoo {cnnzoo.__version__}\n", "")


def test_doctor_says_what_a_report_of_a_problem_needs(capsys):
    code, out, err = run(capsys, "doctor")
    assert (code, err, out.count("\n")) == (0, "", 10)
    found = json.loads(run(capsys, "doctor", "--json")[1])
    assert found["cnnzoo"] == cnnzoo.__version__
    assert found["packages"]["keras"] == keras.__version__
    assert {"mnist", "sms_spam"} <= set(found["datasets"])
    assert not {*found["extras"], *found["missing"]} & {"test", "dev"}


def test_an_extra_whose_package_is_missing_or_too_old_is_missing(monkeypatch):
    versions = {"optuna": "1.0", "filelock": "3.13", "pyarrow": "20.0"}

    def version(name):
        if name not in versions:
            raise doctor.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(doctor.metadata, "version", version)
    installed, missing = doctor._extras()
    assert installed == ["parquet"]
    assert {"sweep", "serve"} <= set(missing)


def test_train_from_the_command_line(command, tmp_path, capsys, monkeypatch):
    fields = ("--set", "epochs=1", "--set", "validation=57000", "--set", "batch_size=100")
    options = ("--json", "--tensorboard", "--seed", 4)
    done = command("train", "mnist_lenet5", *options, *fields, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {"run", "accuracy", "examples", "seconds", "artifact"} <= set(result)
    assert result["run"] == "runs/mnist_lenet5/1"
    assert result["examples"] == 10_000
    assert json.loads((tmp_path / result["run"] / "recipe.json").read_text())["recipe"]["seed"] == 4
    # Standard error has what was changed, the epoch's line, and nothing of TensorFlow's start-up.
    *changes, line = done.stderr.strip().splitlines()
    assert "batch_size  100, where the recipe has 256" in changes
    assert {change.split()[0] for change in changes} == {
        *("epochs", "validation", "batch_size", "seed")
    }
    assert line.startswith("epoch 1/1  loss ")
    assert len(list((tmp_path / result["run"] / "tensorboard").rglob("events*"))) == 2
    model = tf.saved_model.load(str(tmp_path / result["saved_model"]))
    assert set(model.signatures) == {
        *("serving_default", "serving_bytes", "serving_features", "serving_explain")
    }
    assert result["example"]["input"] == "runs/mnist_lenet5/1/example.png"
    assert result["example"]["scores"][7] > 0.2
    monkeypatch.chdir(tmp_path)
    for words in (("mnist_lenet5", "--seed", 4, *fields), ("mnist_lenet5",)):
        _, again, _ = run(capsys, "train", *words, "--json", "--resume")
        assert json.loads(again) == result
    out = ("--resume", "--out", result["run"])
    assert run(capsys, "train", *out, "--json")[1] == again
    code, _, err = run(capsys, "train", *out, "--set", "epochs=2")
    assert (code, err.endswith("started with; changed: epochs\n")) == (1, True)


def test_interrupted_training_leaves_a_usable_folder(tmp_path):
    arguments = ["train", "mnist_lenet5", "--set", "validation=50000", "--out", "run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "cnnzoo", *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TFDS_DATA_DIR": os.devnull},
        # Where the tests run in the background, a shell may have switched Ctrl-C off.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    artifact = tmp_path / "run" / "artifact.keras"
    waited = time.monotonic()
    while not artifact.exists() and process.poll() is None and time.monotonic() - waited < 120:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out == ""
    resume = "cnnzoo train mnist_lenet5 --resume --out run --set validation=50000"
    assert err.endswith(f"cnnzoo: interrupted; resume with: {resume}\n")
    assert "Traceback" not in err
    assert cnnzoo.load(tmp_path / "run").predict(np.zeros((28, 28), np.uint8))
    assert not (tmp_path / "run" / "metrics.json").exists()


def test_a_reader_that_leaves_early_sees_no_traceback(tmp_path):
    line = f"{sys.executable} -m cnnzoo list models | head -1"
    done = subprocess.run(
        line, shell=True, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_show_prints_a_table_of_layers(capsys):
    _, out, _ = run(capsys, "show", "lenet5")
    rows = [line.split() for line in out.splitlines()]
    assert ["conv2", "Conv2D", "10x10x16", "2,416", "240,000", "6,400", "14", "2", "4.5"] in rows
    assert ["flatten", "Flatten", "400", "0", "0", "1,600", "all", "all", "all"] in rows


def test_models_are_listed_with_their_counts(capsys):
    _, out, _ = run(capsys, "list", "models", "lenet5_1998")
    assert out.splitlines()[-1].split()[:3] == ["lenet5_1998", "60,000", "0.33"]  # 328,096.


def test_lists_show_what_was_measured(capsys):
    by_accuracy = sorted(ledger.shipped(), key=lambda row: float(row["accuracy_mean"]))
    rows = {row["recipe"]: row for row in by_accuracy}  # The best of each.
    for kind in ("recipes", "weights"):
        _, out, _ = run(capsys, "list", kind)
        cells = {line.split()[0]: line.split() for line in out.splitlines()[1:]}
        assert cells.pop("name")[1:3] == ["accuracy", "minutes"]
        assert "mnist_lenet5" in cells
        for name, (_, *figures) in cells.items():
            if name in rows:
                seconds = float(rows[name]["seconds"])
                assert figures[0] == f"{float(rows[name]['accuracy_mean']):.2%}"
                assert figures[1] == f"{seconds / 60:.1f}"
                assert figures[2] == f"{int(rows[name]['params']):,}"
                assert " ".join(figures).count(f"{rows[name]['settings']}: ") == bool(
                    rows[name]["settings"]
                )
            else:
                assert figures[:2] in (["not", "run"], ["your", "data"])
    sizes = {name: (FOLDER / f"{name}{SUFFIX}").stat().st_size for name in cells}
    assert all(f"{size / 1e3:,.0f}" in cells[name] for name, size in sizes.items())


def test_show_writes_the_fields_of_a_recipe_as_set_takes_them(capsys):
    _, out, _ = run(capsys, "show", "cifar10_resnet20")
    values = {line.split()[0]: line.split(maxsplit=1)[1] for line in out.splitlines() if line}
    assert values["input_shape"] == "none"
    assert values["skip_unreadable"] == "false"
    assert values["learning_rate"] == "Steps(initial=0.1, drops=(91, 137), factor=0.1, warmup=0.0)"
    _, out, _ = run(capsys, "show", "mnist")
    assert "sizes                   train 60,000; test 10,000" in out.splitlines()
    assert "light_on_dark           yes" in out.splitlines()
    _, texts, _ = run(capsys, "show", "sms_spam")
    assert "input_shape             none" in texts.splitlines()
    assert not re.search(r"None|True|\[|\{|'", out)


@pytest.mark.parametrize(
    ("line", "proposals"),
    [
        ("cnnzoo tr", ["train"]),
        ("cnnzoo train mnist_lenet5_", ["mnist_lenet5_1998", "mnist_lenet5_robust"]),
        ("cnnzoo predict fashion_mnist_b", ["fashion_mnist_basic_cnn"]),
        ("cnnzoo list dat", ["datasets"]),
        ("cnnzoo export --form", ["--format"]),
    ],
)
def test_a_shell_gets_names_and_options(line, proposals, tmp_path):
    found = tmp_path / "found"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(found),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    subprocess.run([sys.executable, "-m", "cnnzoo"], env={**os.environ, **asked}, check=True)
    assert [one.strip() for one in re.split("[\v\n]", found.read_text())] == proposals
