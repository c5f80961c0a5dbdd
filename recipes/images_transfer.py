"""ResNet-20 on photographs of yours, 32x32 pixels, from the weights of CIFAR-10.

Expect: 49.5% of 10 classes, mean of 3 seeds, after 20 photographs per class turned by 90 degrees
with a fifth of them for validation, and 27.7% from random weights (benchmarks/fine_tuning.py); on
other things than photographs the gain is small.
Run:    cnnzoo train images_transfer --data photos
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet20",
    weights="cifar10_resnet20_fast",
    augmentation="pad_crop_flip",
    epochs=10,
    batch_size=20,
    learning_rate=OneCycle(0.05),
    optimizer="nesterov",
    l2=5e-4,
    validation=0.1,
)

run(__name__, __file__)
