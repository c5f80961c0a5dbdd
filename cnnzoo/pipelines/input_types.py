"""Raw input as it comes to a trained network: images, sounds or texts, as arrays, files or strings.

A network's card states its raw input once, and these classes are all that knows the kinds apart
when a trained network predicts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from cnnzoo.datasets import Dataset
from cnnzoo.datasets.encoded import EncodedImage
from cnnzoo.decoding import (
    Resizing,
    check_image,
    decode_image,
    encode_png,
    ground_dark,
    picture,
)
from cnnzoo.files import read
from cnnzoo.lazy import tensorflow as tf
from cnnzoo.pipelines import images, sounds
from cnnzoo.pipelines.custom_data.examples import MAX_TEXT_BYTES
from cnnzoo.pipelines.texts import as_bytes, check_texts, read_lines
from cnnzoo.wav import check_wav, encode_wav, load_wav


class _Raw(ABC):
    """Examples of one kind: a shape, a type, and the check of arrays."""

    name: ClassVar[str]
    dtype: ClassVar[str]

    def __init__(self, shape: tuple[int, ...] = ()) -> None:
        self.shape = shape

    @property
    def spec(self) -> tf.TensorSpec:
        """What TensorFlow calls a raw batch."""
        return tf.TensorSpec([None, *self.shape], self.dtype, name=self.name)

    @abstractmethod
    def check(self, values: Any, name: str = "") -> np.ndarray:
        """Return `values`, one example or several, as a raw batch; errors call them `name`."""


class _Encodable(_Raw):
    """Examples that also come as encoded files."""

    @abstractmethod
    def check_encoded(self, content: bytes, name: str) -> bytes:
        """Return `content`, an encoded example, if its header is valid."""

    @abstractmethod
    def load(self, content: bytes, name: str) -> np.ndarray:
        """Return the raw example in `content`, an encoded one; errors call it `name`."""

    def load_inputs(self, value: Any, name: str) -> tuple[str, bytes | np.ndarray]:
        """Return what to call `value` and what it holds: an encoded example or a raw batch.

        Raises:
            CnnzooError: It is no example, file of examples, or array of them.
        """
        if isinstance(value, EncodedImage):
            return value.name, self.check_encoded(value.content, value.name)
        if isinstance(value, bytes):
            return name, self.check_encoded(value, name)
        if not isinstance(value, (str, Path)):
            return name, self.check(value, name)
        if Path(value).suffix.lower() == ".npy":
            return str(value), images.read_array(Path(value), self.check)
        content = read(Path(value), limit=images.MAX_BYTES)
        return str(value), self.check_encoded(content, str(value))


class RawImages(_Encodable):
    """Images, uint8 `[batch, height, width, channels]`, and encoded ones."""

    name = "images"
    dtype = "uint8"
    encoded = "image_bytes"

    def __init__(
        self, shape: tuple[int, ...], light_on_dark: bool, resizing: Resizing = "pad"
    ) -> None:
        super().__init__(shape)
        self.light_on_dark, self.resizing = light_on_dark, resizing

    def check(self, values: Any, name: str = "") -> np.ndarray:
        """Return `values`, one image or several, as a raw batch; see `images.check_array`."""
        return images.check_array(values, self.shape, name or self.name)

    def load_inputs(self, value: Any, name: str) -> tuple[str, bytes | np.ndarray]:
        """Return what to call `value`, also an image of Pillow, and an encoded image or raw batch.

        Raises:
            CnnzooError: It is no image, file of images, or array of them.
        """
        if hasattr(value, "getbands"):  # Of Pillow, whose array may be places in a palette.
            return name, picture(value, self.shape, **self._how, name=name)[None]
        name, content = super().load_inputs(value, name)
        if self.light_on_dark and not isinstance(content, bytes):
            content = ground_dark(content)
        return name, content

    @property
    def _how(self) -> dict[str, Any]:
        return {"light_on_dark": self.light_on_dark, "resizing": self.resizing}

    def check_encoded(self, content: bytes, name: str) -> bytes:
        """Return `content`, see `cnnzoo.decoding.check_image`."""
        return check_image(content, name)

    def load(self, content: bytes, name: str) -> np.ndarray:
        """Return the raw image in `content`, see `cnnzoo.decoding.decode_image`."""
        return decode_image(content, self.shape, **self._how, name=name)

    def decode(self, content: tf.Tensor) -> tf.Tensor:
        """Return the raw image in a PNG or JPEG file, as `load` does; pure TensorFlow."""
        from cnnzoo.pipelines.tf_decoding import decode

        return decode(content, self.shape, self.light_on_dark, self.resizing)

    def encode(self, image: np.ndarray) -> tuple[str, bytes]:
        """Return suffix and content of the file of one raw image."""
        return ".png", encode_png(image)


class RawSounds(_Encodable):
    """Sounds, int16 `[batch, samples, 1]`, and WAV files."""

    name = "sounds"
    dtype = "int16"
    encoded = "sound_bytes"

    def __init__(self, shape: tuple[int, ...], sample_rate: int) -> None:
        super().__init__(shape)
        self.sample_rate = sample_rate

    def check(self, values: Any, name: str = "") -> np.ndarray:
        """Return `values`, one sound or several, as a raw batch; see `sounds.check_sounds`."""
        return sounds.check_sounds(values, self.shape, name or self.name)

    def check_encoded(self, content: bytes, name: str) -> bytes:
        """Return `content`, see `cnnzoo.wav.check_wav`."""
        return check_wav(content, self.sample_rate, name)

    def load(self, content: bytes, name: str) -> np.ndarray:
        """Return the raw sound in the WAV file `content`, see `cnnzoo.wav.load_wav`."""
        return load_wav(content, self.shape, self.sample_rate, name)

    def decode(self, content: tf.Tensor) -> tf.Tensor:
        """Return the raw sound in the WAV file `content`; pure TensorFlow."""
        return sounds.decode_wav(content, self.shape, self.sample_rate)

    def encode(self, sound: np.ndarray) -> tuple[str, bytes]:
        """Return suffix and content of the file of one raw sound."""
        return ".wav", encode_wav(sound, self.sample_rate)


class RawTexts(_Raw):
    """Texts, strings `[batch]`, which are never encoded."""

    name = "texts"
    dtype = "string"

    def check(self, values: Any, name: str = "") -> np.ndarray:
        """Return `values`, a list or array of strings, as an array of bytes."""
        texts = check_texts(values, name or self.name)
        return np.array([*texts, b""], object)[:-1]  # Empty, too, an array.

    def load_inputs(self, value: Any, name: str) -> tuple[str, np.ndarray]:
        """Return the text `value`, or the path of the file that holds it, and a batch of only it.

        Raises:
            CnnzooError: It is neither a string nor the path of a UTF-8 file.
        """
        if isinstance(value, Path):
            return str(value), self.check(["\n".join(read_lines(value, None, MAX_TEXT_BYTES))])
        content = as_bytes(value, name)
        return content.decode("utf-8", "replace"), self.check([content])


RawInput = RawImages | RawSounds | RawTexts


def describe(dataset: Dataset) -> dict[str, Any]:
    """Return what a card says of the raw input of a network that was trained on `dataset`."""
    metadata: dict[str, Any] = {"shape": list(dataset.input_shape)}
    if dataset.kind == "images":
        metadata["light_on_dark"] = dataset.light_on_dark
        if dataset.resizing != "pad":  # As in cards of earlier versions, which do not state it.
            metadata["resizing"] = dataset.resizing
    if dataset.kind == "sounds":
        metadata["sample_rate"] = dataset.sample_rate
    return metadata


def raw_input(metadata: dict[str, Any]) -> RawInput:
    """Return the raw input that `describe` described."""
    shape = tuple(metadata["shape"])
    if "light_on_dark" in metadata:
        return RawImages(shape, metadata["light_on_dark"], metadata.get("resizing", "pad"))
    if "sample_rate" in metadata:
        return RawSounds(shape, metadata["sample_rate"])
    return RawTexts()
