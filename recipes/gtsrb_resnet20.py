"""ResNet-20 on German traffic signs, with the settings of svhn_resnet20.

Expect: not run here.
Run:    cnnzoo train gtsrb_resnet20
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet20",
    dataset="gtsrb",
    augmentation="pad_crop",
    epochs=20,
    batch_size=128,
    learning_rate=OneCycle(0.2),
    optimizer="nesterov",
    l2=5e-4,
)

run(__name__, __file__)
