"""One's own images, files or pixels, brought to the shape that a network takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.decoding import UNDECODABLE, decode
from cnnzoo.pipelines.images import read_encoded
from cnnzoo.pipelines.own_examples import Input, listed


def load(images: Sequence[Input], shape: tuple[int, ...]) -> np.ndarray:
    """Return `images` as uint8 `[images, *shape]`, as `decode` brings them there.

    Args:
        images: PNG and JPEG files, or pixels, uint8 `[height, width, channels]`.
        shape: Height, width and channels.

    Raises:
        CnnzooError: Some files are no readable images; the message counts and names them.
    """
    decoded = tf.function(lambda content: decode(content, shape, light_on_dark=False))
    loaded, unreadable = np.empty((len(images), *shape), np.uint8), []
    for place, image in enumerate(images):
        if isinstance(image, np.ndarray) and image.shape == shape:
            loaded[place] = image
            continue
        try:
            loaded[place] = decoded(_encoded(image)).numpy()
        except (CnnzooError, *UNDECODABLE):
            unreadable.append(image)
    if unreadable:
        raise CnnzooError(
            f"images must be readable PNG or JPEG files; {len(unreadable)} are not: "
            f"{listed(unreadable)}"
        )
    return loaded


def _encoded(image: Input) -> tf.Tensor:
    if isinstance(image, np.ndarray):
        return tf.io.encode_png(image, compression=0)
    return tf.constant(read_encoded(Path(image)))
