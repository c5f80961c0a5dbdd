"""ResNet-8 on 49 million sketches of 345 things, in one epoch, with the rate of cifar10_resnet8.

Expect: not run here, where an epoch would take hours.
Run:    cnnzoo train quickdraw_bitmap_resnet8
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet8",
    dataset="quickdraw_bitmap",
    augmentation="flip",
    epochs=1,
    batch_size=512,
    learning_rate=OneCycle(0.2),
    optimizer="nesterov",
)

run(__name__, __file__)
