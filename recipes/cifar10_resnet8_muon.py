"""ResNet-8 on CIFAR-10 with Muon, alternating flips, and an image and its mirror image averaged.

Optimizer and rate were chosen on validation data, of two settings of eight epochs.

Expect: not run here.
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
