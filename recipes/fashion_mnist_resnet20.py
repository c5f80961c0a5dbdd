"""ResNet-20 on Fashion-MNIST, with the network of https://arxiv.org/abs/1512.03385.

Expect: 94.34% test accuracy with seed 0, an epoch in about 38 s on 2 idle cores (AMD EPYC; the
machine was busy during most of the measured run); a ResNet-18 is reported with 94.9% at
https://github.com/zalandoresearch/fashion-mnist.
Run:    cnnzoo train fashion_mnist_resnet20
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet20",
    dataset="fashion_mnist",
    augmentation="pad_crop_flip",
    epochs=20,
    batch_size=128,
    learning_rate=OneCycle(0.2),
    optimizer="nesterov",
    l2=5e-4,
    label_smoothing=0.1,
    target=0.94,
)

run(__name__, __file__)
