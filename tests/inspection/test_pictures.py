import dataclasses

import numpy as np
import pytest
from PIL import Image

from cnnzoo.datasets import DATASETS, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.pictures import draw


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


def test_texts_are_drawn_by_length_and_coverage(tmp_path):
    draw(DATASETS["sms_spam"], tmp_path / "picture.png")
    pixels = np.asarray(Image.open(tmp_path / "picture.png").convert("L"))
    thirds = np.array_split(pixels, 3)
    assert all(third.min() < 100 < 200 < third.max() for third in thirds)


def test_another_format_is_refused_before_reading(tmp_path):
    unread = dataclasses.replace(DATASETS["sms_spam"], read=None)
    with pytest.raises(CnnzooError, match="out must end in .png; got .*picture.jpg"):
        draw(unread, tmp_path / "picture.jpg")
