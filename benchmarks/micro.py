"""TensorFlow Lite Micro compared with LiteRT: equal int8 outputs on a whole test set.

The int8 file of `cnnzoo export NAME --format micro` runs, image by image, in TensorFlow Lite
Micro's interpreter and by LiteRT's reference kernels. The table shows the size of the file, the
arena that it needs on this machine, and on how many images all outputs are equal.

Run: python benchmarks/micro.py [NAME ...] [--images 10000]
Needs: pip install '.[micro]'; the data sets of the networks
"""

import argparse

import cnnzoo
from cnnzoo.export import formats, micro
from cnnzoo.export.folding import folded
from cnnzoo.export.verification_data import data_of


def main():
    """Print a row for each network."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", default=["mnist_lenet5"], metavar="NAME")
    parser.add_argument("--images", type=int, default=10_000, help="of the test set, at most")
    arguments = parser.parse_args()
    print("| network | file, bytes | arena, bytes | equal outputs | accuracy |")
    print("|---|---|---|---|---|")
    for name in arguments.names:
        classifier = cnnzoo.load(name)
        dataset = data_of(classifier, None)
        card = dict(classifier.card)
        content = formats.int8("micro", folded(classifier.model), card, classifier, dataset)
        images, labels = dataset.examples("test")
        images, labels = images[: arguments.images], labels[: arguments.images]
        found = micro.trial(content, images)
        accuracy = (found.outputs.argmax(axis=1) == labels).mean()
        equal = f"{len(images) - found.different:,} of {len(images):,}"
        print(
            f"| {name} | {len(content):,} | {found.arena:,} | {equal} | {accuracy:.2%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
