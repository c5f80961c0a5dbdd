"""Runs, data and exports at addresses: copies of the same content, and what is written back."""

import functools
import os
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import numpy as np
import pytest
from PIL import Image

import cnnzoo
from cnnzoo import addresses, cli, report
from cnnzoo.addresses import copy_of, data_at, folder_at, is_address, push, shown
from cnnzoo.datasets import mnist
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.inputs import Inputs

SHORT = {"batch_size": 20, "validation": 40}
FIELDS = [word for field, value in SHORT.items() for word in ("--set", f"{field}={value}")]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of its own for each test, whose second call is that of another machine."""

    def other():
        monkeypatch.setenv(addresses.CACHE, str(tmp_path / f"cache{len(os.listdir(tmp_path))}"))
        data_at.cache_clear()

    other()
    yield other
    data_at.cache_clear()
    fsspec.filesystem("memory").store.clear()


@pytest.fixture
def store():
    return fsspec.filesystem("memory")


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    images, labels = mnist.read("train")
    np.savez(path, x_train=images[:400], y_train=labels[:400])
    return path


def test_addresses_are_not_paths_names_or_texts():
    for name in ("s3://bucket/run", "gs://b", "https://host/reviews.csv", "memory://a/b"):
        assert is_address(name)
    for name in (
        "runs/first",
        "C:\\runs",
        "s3:/b",
        "hf://user/name",
        "ray://h:1",
        "",
        None,
        Path(),
    ):
        assert not is_address(name)


def test_a_copy_has_the_content_of_its_address(store, cache):
    store.pipe({"/data/a.txt": b"one", "/data/b/c.txt": b"two"})
    folder = copy_of("memory://data")
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {"a.txt", "c.txt"}
    store.rm("/data/a.txt")
    store.pipe({"/data/b/c.txt": b"three"})
    assert copy_of("memory://data") == folder
    assert [path.read_bytes() for path in folder.rglob("*.txt")] == [b"three"]
    assert copy_of("memory://data/b/c.txt").read_bytes() == b"three"
    with pytest.raises(CnnzooError, match="memory://none must be a file or a folder"):
        copy_of("memory://none")


def test_what_is_unchanged_is_not_copied_again(store, monkeypatch):
    store.pipe({"/data/a": b"1", "/data/b": b"2"})
    copy_of("memory://data")
    copied = []
    get = type(store).get_file
    monkeypatch.setattr(
        type(store),
        "get_file",
        lambda self, path, *rest, **how: copied.append(path) or get(self, path, *rest, **how),
    )
    copy_of("memory://data")
    assert copied == []
    store.pipe({"/data/b": b"3"})
    copy_of("memory://data")
    assert copied == ["/data/b"]


def test_what_is_written_is_written_back_in_its_order(store, monkeypatch):
    folder = folder_at("memory://out/run")
    put = []
    original = type(store).put_file
    monkeypatch.setattr(
        type(store),
        "put_file",
        lambda self, source, path, **how: put.append(path) or original(self, source, path, **how),
    )
    for place, name in enumerate(("b", "1/saved_model.pb", "1/SHA256SUMS", "1/card.json", "a")):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
        os.utime(path, (place, place))
    (folder / ".a.12345678").write_text("half")  # As a killed process leaves it.
    push(folder)
    names = ["b", "1/card.json", "a", "1/SHA256SUMS", "1/saved_model.pb"]
    assert put == [f"/out/run/{name}" for name in names]
    (folder / "a").write_text("changed")
    (folder / "old.ckpt").write_text("1")
    push(folder)
    (folder / "old.ckpt").unlink()
    (folder / "b").unlink()  # By hand: a run removes checkpoints alone.
    push(folder)
    assert put[5:] == ["/out/run/a", "/out/run/old.ckpt"]
    assert store.cat("/out/run/a") == b"changed"
    assert store.exists("/out/run/b")
    assert not store.exists("/out/run/old.ckpt")
    copied = []
    monkeypatch.setattr(type(store), "get_file", lambda self, path, *rest: copied.append(path))
    assert folder_at("memory://out/run/") == folder_at("memory://out/run")
    assert copied == ["/out/run/b"]  # The others are there as they were written.
    assert shown(folder / "1" / "card.json") == "memory://out/run/1/card.json"
    assert shown(Path("elsewhere")) == "elsewhere"


def test_a_run_at_an_address_is_resumed_on_another_machine(digits, cache, tmp_path):
    fields = {**SHORT, "dataset": str(digits)}
    cnnzoo.train("mnist_lenet5", out=tmp_path / "whole", epochs=3, **fields)

    class KilledError(RuntimeError):
        pass

    import keras

    class Killed(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2 and not (tmp_path / "killed").exists():
                (tmp_path / "killed").touch()
                raise KilledError

    address = "memory://runs/one"
    how = {"out": address, "epochs": 3, **fields}
    with pytest.raises(KilledError):
        cnnzoo.train("mnist_lenet5", callbacks=[Killed()], **how)
    cache()  # Another machine, which has no copy.
    with pytest.raises(CnnzooError, match="holds a run, which --resume continues"):
        cnnzoo.train("mnist_lenet5", callbacks=[Killed()], **how)
    run = cnnzoo.train("mnist_lenet5", callbacks=[Killed()], resume=True, **how)
    cache()
    one, other = cnnzoo.load(address), cnnzoo.load(tmp_path / "whole")
    assert run.accuracy == cnnzoo.evaluate(address)["accuracy"]
    pairs = zip(one.network.get_weights(), other.network.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_commands_take_addresses(digits, store, cache, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    store.pipe({"/data/digits.npz": digits.read_bytes()})
    words = ["train", "mnist_lenet5", "--data", "memory://data/digits.npz", "--set", "epochs=1"]
    assert cli.main([*words, *FIELDS, "--out", "memory://runs/first"]) == 0
    printed = capsys.readouterr().out
    assert "run            memory://runs/first\n" in printed
    assert "SavedModel     memory://runs/first/saved_models/" in printed
    assert store.exists("/runs/first/metrics.json")
    cache()
    image = tmp_path / "seven.png"
    Image.fromarray(mnist.read("test")[0][0, ..., 0]).save(image)
    store.put_file(str(image), "/pictures/seven.png")
    assert cli.main(["predict", "memory://runs/first", "memory://pictures"]) == 0
    assert "seven.png: " in capsys.readouterr().out
    assert cli.main(["evaluate", "memory://runs/first"]) == 0
    assert cli.main(["export", "mnist_lenet5", "--out", "memory://models"]) == 0
    assert "published in memory://models/mnist_lenet5/1\n" in capsys.readouterr().out
    cache()
    assert cli.main(["export", "mnist_lenet5", "--out", "memory://models"]) == 0
    assert "published in memory://models/mnist_lenet5/2\n" in capsys.readouterr().out
    assert cli.main(["predict", "memory://models/mnist_lenet5", str(image)]) == 0
    assert capsys.readouterr().out.startswith(f"{image}: 7")
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(":")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "mnist_lenet5", "--out", "ftp://host/run"], "out must be a folder, or at an"),
        (
            ["train", "mnist_lenet5", "--out", "sftp://host/run"],
            "where a file appears whole",
        ),
        (["train", "mnist_lenet5", "--data", "memory://no"], "memory://no must be a file or a fo"),
        (
            ["train", "mnist_lenet5", "--data", "nosuch://no"],
            "nosuch://no cannot be read: Prot",
        ),
        (["evaluate", "memory://no"], "memory://no must be a file or a folder; there is nothing"),
        (["show", "lenet5", "--out", "memory://a.png"], "must be a path of this machine"),
        (
            ["sweep", "mnist_lenet5", "--over", "epochs=1,2", "--out", "memory://sweep"],
            "must be a path of this machine",
        ),
    ],
)
def test_what_cannot_be_kept_there_is_refused(words, message, capsys):
    try:
        code = cli.main(words)
    except SystemExit as error:
        code = error.code
    assert code
    assert message in capsys.readouterr().err


def test_functions_without_addresses_say_so():
    with pytest.raises(CnnzooError, match="out must be a folder of this machine for a report"):
        report.write("mnist_lenet5", out="memory://report")
    with pytest.raises(CnnzooError, match="out must be a folder that all workers share; got mem"):
        cnnzoo.train("mnist_lenet5", out="memory://run", workers="a:1,b:1")


def test_names_that_leave_the_folder_are_refused(store, monkeypatch):
    store.pipe({"/data/a": b"1"})
    monkeypatch.setattr(
        type(store), "find", lambda self, path, **how: {"/data/../../evil": {"size": 1}}
    )
    with pytest.raises(CnnzooError, match=r"must hold files whose names stay in it; got"):
        copy_of("memory://data")


@pytest.mark.slow
def test_a_run_on_s3(digits, cache, monkeypatch):
    """Against a server of S3's interface on this machine."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in {**keys, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
        monkeypatch.setenv(name, value)
    try:
        fs = fsspec.filesystem("s3", skip_instance_cache=True)
        with pytest.raises(CnnzooError, match=r"^s3://none/run cannot be read: |there is nothing$"):
            copy_of("s3://none/run")
        fs.mkdir("bucket")
        for key, content in (("c/", b""), ("c/cats/", b""), ("c/cats/1 #%.txt", b"x")):
            fs.call_s3("put_object", Bucket="bucket", Key=key, Body=content)  # As the console.
        (path,) = (one for one in copy_of("s3://bucket/c").rglob("*") if one.is_file())
        assert path.read_bytes() == b"x"
        fs.put_file(str(digits), "bucket/digits.npz")
        how = {"out": "s3://bucket/runs/first", "data": "s3://bucket/digits.npz", **SHORT}
        run = cnnzoo.train("mnist_lenet5", epochs=1, **how)
        assert fs.exists("bucket/runs/first/metrics.json")
        cache()
        assert cnnzoo.evaluate("s3://bucket/runs/first")["accuracy"] == run.accuracy
        shutil.rmtree(run.path.parents[1])
        again = cnnzoo.train("mnist_lenet5", epochs=1, resume=True, **how)
        assert again.metrics == run.metrics
    finally:
        server.stop()


def test_what_others_have_there_stays(store):
    store.pipe({"/models/.env.template": b"mine", "/models/lenet5/old.partial": b"mine"})
    folder = folder_at("memory://models")
    (folder / "new").write_text("x")
    push(folder)
    assert len(store.find("/models")) == 3


def test_reading_a_run_leaves_what_is_being_written(store):
    folder = folder_at("memory://run")
    (folder / "a").write_text("1")
    push(folder)
    (folder / "a").write_text("22")
    (folder / "b.ckpt").write_text("new")
    assert (copy_of("memory://run") / "a").read_text() == "1"
    assert (folder / "a").read_text() == "22"
    assert folder_at("memory://run") == folder  # Resumed: what could not be pushed is still there.
    assert (folder / "a").read_text() == "22"
    assert (folder / "b.ckpt").exists()
    store.pipe({"/run/a": b"another machine's"})
    assert (folder_at("memory://run") / "a").read_text() == "another machine's"


def test_a_push_that_fails_does_not_end_training(digits, tmp_path, store, monkeypatch, capsys):
    failing = iter([OSError("503 Slow Down")])
    put = type(store).put_file

    def put_file(self, source, path, **how):
        for error in failing:
            raise error
        return put(self, source, path, **how)

    monkeypatch.setattr(type(store), "put_file", put_file)
    run = cnnzoo.train("mnist_lenet5", out="memory://run", epochs=1, **SHORT, dataset=str(digits))
    assert (
        "memory://run cannot be written: 503 Slow Down; training goes on" in capsys.readouterr().err
    )
    assert store.exists("/run/metrics.json")
    assert cnnzoo.evaluate("memory://run")["accuracy"] == run.accuracy


@pytest.mark.parametrize("damaged", ["{", "[]", "null", '{"a": 3}', None])
def test_a_damaged_state_costs_a_copy_alone(damaged, store):
    folder = folder_at("memory://run")
    (folder / "a").write_text("1")
    push(folder)
    state = folder.parent / "state.json"
    state.unlink() if damaged is None else state.write_text(damaged)
    (folder / "b").write_text("2")
    push(folder)
    assert store.cat("/run/b") == b"2"
    assert (copy_of("memory://run") / "b").read_text() == "2"


def test_the_copy_stays_in_its_place(store):
    store.pipe({"/keep/a": b"1"})
    kept = copy_of("memory://keep")
    for address in ("memory://x/..", "memory://..", "memory://x/."):
        with pytest.raises(CnnzooError, match="there is nothing|cannot be"):
            copy_of(address)
        with pytest.raises(CnnzooError, match="there is nothing|cannot be"):
            copy_of(address)
    assert (kept / "a").exists()
    assert addresses._place("https://host/data/r.csv?raw=1&x=" + "a" * 400, "read").name == "r.csv"


def test_passwords_are_refused():
    with pytest.raises(CnnzooError, match="must hold no password"):
        copy_of("http://user:secret@host/digits.npz")


def test_what_looks_like_a_path_but_was_an_address_is_refused():
    with pytest.raises(CnnzooError, match="out must be text where it is an address"):
        cnnzoo.train("mnist_lenet5", out=Path("s3://bucket/run"))


def test_a_file_on_the_web_is_one_file(tmp_path, cache):
    pytest.importorskip("aiohttp")
    (tmp_path / "web").mkdir()
    links = '<a href="other.csv">see https://example.org/more.csv</a>'
    (tmp_path / "web" / "r.csv").write_text(f"text,label\n{links},a\n")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "web"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        path = copy_of(f"http://127.0.0.1:{server.server_port}/r.csv?raw=1")
        server.shutdown()
    assert path.name == "r.csv"
    assert links in path.read_text()


def test_texts_that_begin_with_an_address_are_texts(store):
    store.pipe({"/t/my reviews.csv": b"review\nGood"})
    inputs = ["http://spam.example call now", "memory://t/my reviews.csv[review]"]
    assert list(Inputs(inputs, "texts")) == [inputs[0], "Good"]
