import ast
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

import cnnzoo


def loaded_after(code):
    heavy = "keras", "tensorflow", "numpy"
    probe = f"{code}\nimport sys\nprint([name for name in {heavy} if name in sys.modules])"
    return subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    ).stdout


def test_importing_and_listing_load_neither_keras_nor_tensorflow():
    listing = "cnnzoo.list_models(), cnnzoo.list_recipes(), cnnzoo.list_weights()"
    assert loaded_after("import cnnzoo").strip() == "[]"
    assert loaded_after(f"import cnnzoo; {listing}").strip() == "[]"
    assert "tensorflow" not in loaded_after("import cnnzoo; cnnzoo.list_datasets()")


def test_a_recipe_imports_no_machinery():
    program = "import sys, cnnzoo.recipes.cifar10_resnet56; print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    ours = {one for one in ast.literal_eval(done.stdout) if one.startswith("cnnzoo.")}
    assert {one.split(".")[1] for one in ours} <= {
        *("config", "errors", "lazy", "moved", "quiet", "recipes", "registry")
    }
    assert not {"keras", "tensorflow", "numpy", "argparse"} & set(ast.literal_eval(done.stdout))


@pytest.mark.parametrize(
    "program",
    [
        "cnnzoo.create_model('lenet5')(numpy.zeros((1, 28, 28, 1)))",
        "cnnzoo.load('mnist_lenet5').model(numpy.zeros((1, 28, 28, 1)))",
        "from cnnzoo.lazy import keras; keras.ops.zeros(3)",
    ],
)
def test_tensorflow_starts_without_a_word(program):
    whole = f"import cnnzoo, numpy; {program}"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"}
    done = subprocess.run(
        [sys.executable, "-c", whole], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stderr == ""


def seconds(*arguments):
    """Return the processor's seconds, whatever else it does: the best of five runs."""
    times = []
    for _ in range(5):
        begun = os.times()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        ended = os.times()
        times.append(
            ended.children_user
            + ended.children_system
            - begun.children_user
            - begun.children_system
        )
    return min(times)


def test_start_is_instant():
    """The yardstick is Python with NumPy, timed beside it: machines differ, and are busy."""
    python = seconds("-c", "pass")
    yardstick = seconds("-c", "import numpy") - python
    assert seconds("-c", "import cnnzoo") - python < yardstick
    for what, most in (
        ("--help", 2),
        ("list models", 3),
        ("list recipes", 3),
        ("list datasets", 5),
    ):
        assert seconds("-m", "cnnzoo", *what.split()) - python < most * yardstick, what


def test_tensorflow_says_nothing_unasked():
    program = """
import cnnzoo, numpy as np
network = cnnzoo.create_model("lenet5")
from cnnzoo.export import litert
litert.convert(network)
print(cnnzoo.load("mnist_lenet5").predict(np.zeros((1, 28, 28, 1), "uint8"))[0]["label"])
"""
    environment = {**os.environ}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert (done.stdout, done.stderr) == ("unknown\n", "")


def test_the_public_names_are_there():
    for name in set(cnnzoo.__all__) - {"__version__"}:
        assert callable(getattr(cnnzoo, name)), name
    assert cnnzoo.__version__ == version("cnnzoo")
    with pytest.raises(AttributeError, match="no attribute 'lodd'"):
        _ = cnnzoo.lodd
