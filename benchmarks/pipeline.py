"""What the real input pipeline costs: training throughput with it, and with one repeated batch.

The two take turns of one epoch each, many times, in one process and with one compiled training
step, so that a machine's mood hits both. The table shows the median turn of each, and the median
ratio of turns that follow each other. The pipeline alone is measured too.

Run: python benchmarks/pipeline.py [--recipe mnist_lenet5] [--rounds 20] [--steps 215]
"""

import cnnzoo  # noqa: F401, isort: skip  Before Keras: it makes TensorFlow fast.

import argparse
import statistics
import time

import keras
import tensorflow as tf

from cnnzoo.config.recipe import recipes
from cnnzoo.training.distributed.distribution import Distribution
from cnnzoo.training.networks import prepare
from cnnzoo.training.provenance import hardware, versions


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="mnist_lenet5")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=215)
    arguments = parser.parse_args()

    recipe = recipes()[arguments.recipe].RECIPE
    _, data, networks = prepare(recipe, Distribution(recipe.batch_size))
    model = networks.model
    # Learning one batch by heart would end in denormal gradients, which a CPU is slow with.
    still = keras.optimizers.SGD(1e-12, momentum=0.9)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(still, loss, metrics=["accuracy"], jit_compile=False)
    real = data.pipeline.train(start_step=0)
    # The same options: without them tf.data's tuner would run next to one of the two.
    repeated = tf.data.Dataset.from_tensors(next(iter(real))).repeat().with_options(real.options())
    images = arguments.steps * recipe.batch_size

    def train(batches):
        begun = time.perf_counter()
        for _ in range(arguments.steps):
            model.train_on_batch(*next(batches))
        return images / (time.perf_counter() - begun)

    def read(batches):
        begun = time.perf_counter()
        for _ in range(arguments.steps):
            next(batches)
        return images / (time.perf_counter() - begun)

    real, repeated = iter(real), iter(repeated)
    for batches in (real, repeated):
        train(batches)  # Compiles the step and fills the caches.
    rounds = [(train(real), train(repeated)) for _ in range(arguments.rounds)]
    with_pipeline, with_one_batch = (
        statistics.median(column) for column in zip(*rounds, strict=True)
    )
    alone = statistics.median(read(real) for _ in range(arguments.rounds))
    ratio = statistics.median(first / second for first, second in rounds)
    print(
        f"{hardware()}; {versions()}; {arguments.recipe}, "
        f"batch {recipe.batch_size}, {arguments.rounds} rounds of {arguments.steps} steps\n"
    )
    print("| what | images/s |")
    print("|---|---|")
    print(f"| training on the real pipeline ({recipe.augmentation}) | {with_pipeline:,.0f} |")
    print(f"| training on one repeated batch | {with_one_batch:,.0f} |")
    print(f"| the pipeline alone | {alone:,.0f} |")
    print(f"\nmedian ratio, real to repeated: {ratio:.3f}")


if __name__ == "__main__":
    main()
