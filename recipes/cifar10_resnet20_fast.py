"""ResNet-20 on CIFAR-10 with one cycle of the learning rate, in 70 epochs; the paper has 182.

Expect: 91.40% test accuracy with seed 0, an epoch in about 43 s on 2 idle cores (AMD EPYC; the
machine was busy during the measured run); the paper has 91.25%.
Run:    cnnzoo train cifar10_resnet20_fast
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet20",
    dataset="cifar10",
    augmentation="pad_crop_flip",
    epochs=70,
    batch_size=128,
    learning_rate=OneCycle(0.2),
    optimizer="nesterov",
    l2=5e-4,
    paper_accuracy=0.9125,
)

run(__name__, __file__)
