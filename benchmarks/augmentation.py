"""Augmentation, images per second by policy: this pipeline, Keras's layers, PyTorch's DataLoader.

Images are random, 50,000 of 32x32x3 in memory, shuffled, in batches of 128. Keras's own layers run
in `dataset.map`, an example at a time, as tf.data's guides have it; where Keras changes a whole
batch alike or has no such layer, there is a dash. PyTorch runs a Dataset with transforms as
torchvision writes them, an image at a time, in plain PyTorch, with as many workers as cores. All
take turns, and each keeps its workers from turn to turn; the table shows the median turn.

Run: python benchmarks/augmentation.py [--rounds 5] [--seconds 2]
"""

import cnnzoo  # noqa: F401  # isort: skip  Before Keras: it switches on what makes TensorFlow fast.

import argparse
import os
import statistics
import time

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.datasets import Examples
from cnnzoo.pipelines.augmentation import policy
from cnnzoo.pipelines.batches import train_batches
from cnnzoo.training.provenance import hardware, versions

try:
    import torch
except ImportError:
    torch = None

BATCH, COUNT, CLASSES = 128, 50_000, 10
POLICIES = (
    "none",
    "flip",
    "pad_crop_flip",
    "pad_crop_flip_cutout",
    "color",
    "rotate_zoom",
    "pad_crop_flip_mixup",
    "pad_crop_flip_cutmix",
    "trivial",
    "rand",
)


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one turn")
    arguments = parser.parse_args()
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (COUNT, 32, 32, 3), np.uint8)
    examples = Examples(images, draw.integers(0, CLASSES, COUNT))

    print(f"{hardware()}; {versions('torch')}; batch {BATCH}, {arguments.rounds} rounds\n")
    print("| policy | cnnzoo | Keras, an example at a time | PyTorch | to Keras | to PyTorch |")
    print("|---|---|---|---|---|---|")
    for name in POLICIES:
        sources = [ours(examples, name), by_keras(examples, name), by_torch(examples, name)]
        rounds = [
            [source and rate(source, arguments.seconds) for source in sources]
            for _ in range(arguments.rounds + 1)
        ][1:]  # The first round starts workers and fills caches.
        columns = list(zip(*rounds, strict=True))
        speeds = [statistics.median(turns) if turns[0] else None for turns in columns]
        cells = [f"{speed:,.0f}" if speed else "-" for speed in speeds]
        cells += [f"{speeds[0] / speed:.1f}" if speed else "-" for speed in speeds[1:]]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def rate(batches, seconds):
    """Return the images per second that come out of the iterator `batches`."""
    for _ in range(6):  # What waited in buffers.
        next(batches)
    begun, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - begun) < seconds:
        count += len(next(batches)[0])
    return count / passed


def ours(examples, name):
    """Return this pipeline's batches."""
    augmentation = None if name == "none" else policy(name)
    return iter(
        train_batches(
            examples, batch_size=BATCH, seed=0, augmentation=augmentation, num_classes=CLASSES
        )
    )


def by_keras(examples, name):
    """Return batches of the same policy made of Keras's own layers, or None."""
    crop = [keras.layers.ZeroPadding2D(4), keras.layers.RandomCrop(32, 32)]
    flip = keras.layers.RandomFlip("horizontal")
    square = keras.layers.RandomErasing(1.0, scale=(0.25, 0.25), fill_value=128)
    layers = {
        "none": [],
        "flip": [flip],
        "pad_crop_flip": [*crop, flip],
        "pad_crop_flip_cutout": [*crop, flip, square],
        "color": [
            keras.layers.RandomBrightness(0.2),
            keras.layers.RandomContrast(0.2),
            keras.layers.RandomSaturation((0.4, 0.6)),
        ],
        "rotate_zoom": [
            keras.layers.RandomRotation(15 / 360, fill_mode="constant"),
            keras.layers.RandomZoom(0.1, fill_mode="constant"),
        ],
        "rand": [*crop, flip, keras.layers.RandAugment(num_ops=3), square],
    }
    if name not in layers:
        return None

    def change(image, label):
        for layer in layers[name]:
            if isinstance(layer, keras.layers.ZeroPadding2D):
                image = tf.pad(image, [[4, 4], [4, 4], [0, 0]])  # The layer takes batches only.
            else:
                image = layer(image, training=True)
        return tf.cast(image, tf.uint8), label

    dataset = tf.data.Dataset.from_tensor_slices(tuple(examples)).shuffle(COUNT).repeat()
    # Not AUTOTUNE: its buffer would keep filling while the others have their turns.
    dataset = dataset.map(change, num_parallel_calls=os.cpu_count())
    options = tf.data.Options()
    options.autotune.enabled = False
    return iter(dataset.batch(BATCH, drop_remainder=True).prefetch(4).with_options(options))


def by_torch(examples, name):
    """Return batches of PyTorch's DataLoader, or None."""
    if torch is None or name not in TRANSFORMS:
        return None
    images = torch.from_numpy(examples[0]).permute(0, 3, 1, 2).contiguous()
    labels = torch.from_numpy(examples[1])

    class Changed(torch.utils.data.Dataset):
        def __len__(self):
            return COUNT

        def __getitem__(self, index):
            image = images[index]
            for change in TRANSFORMS[name]:
                image = change(image)
            return image, labels[index]

    loader = torch.utils.data.DataLoader(
        Changed(),
        batch_size=BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=os.cpu_count(),
        persistent_workers=True,
        multiprocessing_context="fork",
    )
    return _endless(loader)


def _endless(loader):
    while True:
        yield from loader


def _uniform(low, high):
    return float(torch.empty(1).uniform_(low, high))


def _pad_crop(image):
    padded = torch.nn.functional.pad(image, [4, 4, 4, 4])
    top, left = (int(torch.randint(0, 9, (1,))) for _ in range(2))
    return padded[:, top : top + 32, left : left + 32]


def _flip(image):
    return image.flip(-1) if torch.rand(1) < 0.5 else image


def _cutout(image):
    row, column = (int(torch.randint(0, 32, (1,))) for _ in range(2))
    image = image.clone()
    image[:, max(row - 8, 0) : row + 8, max(column - 8, 0) : column + 8] = 128
    return image


def _gray(image):
    red, green, blue = image.unbind(-3)
    return (0.2989 * red + 0.587 * green + 0.114 * blue).to(image.dtype)[None]


def _blend(image, other, factor):
    return (factor * image + (1 - factor) * other).clamp(0, 255).to(image.dtype)


def _color(image):
    image = _blend(image, torch.zeros_like(image), _uniform(0.8, 1.2))
    image = _blend(image, _gray(image).float().mean(), _uniform(0.8, 1.2))
    return _blend(image, _gray(image), _uniform(0.8, 1.2))


def _sampled(image, matrix, mode="nearest"):
    grid = torch.nn.functional.affine_grid(
        torch.tensor(matrix)[None], [1, *image.shape], align_corners=False
    )
    sampled = torch.nn.functional.grid_sample(
        image[None].float(), grid, mode=mode, align_corners=False
    )
    return sampled[0].round().to(image.dtype)


def _rotate_zoom(image):
    angle, size = np.radians(_uniform(-15, 15)), _uniform(0.9, 1.1)
    cos, sin = float(np.cos(angle)) / size, float(np.sin(angle)) / size
    return _sampled(image, [[cos, -sin, 0.0], [sin, cos, 0.0]], "bilinear")


def _rotate(image, by):
    cos, sin = float(np.cos(np.radians(by))), float(np.sin(np.radians(by)))
    return _sampled(image, [[cos, -sin, 0.0], [sin, cos, 0.0]])


def _sharpness(image, by):
    kernel = torch.tensor([[1.0, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13
    smooth = image.clone()
    inner = torch.nn.functional.conv2d(image[:, None].float(), kernel[None, None])[:, 0]
    smooth[:, 1:-1, 1:-1] = inner.round().to(image.dtype)
    return _blend(image, smooth, 1 + by)


def _auto_contrast(image):
    low, high = (
        bound[..., None, None].float() for bound in (image.amin((1, 2)), image.amax((1, 2)))
    )
    scale = 255 / (high - low)
    scale, low = (torch.where(high > low, value, other) for value, other in ((scale, 1), (low, 0)))
    return ((image - low) * scale).clamp(0, 255).to(image.dtype)


def _equalize(image):
    def one(channel):
        histogram = torch.bincount(channel.reshape(-1).long(), minlength=256)
        filled = histogram[histogram != 0]
        step = (filled.sum() - filled[-1]) // 255
        if step == 0:
            return channel
        table = (torch.cumsum(histogram, 0) + step // 2) // step
        table = torch.nn.functional.pad(table, [1, 0])[:-1].clamp(0, 255)
        return table[channel.long()].to(channel.dtype)

    return torch.stack([one(channel) for channel in image])


def _drawn(image, wide, strength):
    """Apply one of the 14 operations of RandAugment and TrivialAugment."""
    shear, translate, rotate, enhance, bits = (
        (0.99, 32, 135, 0.99, 6) if wide else (0.3, 10, 30, 0.9, 4)
    )
    by = strength if torch.rand(1) < 0.5 else -strength
    move = 2 * translate * by / 32  # `affine_grid` counts from -1 to 1.
    operations = [
        lambda: image,
        lambda: _auto_contrast(image),
        lambda: _equalize(image),
        lambda: _rotate(image, rotate * by),
        lambda: torch.where(image >= 256 * (1 - strength), 255 - image, image),
        lambda: _blend(image, _gray(image), 1 + enhance * by),
        lambda: image & -(1 << round(bits * strength)) & 255,
        lambda: _blend(image, _gray(image).float().mean(), 1 + enhance * by),
        lambda: _blend(image, torch.zeros_like(image), 1 + enhance * by),
        lambda: _sharpness(image, enhance * by),
        lambda: _sampled(image, [[1.0, shear * by, 0.0], [0.0, 1.0, 0.0]]),
        lambda: _sampled(image, [[1.0, 0.0, 0.0], [shear * by, 1.0, 0.0]]),
        lambda: _sampled(image, [[1.0, 0.0, move], [0.0, 1.0, 0.0]]),
        lambda: _sampled(image, [[1.0, 0.0, 0.0], [0.0, 1.0, move]]),
    ]
    return operations[int(torch.randint(0, 14, (1,)))]()


def _trivial(image):
    return _drawn(image, True, int(torch.randint(0, 31, (1,))) / 30)


def _rand(image):
    for _ in range(3):
        image = _drawn(image, False, 5 / 30)
    return image


TRANSFORMS = {
    "none": [],
    "flip": [_flip],
    "pad_crop_flip": [_pad_crop, _flip],
    "pad_crop_flip_cutout": [_pad_crop, _flip, _cutout],
    "color": [_color],
    "rotate_zoom": [_rotate_zoom],
    "trivial": [_pad_crop, _flip, _trivial, _cutout],
    "rand": [_pad_crop, _flip, _rand, _cutout],
}

if __name__ == "__main__":
    main()
