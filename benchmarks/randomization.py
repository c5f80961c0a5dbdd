"""Which attribution methods depend on the weights: Adebayo's test over the shipped networks.

For each network and method: the rank correlation of heat with that of the same network whose last
layer is random, and of which all layers are; the mean over test examples and seeds of random
weights. A method fails where one of the two reaches the limit.

Run: python benchmarks/randomization.py [NAME ...] [--examples 16] [--seeds 3]
"""

import cnnzoo  # noqa: F401  # isort: skip  Before Keras: it switches on what makes TensorFlow fast.

import argparse

import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.inspection import randomization_test
from cnnzoo.inspection.attribution import methods
from cnnzoo.inspection.randomization import LIMIT


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=cnnzoo.list_weights())
    parser.add_argument("--examples", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    print(
        "| network | method | last layer random | all random | sizes, all | SSIM, all | verdict |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in arguments.names:
        network, inputs = subject(name, arguments.examples)
        for method in methods(network):
            print(
                f"| {name} | {method} | {row(network, inputs, method, arguments.seeds)} |",
                flush=True,
            )


def subject(name, count):
    """Return a shipped network, and test examples that are evenly spread, as it takes them."""
    classifier = cnnzoo.load(name)
    examples, _ = cnnzoo.load_dataset(classifier.card["dataset"], split="test")
    rows = np.linspace(0, len(examples) - 1, count).astype(int)
    return classifier.network, classifier.prepare(examples[rows])


def row(network, inputs, method, seeds):
    """Return the cells of a method; dashes where it is not for such a network."""
    try:
        found = [
            randomization_test(network, inputs, method, steps=2, seed=seed) for seed in range(seeds)
        ]
    except CnnzooError:
        return "- | - | - | - | -"
    last, every = np.mean([one.rank_correlations[[0, -1]] for one in found], axis=0)
    sizes = np.mean([one.magnitude_correlations[-1] for one in found])
    alike = np.mean([one.structural_similarities[-1] for one in found])
    verdict = "depends on the weights" if max(last, every) < LIMIT else "fails"
    return f"{last:.2f} | {every:.2f} | {sizes:.2f} | {alike:.2f} | {verdict}"


if __name__ == "__main__":
    main()
