"""int8 compared with floats, and with the network that rounds in Keras, on a whole test set.

For each network, a name of shipped weights or a run folder: the accuracy in floats and of the int8
file, the size of that file, and on how many examples it gives the class of the network whose
kernels, biases and activations are rounded in Keras, as in quantization-aware training.

Run: python benchmarks/int8.py [NAME ...]
Needs: the data sets of the networks
"""

import argparse

import numpy as np
import tensorflow as tf

import cnnzoo
from cnnzoo import layers
from cnnzoo.export import litert
from cnnzoo.export.assembly import parts_of
from cnnzoo.export.folding import folded
from cnnzoo.export.rounding import ranges_of, rounded
from cnnzoo.export.runtime import LiteRT
from cnnzoo.export.verification_data import data_of, training_examples

BATCH = 500  # Images.


def main():
    """Print a row for each network."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", default=["mnist_lenet5"], metavar="NAME")
    print("| network | floats | int8 | of the class of the rounded network | int8 file, bytes |")
    print("|---|---|---|---|---|")
    for name in parser.parse_args().names:
        classifier = cnnzoo.load(name)
        dataset = data_of(classifier, None)
        examples = training_examples(classifier, dataset, "litert_int8")
        test = dataset.examples("test")
        model, labels = folded(classifier.model), np.asarray(test.labels)
        content = litert.int8(model, examples)
        file = LiteRT(content)
        simulated = by_rounding(model, examples, test.inputs)
        quantized = in_batches(lambda images, file=file: file(images)[0], test.inputs)
        floats = classifier.scores(test.inputs).argmax(axis=1)
        accuracies = f"{(floats == labels).mean():.2%} | {(quantized == labels).mean():.2%}"
        agreement = f"{(quantized == simulated).sum():,} of {len(labels):,}"
        print(f"| {name} | {accuracies} | {agreement} | {len(content):,} |", flush=True)


def by_rounding(model, examples, inputs):
    """Return the classes that the network gives in Keras while it rounds."""
    parts = parts_of(model)
    ranges = ranges_of(parts.network, litert.network_inputs(parts, examples))
    viewed = averaged = tf.identity
    if parts.views is not None:
        viewed, averaged = layers.Views(parts.views), layers.MeanOfViews(parts.views)
    with rounded(parts.network, ranges):
        function = tf.function(lambda one: averaged(parts.network(viewed(one), training=False)))
        batches = litert.network_inputs(parts, inputs)
        return np.concatenate([np.argmax(function(batch), axis=1) for batch in batches])


def in_batches(scores, inputs):
    """Return the classes of all `inputs`."""
    parts = [inputs[begin : begin + BATCH] for begin in range(0, len(inputs), BATCH)]
    return np.concatenate([scores(part).argmax(axis=1) for part in parts])


if __name__ == "__main__":
    main()
