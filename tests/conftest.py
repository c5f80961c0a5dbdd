import contextlib
import dataclasses
import functools
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cnnzoo
from cnnzoo.datasets import DATASETS, Examples, mnist

TFDS_DATA_DIR = Path(os.environ.get("TFDS_DATA_DIR", "~/tensorflow_datasets")).expanduser()


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("data") and not TFDS_DATA_DIR.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"no prepared data sets in {TFDS_DATA_DIR}"))


@pytest.fixture(autouse=True)
def _embedded(request, monkeypatch):
    """Tests read the embedded data, whatever TFDS has prepared on this machine."""
    if not request.node.get_closest_marker("data"):
        monkeypatch.setenv("TFDS_DATA_DIR", os.devnull)


@pytest.fixture(scope="session")
def small():
    """Fields of a recipe for a short run: two epochs on 1,500 images of a cut MNIST."""
    if "small_mnist" not in DATASETS:
        DATASETS.add("small_mnist", cut_mnist(train=2_000, test=500))
    fields = {"dataset": "small_mnist", "epochs": 2, "batch_size": 50, "validation": 500}
    return {**fields, "learning_rate": 0.002}


def cut_mnist(**sizes):
    """Return the entry of a data set of MNIST's first images."""

    @functools.cache
    def read(split):
        images, labels = mnist.read(split)
        return Examples(images[: sizes[split]].copy(), labels[: sizes[split]].copy())

    return dataclasses.replace(mnist.DATASET, name="small_mnist", sizes=sizes, read=read)


@pytest.fixture(scope="session")
def finished_run(small, tmp_path_factory):
    """A run of two short epochs."""
    return cnnzoo.train("mnist_lenet5", out=tmp_path_factory.mktemp("runs") / "run", **small)


@pytest.fixture(scope="session")
def classifier(finished_run):
    return cnnzoo.load(finished_run.path)


@pytest.fixture(scope="session")
def saved_model(classifier, tmp_path_factory):
    """The folder of a published SavedModel."""
    to = tmp_path_factory.mktemp("exports")
    return Path(cnnzoo.export(classifier, to)[0]["path"])


@pytest.fixture(scope="session")
def proving_here():
    """A context in which exports are compared in this process, and not timed.

    A fresh process takes seconds to load TensorFlow; tests/export/test_formats.py starts them.
    """

    @contextlib.contextmanager
    def proving():
        import warm

        from cnnzoo.export import verification, verification_worker

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(verification, "run_fresh", warm.run_here)
            patch.setattr(verification_worker, "_SECONDS", 0)
            yield

    return proving


@pytest.fixture
def digits():
    """The first six test images, uint8 `[6, 28, 28, 1]`."""
    return mnist.read("test").inputs[:6]


@pytest.fixture(scope="session")
def command():
    """Run `cnnzoo` with arguments in a fresh process, from an empty folder."""
    return functools.partial(cnnzoo_command, [sys.executable])


@pytest.fixture(scope="session")
def warm_command(warm_python):
    """The same by `warm_python`."""
    return functools.partial(cnnzoo_command, warm_python)


def cnnzoo_command(python, *arguments, cwd, **environment):
    return subprocess.run(
        [*python, "-m", "cnnzoo", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "TFDS_DATA_DIR": os.devnull, **environment},
        check=False,
    )


@pytest.fixture(scope="session")
def warm_python(tmp_path_factory):
    """The words of a command that does what `python` does, with TensorFlow imported before.

    See tests/support/warm.py for what else differs.
    """
    import warm

    with warm.server(tmp_path_factory.mktemp("warm")) as address:
        yield [sys.executable, "-S", warm.__file__, address]


@pytest.fixture(scope="module")  # Its event loop must not outlive the tests that need it.
def browser():
    api = pytest.importorskip("playwright.sync_api")
    known = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, known)), None)
    if not found:
        pytest.skip(f"no browser: neither CHROMIUM nor {', '.join(known)}")
    with (
        api.sync_playwright() as playwright,
        contextlib.closing(
            playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        ) as running,
    ):
        yield running


@pytest.fixture
def free_ports():
    """Function that returns so many ports of this machine that nobody listens on."""

    def free_ports(count):
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        ports = [one.getsockname()[1] for one in sockets]
        for one in sockets:
            one.close()
        return ports

    return free_ports
