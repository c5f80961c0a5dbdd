"""What fine-tuning gains on little data: ResNet-20 from nothing, and from weights of CIFAR-10.

For each seed, 20 images of each class of Fashion-MNIST become a folder of 32x32 color PNG files, on
which the same recipe trains twice; a fifth of them is validation data, which selects the epoch.
Accuracy is that on 2,000 test images, seconds are those of the longest run, test included. The
settings of each row are the best of those that `--choose` tries, which scores on 1,000 further
training images instead, never on test images.

Run: TFDS_DATA_DIR=... python benchmarks/fine_tuning.py [--seeds 3] [--choose]
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
PER_CLASS, TEST, CHOICE = 20, 2_000, 1_000  # Images.
COMMON = {"batch_size": 20, "validation": 0.2}
ROWS = {
    "from nothing": {"epochs": 60, "learning_rate": OneCycle(0.05)},
    "fine-tuned": {"epochs": 30, "learning_rate": OneCycle(0.05), "weights": SOURCE},
}
PEAKS, EPOCHS = (0.02, 0.05, 0.1, 0.2), (30, 60)  # That `--choose` tries.


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--choose", action="store_true", help="try settings on validation data")
    arguments = parser.parse_args()
    print(f"{hardware()}; {versions()}\n")
    print("| ResNet-20 | accuracy, % | per seed | seconds |\n|---|---|---|---|")
    rows = choices() if arguments.choose else ROWS
    with tempfile.TemporaryDirectory() as folder:
        for name, fields in rows.items():
            runs = [
                trained(Path(folder), name, fields, seed, arguments.choose)
                for seed in range(arguments.seeds)
            ]
            accuracies, seconds = zip(*runs, strict=True)
            each = ", ".join(f"{accuracy:.1f}" for accuracy in accuracies)
            mean = statistics.mean(accuracies)
            print(f"| {name} | {mean:.1f} | {each} | {max(seconds):.0f} |", flush=True)


def choices():
    """Return all settings to try, by the name of their row."""
    return {
        f"{name}, {epochs} epochs, peak {peak}": {
            **fields,
            "epochs": epochs,
            "learning_rate": OneCycle(peak),
        }
        for name, fields in ROWS.items()
        for epochs in EPOCHS
        for peak in PEAKS
    }


def trained(folder, name, fields, seed, choosing):
    """Return accuracy, in percent, and seconds of one run."""
    photos = folder / f"photos{seed}"
    if not photos.exists():
        write(photos, seed, choosing)
    with contextlib.redirect_stderr(io.StringIO()):
        run = cnnzoo.train(
            RECIPE, data=photos, out=folder / f"{name}{seed}", seed=seed, **COMMON, **fields
        )
    return 100 * run.accuracy, run.metrics["seconds"]


def write(photos, seed, choosing):
    """Write one folder of PNG files per split and class."""
    images, labels = cnnzoo.load_dataset("fashion_mnist", split="train")
    order = np.random.default_rng(seed).permutation(len(labels))
    train = np.concatenate([order[labels[order] == label][:PER_CLASS] for label in range(10)])
    save(photos / "train", images[train], labels[train])
    if choosing:
        rest = np.setdiff1d(order, train, assume_unique=True)
        chosen = np.random.default_rng(seed).permutation(rest)[:CHOICE]
    else:
        images, labels = cnnzoo.load_dataset("fashion_mnist", split="test")
        chosen = np.arange(TEST)
    save(photos / "test", images[chosen], labels[chosen])


def save(folder, images, labels):
    """Write each image, 28x28 gray, as 32x32 in color with a dark border."""
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / f"class{label}" / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        padded = np.pad(image[..., 0], 2)
        Image.fromarray(np.stack([padded] * 3, axis=-1)).save(path)


if __name__ == "__main__":
    main()
