import dataclasses

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from cnnzoo.datasets import DATASETS, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.plots.datasets import draw


@pytest.fixture
def twelve_images():
    """Two classes of images, of which the first is red and the second blue."""
    images = np.zeros((12, 16, 16, 3), np.uint8)
    images[:6, ..., 0] = images[6:, ..., 2] = 200
    labels = np.repeat([0, 1], 6)
    return dataclasses.replace(
        DATASETS["cifar10"],
        class_names=("red", "blue"),
        sizes={"train": 12, "test": 12},
        read=lambda _: Examples(images, labels),
        input_shape=(16, 16, 3),
    )


def test_images_are_drawn_by_class(twelve_images, tmp_path):
    draw(twelve_images, tmp_path / "new" / "picture.png")
    pixels = np.asarray(Image.open(tmp_path / "new" / "picture.png").convert("RGB"))
    assert pixels.shape[1] == 1_000
    red, blue = (pixels == (200, 0, 0)).all(axis=-1), (pixels == (0, 0, 200)).all(axis=-1)
    # The row of the first class comes first.
    assert np.argwhere(red)[0, 0] < np.argwhere(blue)[0, 0]


class Counted:
    """An array, and how many of its examples were asked for."""

    def __init__(self, array):
        self.array, self.read = array, 0

    def __len__(self):
        return len(self.array)

    def __getitem__(self, places):
        found = self.array[places]
        self.read += len(found)
        return found


@pytest.mark.parametrize(("kind", "most"), [("images", 20 + 10), ("sounds", 10 + 10_000)])
def test_no_more_is_read_than_is_drawn(kind, most, tmp_path, twelve_images):
    count, rate = 50_000, 40
    shape, dtype = {"images": ((4, 4, 3), np.uint8), "sounds": ((rate, 1), np.int16)}[kind]
    inputs = Counted(np.zeros((count, *shape), dtype))
    large = dataclasses.replace(
        twelve_images,
        sizes={"train": count, "test": count},
        read=lambda _: Examples(inputs, np.arange(count) % 2),
        input_shape=shape,
        sample_rate=rate,
    )
    draw(large, tmp_path / "picture.png")
    assert 0 < inputs.read <= most


def test_sounds_are_drawn_by_class_and_length(tmp_path, monkeypatch):
    """Two classes: sounds of a tenth and sounds of nine tenths of a second."""
    lengths = np.repeat([100, 900], 10)
    sounds = np.zeros((20, 1_000, 1), np.int16)
    for sound, length in zip(sounds, lengths, strict=True):
        sound[:length:2], sound[1:length:2] = 20_000, -20_000
    sounds[0] = 0  # Silence has a length of none.
    drawn = []
    monkeypatch.setattr(Axes, "hist", lambda _, values, **__: drawn.append(values))
    dataset = dataclasses.replace(
        DATASETS["cifar10"],
        class_names=("short", "long"),
        sizes={"train": 20, "test": 20},
        read=lambda _: Examples(sounds, np.repeat([0, 1], 10)),
        input_shape=(1_000, 1),
        sample_rate=1_000,
    )
    draw(dataset, tmp_path / "picture.png")
    assert drawn[0].tolist() == [0] + [0.1] * 9 + [0.9] * 10
    pixels = np.asarray(Image.open(tmp_path / "picture.png").convert("RGB")).astype(int)
    blue = (abs(pixels - (31, 119, 180)).sum(axis=-1) < 10)[260:-300]  # Without the bars.
    top, bottom = np.array_split(blue, 2)
    # Nine sounds in ten of the first class are drawn, each a ninth as wide as the others.
    assert 4 / 5 / 9 * 0.5 < top.sum() / bottom.sum() < 4 / 5 / 9 * 1.6


def test_texts_are_drawn_by_length_and_coverage(tmp_path):
    draw(DATASETS["sms_spam"], tmp_path / "picture.png")
    pixels = np.asarray(Image.open(tmp_path / "picture.png").convert("L"))
    thirds = np.array_split(pixels, 3)
    assert all(third.min() < 100 < 200 < third.max() for third in thirds)


def test_another_format_is_refused_before_reading(tmp_path):
    unread = dataclasses.replace(DATASETS["sms_spam"], read=None)
    with pytest.raises(CnnzooError, match="out must end in .png; got .*picture.jpg"):
        draw(unread, tmp_path / "picture.jpg")
