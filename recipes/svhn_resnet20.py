"""ResNet-20 on the cropped street view house numbers, 73,257 of them, without the extra ones.

Expect: not run here.
Run:    cnnzoo train svhn_resnet20
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet20",
    dataset="svhn_cropped",
    augmentation="pad_crop",
    epochs=20,
    batch_size=128,
    learning_rate=OneCycle(0.2),
    optimizer="nesterov",
    l2=5e-4,
)

run(__name__, __file__)
