"""What predicting a large table costs, compared with the network alone on ready tokens.

`cnnzoo predict sms_spam_text_cnn TABLE --out FILE` runs in a process of its own for each size: its
peak memory, and its rows per second, table and file included, without start-up. The network's own
rate is that of the same runtime on batches of ready tokens.

Run: python benchmarks/predicting.py [--rows 20000 200000] [--format csv]
"""

import cnnzoo  # isort: skip  Before Keras: it switches on what makes TensorFlow fast.

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np

NAME = "sms_spam_text_cnn"
BATCH = 256


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--format", default="csv", help="of the predictions")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measured(*arguments.measure)))
        return
    print(
        "| rows | rows/s | network alone, rows/s | ratio | peak memory, MB |\n|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for count in arguments.rows:
            table, out = (
                Path(folder, f"{count}.csv"),
                Path(folder, f"out{count}.{arguments.format}"),
            )
            write(table, count)
            command = [sys.executable, __file__, "--measure", table, out]
            ran = subprocess.run(command, check=True, capture_output=True, text=True)
            one = json.loads(ran.stdout.splitlines()[-1])
            ratio = one["rate"] / one["network"]
            print(
                f"| {count:,} | {one['rate']:,.0f} | {one['network']:,.0f} | {ratio:.2f} | "
                f"{one['memory'] / 2**20:,.0f} |"
            )


def write(path, count):
    """Write a table of messages of the data set, each with a number."""
    texts = cnnzoo.load_dataset("sms_spam", split="test").inputs.tolist()
    draw = random.Random(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "text"])
        rows.writerows((row, f"{draw.choice(texts)} {row}") for row in range(count))


def measured(table, out):
    """Return rows per second of predicting and of the network alone, and peak memory in bytes."""
    from cnnzoo import cli

    classifier = cnnzoo.load(NAME)
    network = network_rate(classifier, table)
    start = started(table)
    begin = time.perf_counter()
    if cli.main(["predict", NAME, table, "--out", out, "--json"]):
        raise SystemExit(1)
    seconds = time.perf_counter() - begin - start
    with open(table, newline="", encoding="utf-8") as file:
        rows = sum(1 for _ in csv.reader(file)) - 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"rate": rows / seconds, "network": network, "memory": memory}


def started(table):
    """Return the seconds that a command takes for one batch of rows: start-up, above all."""
    from cnnzoo import cli

    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder, "short.csv")
        with open(table, encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            with short.open("w", encoding="utf-8", newline="") as shorter:
                csv.writer(shorter).writerows(next(rows) for _ in range(BATCH + 1))
        begin = time.perf_counter()
        cli.main(["predict", NAME, str(short), "--out", str(Path(folder, "out.csv")), "--json"])
        return time.perf_counter() - begin


def network_rate(classifier, table):
    """Return texts per second of the network, in the runtime of the classifier, on ready tokens."""
    from cnnzoo.export.folding import folded
    from cnnzoo.export.litert import convert, tokenizer_of
    from cnnzoo.export.runtime import LiteRT

    with open(table, newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in islice(csv.DictReader(file), 40 * BATCH)]
    tokenizer = tokenizer_of(classifier.model)
    batches = [
        np.array(tokenizer.tokenize(texts[begin : begin + BATCH]), np.int32)
        for begin in range(0, len(texts), BATCH)
    ]
    runtime = LiteRT(convert(folded(classifier.model)))
    runtime(batches[0])
    begin = time.perf_counter()
    for batch in batches:
        runtime(batch)
    return len(texts) / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
