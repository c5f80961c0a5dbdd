"""What fine-tuning gains on little data: ResNet-20 from nothing, and from weights of CIFAR-10.

For each seed, 20 images of each of 10 classes become a folder of 32x32 color PNG files, on which
the same recipe trains twice; a fifth of them is validation data, which selects the epoch. By
default they are photographs unlike those of the source: CIFAR-10's test images, which it has not
seen, turned by 90 degrees. `--data fashion_mnist` is harder: other things, and no photographs.

Accuracy is that on 1,000 further images, seconds are those of the longest run, test included. The
settings are the best of those that `--choose` tries, which scores on another 1,000 instead.

Run: TFDS_DATA_DIR=... python benchmarks/fine_tuning.py [--seeds 3] [--data NAME] [--choose]
"""

import cnnzoo  # isort: skip  Before Keras: it switches on what makes TensorFlow fast.

import argparse
import contextlib
import io
import statistics
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from cnnzoo.config.schedules import OneCycle
from cnnzoo.training.provenance import hardware, versions

RECIPE, SOURCE = "cifar10_resnet20_fast", "cifar10_resnet20_fast"
PER_CLASS, SCORED = 20, 1_000  # Images.
COMMON = {"batch_size": 20, "validation": 0.2}
ROWS = {  # What starts from nothing has three times as many steps.
    "from nothing": {"epochs": 30, "learning_rate": OneCycle(0.02)},
    "fine-tuned": {"epochs": 10, "learning_rate": OneCycle(0.05), "weights": SOURCE},
}
PEAKS = (0.02, 0.05, 0.2)  # Of the learning rate, that `--choose` tries.


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", choices=("cifar10", "fashion_mnist"), default="cifar10")
    parser.add_argument("--choose", action="store_true", help="try settings on validation data")
    arguments = parser.parse_args()
    print(f"{hardware()}; {versions()}\n")
    print("| ResNet-20 | accuracy, % | per seed | seconds |\n|---|---|---|---|")
    rows = choices() if arguments.choose else ROWS
    with tempfile.TemporaryDirectory() as folder:
        for name, fields in rows.items():
            runs = [
                trained(Path(folder), arguments.data, name, fields, seed, arguments.choose)
                for seed in range(arguments.seeds)
            ]
            accuracies, seconds = zip(*runs, strict=True)
            each = ", ".join(f"{accuracy:.1f}" for accuracy in accuracies)
            mean = statistics.mean(accuracies)
            print(f"| {name} | {mean:.1f} | {each} | {max(seconds):.0f} |", flush=True)


def choices():
    """Return all settings to try, by the name of their row."""
    return {
        f"{name}, peak {peak}": {**fields, "learning_rate": OneCycle(peak)}
        for name, fields in ROWS.items()
        for peak in PEAKS
    }


def trained(folder, data, name, fields, seed, choosing=False):
    """Return accuracy, in percent, and seconds of one run."""
    photos = folder / f"photos{seed}"
    if not photos.exists():
        write(photos, data, seed, choosing)
    with contextlib.redirect_stderr(io.StringIO()):
        run = cnnzoo.train(
            RECIPE, data=photos, out=folder / f"{name}{seed}", seed=seed, **COMMON, **fields
        )
    return 100 * run.accuracy, run.metrics["seconds"]


def write(photos, data, seed, choosing):
    """Write one folder of PNG files per split and class."""
    images, labels = cnnzoo.load_dataset(data, split="test")
    order = np.random.default_rng(seed).permutation(len(labels))
    train = np.concatenate([order[labels[order] == label][:PER_CLASS] for label in range(10)])
    rest = order[~np.isin(order, train)]
    scored = rest[SCORED : 2 * SCORED] if choosing else rest[:SCORED]
    for split, chosen in (("train", train), ("test", scored)):
        for place in chosen:
            path = photos / split / f"class{labels[place]}" / f"{place}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(unlike(images[place])).save(path)


def unlike(image):
    """Return a gray image in color with a dark border, and a photograph turned by 90 degrees."""
    if image.shape[-1] == 1:
        return np.repeat(np.pad(image, ((2, 2), (2, 2), (0, 0))), 3, axis=-1)
    return np.ascontiguousarray(np.rot90(image))


if __name__ == "__main__":
    main()
