"""ResNet-8 on CIFAR-10 with Muon, alternating flips, and an image and its mirror image averaged.

The optimizer was chosen on validation data: with `--set epochs=8`, 82.9% with Muon, and 82.2% with
`--set optimizer=nesterov --set learning_rate.peak=0.2 --set l2=3e-4`.

Expect: 89.30% test accuracy with seed 0, an epoch in about 28 s on 2 idle cores (AMD EPYC; the
machine was busy during the measured run); 89.15% in int8, by `python benchmarks/int8.py
cifar10_resnet8_muon`.
Run:    cnnzoo train cifar10_resnet8_muon
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet8",
    dataset="cifar10",
    augmentation="pad2_crop_alternating_flip",
    views="flip",
    epochs=100,
    batch_size=128,
    learning_rate=OneCycle(0.02),
    optimizer="muon",
    target=0.89,
)

run(__name__, __file__)
