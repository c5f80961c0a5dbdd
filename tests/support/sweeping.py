"""A sweep in processes of its own: python sweeping.py OUT CHECKPOINTS PROCESSES.

A process waits for the others, and kills itself after so many checkpoints, or never, after 0.
"""

import os
import runpy
import signal
import sys
import time
from pathlib import Path

from cnnzoo.config.recipe import Recipe
from cnnzoo.datasets import DATASETS
from cnnzoo.training import checkpoints
from cnnzoo.training.sweep import sweep

OVER = {"learning_rate": "1e-4..1e-2:log", "batch_size": "50,100"}
TRIALS = 4


def searched(out, **options):
    """Sweep over four trials of two epochs on the MNIST that `small` of conftest.py has cut."""
    recipe = Recipe(
        model="lenet5",
        dataset="small_mnist",
        epochs=2,
        batch_size=50,
        validation=500,
        learning_rate=0.002,
    )
    options = {"trials": TRIALS, "search": "random", **options}
    return sweep(recipe, OVER, out, **options)


def kill_after(count):
    """Kill this process as soon as it has written so many checkpoints."""
    save, written = checkpoints.save, []

    def save_and_count(*arguments):
        save(*arguments)
        written.append(arguments)
        if len(written) == count:
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoints.save = save_and_count


def wait_for(count, folder):
    """Wait until so many processes wait here."""
    (folder / f"{os.getpid()}.ready").touch()
    while len([*folder.glob("*.ready")]) < count:
        time.sleep(0.01)


if __name__ == "__main__":
    conftest = runpy.run_path(str(Path(__file__).parents[1] / "conftest.py"))
    DATASETS.add("small_mnist", conftest["cut_mnist"](train=2_000, test=500))
    kill_after(int(sys.argv[2]))
    wait_for(int(sys.argv[3]), Path(sys.argv[1]))
    searched(sys.argv[1])
