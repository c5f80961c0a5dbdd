import subprocess
import sys

import pytest

from cnnzoo import cli
from cnnzoo.config.recipe import Recipe, Tokens, recipes
from cnnzoo.config.recipe_file import read_recipe, write_recipe
from cnnzoo.config.schedules import Steps
from cnnzoo.errors import CnnzooError

ODD = Recipe(
    model="text_cnn",
    dataset="a \"path\"\\with 'quotes' – and dashes.csv",
    epochs=3,
    batch_size=7,
    learning_rate=Steps(0.1 + 0.2, drops=(1, 2)),
    tokens=Tokens(alphabet="ab'\"\\\n", length=9),
    model_options={"width": 3, "name": 'x"y'},
    class_weight={"spam": 2.5},
    input_shape=(3, 4, 1),
)


@pytest.mark.parametrize("recipe", [ODD, *(one.RECIPE for one in recipes().values())])
def test_a_recipe_that_was_written_is_read_as_it_was(recipe, tmp_path):
    write_recipe(tmp_path / "mine.py", recipe, 'About "it" \\ and """more""".\n\nExpect: 1')
    assert read_recipe(tmp_path / "mine.py") == recipe


def test_only_what_differs_is_written(tmp_path):
    recipe = Recipe(model="mlp", dataset="mnist", epochs=3, batch_size=7, learning_rate=0.01)
    write_recipe(tmp_path / "mine.py", recipe, "Mine.")
    written = (tmp_path / "mine.py").read_text()
    assert written.splitlines()[6:12] == [
        "RECIPE = Recipe(",
        '    model="mlp",',
        '    dataset="mnist",',
        "    epochs=3,",
        "    batch_size=7,",
        "    learning_rate=0.01,",
    ]
    assert "Cosine" not in written


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = (", r"mine.py cannot be run: SyntaxError: .*"),
        ("import no_such_package", "mine.py cannot be run: ModuleNotFoundError: No module"),
        ("raise SystemExit(3)", "mine.py cannot be run: SystemExit: 3"),
        ("RECIPE = 3", "mine.py must define RECIPE, a Recipe; got 3"),
        ("", "mine.py must define RECIPE, a Recipe; got None"),
        (
            "from cnnzoo import Recipe\n"
            "RECIPE = Recipe(model='mlp', epochs=0, batch_size=1, learning_rate=0.1)",
            "mine.py holds no valid recipe: epochs must be at least 1; got 0",
        ),
    ],
)
def test_a_file_without_a_recipe(content, message, tmp_path):
    (tmp_path / "mine.py").write_text(content)
    with pytest.raises(CnnzooError, match=message):
        read_recipe(tmp_path / "mine.py")


def test_train_takes_the_file_of_a_recipe(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_recipe(tmp_path / "mine.py", recipes()["mnist_mlp"].RECIPE.replace(dataset="mnost"), "")
    assert cli.main(["train", "mine.py", "--set", "epochs=0"]) == 1
    assert "epochs must be at least 1; got 0" in capsys.readouterr().err
    assert cli.main(["train", "mine.py"]) == 1
    assert "mnost" in capsys.readouterr().err
    assert cli.main(["train", "yours.py"]) == 1
    assert capsys.readouterr().err == "cnnzoo: yours.py must be a file; there is nothing\n"


def test_the_file_can_be_run(tmp_path):
    write_recipe(tmp_path / "mine.py", recipes()["mnist_mlp"].RECIPE, "It is mine.")
    command = [sys.executable, tmp_path / "mine.py", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "It is mine." in done.stdout
