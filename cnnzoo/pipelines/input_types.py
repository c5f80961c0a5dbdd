"""Raw input as it comes to a trained network: images, sounds or texts, as arrays, files or strings.

A network's card states its raw input once, and these classes are all that knows the kinds apart
when a trained network is asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cnnzoo.datasets import Dataset
from cnnzoo.files import read
from cnnzoo.pipelines import images, sounds
from cnnzoo.pipelines.decoding import decode
from cnnzoo.pipelines.texts import as_bytes, check_texts


class RawImages:
    """Images, uint8 `[batch, height, width, channels]`, and encoded ones, PNG or JPEG."""

    name = "images"
    encoded = "image_bytes"

    def __init__(self, shape: tuple[int, ...], light_on_dark: bool) -> None:
        self.shape = shape
        self.light_on_dark = light_on_dark
        self.spec = tf.TensorSpec([None, *shape], tf.uint8, name=self.name)

    def check(self, values: Any, name: str = name) -> np.ndarray:
        """Return `values`, one image or several, as a raw batch; see `images.check_array`."""
        return images.check_array(values, self.shape, name)

    def decode(self, content: tf.Tensor) -> tf.Tensor:
        """Return the raw image in encoded `content`; pure TensorFlow."""
        return decode(content, self.shape, self.light_on_dark)

    def encode(self, image: np.ndarray) -> tuple[str, bytes]:
        """Return suffix and content of the file of one raw image."""
        return ".png", tf.io.encode_png(image).numpy()

    def load_inputs(self, value: Any, name: str) -> tuple[str, bytes | np.ndarray]:
        """Return what to call `value` and what it holds: an encoded image or a raw batch.

        Raises:
            CnnzooError: It is no image, file of images, or array of them.
        """
        if isinstance(value, bytes):
            return name, images.check_encoded(value, name)
        if not isinstance(value, (str, Path)):
            return name, self.check(value, name)
        if Path(value).suffix.lower() == ".npy":
            return str(value), images.read_array(Path(value), self.check)
        return str(value), images.read_encoded(Path(value))


class RawSounds:
    """Sounds, int16 `[batch, samples, 1]`, and WAV files."""

    name = "sounds"
    encoded = "sound_bytes"

    def __init__(self, shape: tuple[int, ...], sample_rate: int) -> None:
        self.shape = shape
        self.sample_rate = sample_rate
        self.spec = tf.TensorSpec([None, *shape], tf.int16, name=self.name)

    def check(self, values: Any, name: str = name) -> np.ndarray:
        """Return `values`, one sound or several, as a raw batch; see `sounds.check_sounds`."""
        return sounds.check_sounds(values, self.shape, name)

    def decode(self, content: tf.Tensor) -> tf.Tensor:
        """Return the raw sound in the WAV file `content`; pure TensorFlow."""
        return sounds.decode_wav(content, self.shape, self.sample_rate)

    def encode(self, sound: np.ndarray) -> tuple[str, bytes]:
        """Return suffix and content of the file of one raw sound."""
        return ".wav", sounds.encode_wav(sound, self.sample_rate)

    def load_inputs(self, value: Any, name: str) -> tuple[str, bytes | np.ndarray]:
        """Return what to call `value` and what it holds: a WAV file or a raw batch.

        Raises:
            CnnzooError: It is no sound, file of sounds, or array of them.
        """
        if isinstance(value, bytes):
            return name, sounds.check_wav(value, self.sample_rate, name)
        if not isinstance(value, (str, Path)):
            return name, self.check(value, name)
        path = Path(value)
        if path.suffix.lower() == ".npy":
            return str(value), images.read_array(path, self.check)
        content = read(path, limit=sounds.MAX_BYTES)
        return str(value), sounds.check_wav(content, self.sample_rate, str(value))


class RawTexts:
    """Texts, strings `[batch]`."""

    name = "texts"
    shape: tuple[int, ...] = ()
    spec = tf.TensorSpec([None], tf.string, name=name)

    def check(self, values: Any, name: str = name) -> np.ndarray:
        """Return `values`, a list or array of strings, as an array of bytes."""
        return np.array([*check_texts(values, name), b""], object)[:-1]  # Empty, too, an array.

    def load_inputs(self, value: Any, name: str) -> tuple[str, np.ndarray]:
        """Return the text `value`, and a batch of it alone.

        Raises:
            CnnzooError: It is no string.
        """
        content = as_bytes(value, name)
        return content.decode("utf-8", "replace"), self.check([content])


RawInput = RawImages | RawSounds | RawTexts


def describe(dataset: Dataset) -> dict[str, Any]:
    """Return what a card says of the raw input of a network that was trained on `dataset`."""
    metadata: dict[str, Any] = {"shape": list(dataset.input_shape)}
    if dataset.kind == "images":
        metadata["light_on_dark"] = dataset.light_on_dark
    if dataset.kind == "sounds":
        metadata["sample_rate"] = dataset.sample_rate
    return metadata


def raw_input(metadata: dict[str, Any]) -> RawInput:
    """Return the raw input that `describe` described."""
    shape = tuple(metadata["shape"])
    if "light_on_dark" in metadata:
        return RawImages(shape, metadata["light_on_dark"])
    if "sample_rate" in metadata:
        return RawSounds(shape, metadata["sample_rate"])
    return RawTexts()
