"""Calibration of the shipped networks on test data, and which outsiders they accept.

Outsiders are test images of other data sets, brought to the size and the colors of a network's own,
uniform noise, and images of one color.

Run: python benchmarks/calibration.py [NAME ...]
"""

import sys

import numpy as np
from PIL import Image

import cnnzoo
from cnnzoo.pipelines.card_data import dataset_of

OUTSIDERS = ("mnist", "fashion_mnist", "cifar10")
COUNT = 2_000


def brought(images, shape):
    """Return uint8 images as images of another shape."""
    height, width, channels = shape
    mode = "L" if channels == 1 else "RGB"
    pictures = (Image.fromarray(image.squeeze()).convert(mode) for image in images)
    resized = [
        np.asarray(one.resize((width, height), Image.Resampling.BILINEAR)) for one in pictures
    ]
    return np.stack(resized).reshape(-1, *shape)


def outsiders(classifier):
    """Yield name and images of each kind."""
    draw, shape = np.random.default_rng(0), classifier.input_shape
    for name in OUTSIDERS:
        if name != classifier.card["dataset"]:
            yield name, brought(cnnzoo.load_dataset(name, split="test").inputs[:COUNT], shape)
    yield "noise", draw.integers(0, 256, (COUNT, *shape), np.uint8)
    colors = draw.integers(0, 256, (COUNT, 1, 1, shape[2]), np.uint8)
    yield "one color", np.broadcast_to(colors, (COUNT, *shape))


def main(names):
    """Print a row per network."""
    print("network                   accuracy  ECE before   after  refused  accepted outsiders")
    for name in names or cnnzoo.list_weights():
        classifier = cnnzoo.load(name)
        found = cnnzoo.evaluate(classifier)
        before = found.get("uncalibrated", found)["ece"]
        data = dataset_of(classifier.card, classifier.input_shape)
        refused = np.mean(
            classifier.outputs(data.examples("test").inputs)[1] < classifier.threshold
        )
        accepted = []
        if len(classifier.input_shape) == 3:
            for kind, images in outsiders(classifier):
                share = np.mean(classifier.outputs(images)[1] >= classifier.threshold)
                accepted.append(f"{kind} {share:.1%}")
        print(
            f"{name:25} {found['accuracy']:8.2%}  {before:10.2%}  {found['ece']:6.2%}  "
            f"{refused:7.2%}  {', '.join(accepted)}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
