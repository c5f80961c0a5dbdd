"""Reading and decoding photographs: cnnzoo next to Keras and PyTorch, the same files in one run.

Run: python benchmarks/reading.py [--images 3000] [--folder DIR]

Photographs of 512x384 are generated once, in two folders, as JPEG files of quality 85, and brought
to 224x224 in batches of 64 in shuffled order. Each reader makes the given number of passes, one
reader after the other; the table has the best pass of each. PyTorch's row is there where torch and
torchvision are installed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

SIDE, BATCH = 224, 64


def photographs(folder: Path, count: int) -> None:
    """Write `count` photographs into the folders of two classes."""
    rng = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"class{number % 2}" / f"{number}.jpg"
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8))
        smooth = np.asarray(coarse.resize((512, 384), Image.Resampling.BICUBIC))
        noise = rng.integers(-12, 13, smooth.shape, np.int16)
        Image.fromarray((smooth + noise).clip(0, 255).astype(np.uint8)).save(path, quality=85)


def cnnzoo_batches(folder: Path, augmentation: str | None) -> Callable[[], Iterable]:
    """Return the start of one epoch of cnnzoo's training batches; the images stay encoded."""
    from cnnzoo.pipelines.augmentation import policy
    from cnnzoo.pipelines.batches import train_batches
    from cnnzoo.pipelines.custom_data.dataset import find

    examples = find(str(folder), (SIDE, SIDE, 3)).examples("train", encoded=True)
    layer = policy(augmentation) if augmentation else None
    batches = train_batches(examples, batch_size=BATCH, seed=0, augmentation=layer)
    return lambda: batches.take(len(examples.labels) // BATCH)


def keras_batches(folder: Path) -> Callable[[], Iterable]:
    """Return the start of one epoch of Keras's batches."""
    import keras
    import tensorflow as tf

    found = keras.utils.image_dataset_from_directory(
        str(folder), image_size=(SIDE, SIDE), batch_size=BATCH, verbose=False
    )
    return lambda: found.prefetch(tf.data.AUTOTUNE)


def torch_batches(folder: Path) -> Callable[[], Iterable]:
    """Return the start of one epoch of a DataLoader with two workers."""
    import torch
    import torchvision

    transform = torchvision.transforms.Compose(
        [torchvision.transforms.Resize((SIDE, SIDE)), torchvision.transforms.PILToTensor()]
    )
    found = torchvision.datasets.ImageFolder(str(folder), transform)
    loader = torch.utils.data.DataLoader(found, BATCH, shuffle=True, num_workers=2)
    return lambda: loader


def rate(start: Callable[[], Iterable]) -> float:
    """Return images per second of one pass."""
    began, count = time.perf_counter(), 0
    for batch in start():
        count += len(batch[0])
    return count / (time.perf_counter() - began)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=3_000)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        photographs(folder, arguments.images)
        readers = {
            "cnnzoo": cnnzoo_batches(folder, None),
            "cnnzoo, random crop and flip": cnnzoo_batches(folder, "resized_crop_flip"),
            "keras image_dataset_from_directory": keras_batches(folder),
        }
        try:
            readers["torch DataLoader"] = torch_batches(folder)
        except ImportError:
            print("torch is not installed: no row of it")
        best = dict.fromkeys(readers, 0.0)
        for _ in range(arguments.passes):
            for name, start in readers.items():
                best[name] = max(best[name], rate(start))
    print(f"{'reader':36}{'images/s':>10}{'cnnzoo / it':>13}")
    for name, found in best.items():
        print(f"{name:36}{found:>10,.0f}{best['cnnzoo'] / found:>13.2f}")


if __name__ == "__main__":
    main()
