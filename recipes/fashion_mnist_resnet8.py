"""ResNet-8 on Fashion-MNIST, under 100,000 parameters, with an image and its mirror image averaged.

Expect: not run here.
Run:    cnnzoo train fashion_mnist_resnet8
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet8",
    dataset="fashion_mnist",
    augmentation="pad_crop_flip",
    views="flip",
    epochs=40,
    batch_size=128,
    learning_rate=OneCycle(0.2),
    optimizer="nesterov",
    l2=5e-4,
    label_smoothing=0.1,
    target=0.933,
)

run(__name__, __file__)
