"""Time to 99.0% on MNIST's test set, beside Keras's introductory convnet.

Each run is a whole process, from starting Python to the test accuracy: imports, reading the data,
training, scoring. The number of epochs is fixed for each side; a side whose mean accuracy over
the seeds is below 99.0% is marked. Our 3 epochs were set after one run of 4, which had more
accuracy than the goal asks; the peer has 8 and is not tuned. It runs with TensorFlow's defaults,
without oneDNN on processors that lack AVX-512; cnnzoo switches that on. cnnzoo's processes also
write their run folder and artifact. The two sides take turns, so that noise falls on both.

Run: python benchmarks/time_to_accuracy.py [--seeds 5] [--epochs 3] [--peer-epochs 8]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cnnzoo.training.provenance import hardware, versions

GOAL = 0.990

OURS = """
import json, sys, cnnzoo
run = cnnzoo.train("mnist_lenet5", out=sys.argv[1], epochs=int(sys.argv[2]), seed=int(sys.argv[3]))
print(json.dumps({"accuracy": run.accuracy, "params": run.metrics["params"]}))
"""


def timed(command):
    """Return the seconds of a whole process and the JSON document that it printed last."""
    # TensorFlow's default; cnnzoo sets what it needs by itself.
    environment = {
        key: value for key, value in os.environ.items() if key != "TF_ENABLE_ONEDNN_OPTS"
    }
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=True, env=environment
    )
    return time.perf_counter() - begun, json.loads(done.stdout.strip().splitlines()[-1])


def main():
    """Measure both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--peer-epochs", type=int, default=8)
    arguments = parser.parse_args()
    peer = str(Path(__file__).with_name("keras_convnet.py"))
    sides = {"cnnzoo, mnist_lenet5": [], "Keras's convnet example": []}
    ours, theirs = sides.values()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(arguments.seeds):
            out = str(Path(folder) / str(seed))
            ours.append(timed(["-c", OURS, out, str(arguments.epochs), str(seed)]))
            theirs.append(timed([peer, str(arguments.peer_epochs), str(seed)]))
            print(f"seed {seed}: {ours[-1]}  {theirs[-1]}", file=sys.stderr, flush=True)
    print(f"{hardware()}; {versions()}; seeds 0 to {arguments.seeds - 1}\n")
    print("| network | parameters | epochs | test accuracy, % | seconds |")
    print("|---|---|---|---|---|")
    epochs = (arguments.epochs, arguments.peer_epochs)
    for (name, results), count in zip(sides.items(), epochs, strict=True):
        seconds = [second for second, _ in results]
        accuracies = [100 * answer["accuracy"] for _, answer in results]
        mean = statistics.fmean(accuracies)
        mark = "" if mean >= 100 * GOAL else " (below the goal)"
        params = results[0][1]["params"]
        spread = statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0
        print(
            f"| {name} | {params:,} | {count} | {mean:.2f} ± {spread:.2f}{mark} "
            f"| {statistics.fmean(seconds):.1f} |"
        )
    means = [statistics.fmean(second for second, _ in results) for results in sides.values()]
    print(f"\nratio of the times: {means[0] / means[1]:.3f}")


if __name__ == "__main__":
    main()
