"""Augmentation policies made of parts, Keras's own layers among them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
from keras import ops

from cnnzoo.keras_internals import becoming, seed_generators
from cnnzoo.pipelines.augmentation.base import Augmentation, like, require
from cnnzoo.pipelines.augmentation.geometry import RandomResizedCrop


@keras.saving.register_keras_serializable("cnnzoo")
class Policy(Augmentation):
    """Layers one after the other; any random layer of Keras may be among them (`FromKeras`).

    Args:
        parts: The layers, at least one.

    Raises:
        CnnzooError: The list is empty, or an item is no layer.
    """

    def __init__(self, parts: Sequence[keras.layers.Layer], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require(
            "parts",
            parts,
            "be a list of one or more Keras layers",
            isinstance(parts, (list, tuple))
            and len(parts) > 0
            and all(isinstance(part, keras.layers.Layer) for part in parts),
        )
        self.parts = [part if isinstance(part, Augmentation) else FromKeras(part) for part in parts]
        self.noise_size = sum(part.noise_size for part in self.parts)
        self.soft_labels = any(part.soft_labels for part in self.parts)
        begins = itertools.accumulate((part.noise_size for part in self.parts), initial=0)
        self.alternating = tuple(
            begin + place
            for begin, part in zip(begins, self.parts, strict=False)
            for place in part.alternating
        )

    def transform(self, images: Any, noise: Any) -> Any:
        """Return `images`, changed by one part after the other."""
        for part, numbers in self._shared(noise):
            images = part.transform(images, numbers)
        return images

    def mix(self, images: Any, labels: Any, noise: Any) -> tuple[Any, Any]:
        """Return `images` and `labels`, changed by one part after the other."""
        for part, numbers in self._shared(noise):
            images, labels = part.mix(images, labels, numbers)
        return images, labels

    def _shared(self, noise: Any) -> Iterator[tuple[Augmentation, Any]]:
        begin = 0
        for part in self.parts:
            yield part, noise[:, begin : begin + part.noise_size]
            begin += part.noise_size

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        parts = [keras.saving.serialize_keras_object(part) for part in self.parts]
        return {**super().get_config(), "parts": parts}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Policy:
        """Return the layer that `get_config` described."""
        parts = [keras.saving.deserialize_keras_object(part) for part in config["parts"]]
        return cls(**{**config, "parts": parts})


def leading_crop(
    augmentation: Augmentation | None,
) -> tuple[RandomResizedCrop | None, Augmentation | None]:
    """Return the random crop with which `augmentation` begins, if it does, and what comes after."""
    if isinstance(augmentation, RandomResizedCrop):
        return augmentation, None
    parts = augmentation.parts if isinstance(augmentation, Policy) else []
    if not parts or not isinstance(parts[0], RandomResizedCrop):
        return None, augmentation
    return parts[0], Policy(parts[1:]) if len(parts) > 1 else None


def by_image(augmentation: Augmentation | None) -> bool:
    """Return whether what `augmentation` makes of an image does not depend on others."""
    if isinstance(augmentation, Policy):
        return all(map(by_image, augmentation.parts))
    return augmentation is None or not (
        augmentation.soft_labels or isinstance(augmentation, FromKeras)
    )


@keras.saving.register_keras_serializable("cnnzoo")
class FromKeras(Augmentation):
    """A random layer of Keras, its seeds drawn from the noise of the batch's first image.

    Keras draws for a whole batch at once, so what happens to an image depends on (seed, epoch) and
    on the batch that it is in, not on its index alone: another `batch_size`, other numbers. Some
    layers, such as `RandomCrop` and `RandAugment`, also change the images of a batch all alike.

    Args:
        layer: A layer that keeps shape and meaning of images, such as `RandomRotation`.

    Raises:
        CnnzooError: It is no layer, or one that changes labels.
    """

    noise_size = 2

    def __init__(self, layer: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require("layer", layer, "be a Keras layer", isinstance(layer, keras.layers.Layer))
        mixing = (keras.layers.MixUp, keras.layers.CutMix)
        rule = "leave labels as they are; cnnzoo has MixUp and CutMix of its own"
        require("layer", layer, rule, not isinstance(layer, mixing))
        self.layer = layer

    def transform(self, images: Any, noise: Any) -> Any:
        """Return `images` as the layer changes them."""
        key = ops.cast(noise[0] * 2**23, self.seed_generator.state.dtype)  # Float32's digits.
        with _drawing_from(self.layer, key):
            return like(images, self.layer(ops.cast(images, "float32"), training=True))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return what the layer makes of `input_shape`."""
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, inputs: Any, **_: Any) -> Any:
        """Return a tensor of the dtype of `inputs`."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {
            **super().get_config(),
            "layer": keras.saving.serialize_keras_object(self.layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FromKeras:
        """Return the layer that `get_config` described."""
        layer = keras.saving.deserialize_keras_object(config["layer"])
        return cls(**{**config, "layer": layer})


class _Drawing:
    """A mixin of a seed generator that gives the next of `seeds` instead of counting."""

    seeds: Iterator[Any]

    def next(self, ordered: bool = True) -> Any:
        """Return a seed, int `[2]`."""
        return next(self.seeds)


@contextmanager
def _drawing_from(layer: keras.layers.Layer, key: Any) -> Iterator[None]:
    """Let each draw of `layer`, and of the layers in it, be a pure function of `key` int `[2]`.

    Layers draw seeds with `generator.next()`, which counts in a variable; here the count is that of
    the draws in this call, so that parallel calls of a graph share nothing.
    """
    seeds = (key + ops.cast([0, draw], key.dtype) for draw in itertools.count(1))
    with ExitStack() as stack:
        for generator in seed_generators(layer):
            stack.enter_context(becoming(generator, _Drawing))
            generator.seeds = seeds
            stack.callback(vars(generator).pop, "seeds")
        yield
