"""Augmentation policies by name: what is done to a batch of images in training."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import keras

from cnnzoo.config.recipe import RENAMED_POLICIES
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.augmentation.augmix import AugMix
from cnnzoo.pipelines.augmentation.automatic import RandAugment, TrivialAugment
from cnnzoo.pipelines.augmentation.base import Augmentation
from cnnzoo.pipelines.augmentation.color import RandomColor, RandomColour
from cnnzoo.pipelines.augmentation.elastic import RandomElastic
from cnnzoo.pipelines.augmentation.geometry import (
    Cutout,
    PadCrop,
    RandomAffine,
    RandomFlip,
    RandomResizedCrop,
    RandomShift,
)
from cnnzoo.pipelines.augmentation.mixing import CutMix, MixUp
from cnnzoo.pipelines.augmentation.policies import FromKeras, Policy
from cnnzoo.pipelines.augmentation.textures import RandomConvolution, RandomErasing, RandomWaves
from cnnzoo.registry import unknown

__all__ = [
    "POLICIES",
    "AugMix",
    "Augmentation",
    "CutMix",
    "Cutout",
    "FromKeras",
    "MixUp",
    "PadCrop",
    "Policy",
    "RandAugment",
    "RandomAffine",
    "RandomColor",
    "RandomColour",
    "RandomConvolution",
    "RandomElastic",
    "RandomErasing",
    "RandomFlip",
    "RandomResizedCrop",
    "RandomShift",
    "RandomWaves",
    "TrivialAugment",
    "as_augmentation",
    "policy",
]

# Crops pad 4 pixels, cutout covers 16: as is usual for the 32x32 images of CIFAR-10.
POLICIES: dict[str, Callable[[], Augmentation]] = {
    "augmix": AugMix,
    "color": lambda: RandomColor(brightness=0.2, contrast=0.2, saturation=0.2),
    "cutmix": CutMix,
    "flip": RandomFlip,
    "mixup": MixUp,
    "pad_crop": lambda: PadCrop(4),
    "pad_crop_flip": lambda: PadCrop(4, flip=True),
    "pad2_crop_alternating_flip": lambda: PadCrop(2, flip=True, reflect=True, alternate=True),
    "pad_crop_flip_augmix": lambda: Policy([PadCrop(4, flip=True), AugMix()]),
    "pad_crop_flip_color": lambda: Policy([PadCrop(4, flip=True), policy("color")]),
    "pad_crop_flip_cutmix": lambda: Policy([PadCrop(4, flip=True), CutMix()]),
    "pad_crop_flip_cutout": lambda: Policy([PadCrop(4, flip=True), Cutout(16)]),
    "pad_crop_flip_mixup": lambda: Policy([PadCrop(4, flip=True), MixUp()]),
    "rand": lambda: Policy([PadCrop(4, flip=True), RandAugment(), Cutout(16)]),
    "resized_crop_flip": lambda: Policy([RandomResizedCrop(), RandomFlip()]),
    "resized_crop_flip_color": lambda: Policy([RandomResizedCrop(), RandomFlip(), policy("color")]),
    "rotate_zoom": lambda: RandomAffine(degrees=15, zoom=0.1),
    "shift2": lambda: RandomShift(2),
    "textures": lambda: Policy(
        [
            RandomShift(2),
            RandomElastic(1.5),
            RandomConvolution(0.4),
            RandomErasing(0.1, chance=0.3),
            RandomWaves(chance=0.3),
        ]
    ),
    "trivial": lambda: Policy([PadCrop(4, flip=True), TrivialAugment(), Cutout(16)]),
}


def as_augmentation(value: str | keras.layers.Layer | None) -> Augmentation | None:
    """Return the policy of a name, or a layer of any kind as one that batches go through.

    Raises:
        CnnzooError: The name is unknown, or the value is something else.
    """
    if value is None or isinstance(value, Augmentation):
        return value
    return policy(value) if isinstance(value, str) else FromKeras(value)


def policy(name: str) -> Augmentation:
    """Return a new layer for the augmentation policy `name`.

    Raises:
        CnnzooError: The name is unknown.
    """
    if name in RENAMED_POLICIES:
        new = RENAMED_POLICIES[name]
        warnings.warn(f"{name!r} is now {new!r}; the old name goes", FutureWarning, stacklevel=2)
        name = new
    if name not in POLICIES:
        raise CnnzooError(unknown("augmentation", name, POLICIES))
    return POLICIES[name]()
