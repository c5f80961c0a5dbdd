"""Seeds of a recipe on a Ray cluster of this machine's cores, and one after the other on one core.

Run: python benchmarks/on_ray.py [--seeds 10] [--epochs 8]

Both are `cnnzoo reproduce mnist_lenet5`, everything included, start-up too; the second keeps to one
core by `taskset`. The rows of both must be equal but for seconds and the number of cores.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measured(folder: Path, seeds: int, epochs: int, before: list[str], after: list[str]) -> float:
    """Return the seconds of a command, which writes rows.csv into `folder`."""
    folder.mkdir()
    line = [sys.executable, "-m", "cnnzoo", "reproduce", "mnist_lenet5", "--seeds", str(seeds)]
    line += ["--set", f"epochs={epochs}", "--ledger", "rows.csv", *after]
    environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1"}
    begun = time.perf_counter()
    subprocess.run(
        [*before, *line], cwd=folder, env=environment, check=False, stderr=subprocess.PIPE
    )
    return time.perf_counter() - begun


def row(folder: Path) -> dict[str, str]:
    """Return the row of the results table without its seconds and the number of cores."""
    with (folder / "rows.csv").open() as file:
        (found,) = csv.DictReader(file)
    return {name: value for name, value in found.items() if name not in ("seconds", "hardware")}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=8)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        here, cluster = Path(place, "here"), Path(place, "cluster")
        alone = measured(here, asked.seeds, asked.epochs, ["taskset", "-c", "0"], [])
        shared = measured(cluster, asked.seeds, asked.epochs, [], ["--on", "ray"])
        print(f"{asked.seeds} seeds, {asked.epochs} epochs        seconds  of one core")
        print(f"one after the other, a core {alone:7.0f}  {1:11.2f}")
        print(f"--on ray, {os.cpu_count()} cores         {shared:7.0f}  {shared / alone:11.2f}")
        print(f"rows are equal: {row(here) == row(cluster)}")


if __name__ == "__main__":
    main()
