"""What cutting texts into tokens costs: this pipeline and Keras's TextVectorization.

Both have the same texts, vocabulary and length, and give the same tokens, which is checked; rounds
take turns, and the table shows the median. "Ready tokens" are what training reads: made before,
shuffled in buckets of like length and padded.

Run: python benchmarks/texts.py [FILE] [--rounds 5]     FILE has one text per line; UTF-8.
"""

import cnnzoo  # noqa: F401  # isort: skip  Before Keras: it switches on what makes TensorFlow fast.

import argparse
import math
import random
import statistics
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.pipelines.text_batches import train_text_batches
from cnnzoo.pipelines.texts import read_lines
from cnnzoo.pipelines.tokenizer import Tokenizer
from cnnzoo.training.provenance import hardware, versions

BATCH = 64
ROWS = (  # Level, cleaning, and what Keras calls them.
    ("word", "lower", {"split": "whitespace", "standardize": "lower"}),
    ("word", "kim", None),
    ("character", "none", {"split": "character", "standardize": None}),
)


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    texts = read_lines(arguments.file) if arguments.file else generated()

    print(f"{hardware()}; {versions()}; {len(texts):,} texts, {arguments.rounds} rounds\n")
    print("| level | cleaning | cnnzoo, tokens/s | TextVectorization, tokens/s | ratio |")
    print("|---|---|---|---|---|")
    for level, cleaning, theirs in ROWS:
        length = longest(texts, level, cleaning)
        tokenizer = Tokenizer.fit(
            texts, level=level, cleaning=cleaning, max_tokens=20_000, length=length
        )
        layers = [tokenizer] if theirs is None else [tokenizer, peer(tokenizer, texts, theirs)]
        tokens = tokenizer.ragged(texts)
        count = int(tokens.flat_values.shape[0])
        speeds = [
            [count / seconds(layer, texts) for layer in layers] for _ in range(arguments.rounds)
        ]
        medians = [statistics.median(column) for column in zip(*speeds, strict=True)]
        compared = f"{medians[1]:,.0f} | {medians[0] / medians[1]:.2f}" if theirs else "- | -"
        print(f"| {level} | {cleaning} | {medians[0]:,.0f} | {compared} |")
        ready = train_text_batches(
            tokens, np.zeros(len(texts)), tokenizer=tokenizer, batch_size=BATCH, seed=0, window=50
        ).take(len(texts) // BATCH)
        speed = statistics.median(count / consumed(ready) for _ in range(arguments.rounds))
        print(f"| {level} | ready tokens, bucketed | {speed:,.0f} | - | - |")


def longest(texts, level, cleaning):
    """Return the tokens of a text that 99% of the texts do not exceed."""
    tokens = Tokenizer.fit(texts, level=level, cleaning=cleaning, max_tokens=20_000).ragged(texts)
    return math.ceil(np.percentile(tokens.row_lengths(), 99))


def generated():
    """Return 50,000 texts of 20 words, drawn by Zipf's law."""
    draw = random.Random(0)
    return [" ".join(f"w{int(draw.paretovariate(0.7))}" for _ in range(20)) for _ in range(50_000)]


def peer(tokenizer, texts, arguments):
    """Return Keras's layer, if it gives the same tokens."""
    layer = keras.layers.TextVectorization(
        vocabulary=[token.decode() for token in tokenizer.vocabulary],
        output_sequence_length=tokenizer.length,
        **arguments,
    )
    if not np.array_equal(layer(tf.constant(texts[:1000])), tokenizer(texts[:1000])):
        raise SystemExit("TextVectorization gives other tokens for these texts")
    return layer


def seconds(layer, texts):
    """Return how long the tokens of all texts take in a pipeline."""
    batches = tf.data.Dataset.from_tensor_slices(tf.constant(texts)).batch(BATCH)
    return consumed(batches.map(layer, num_parallel_calls=2).prefetch(4))


def consumed(batches):
    """Return how long reading all batches takes."""
    begun = time.perf_counter()
    for _ in batches:
        pass
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
