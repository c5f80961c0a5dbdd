"""A small convolutional network on CIFAR-10.

Expect: not measured yet; the target is 80%.
Run:    cnnzoo train cifar10_basic_cnn
"""

from cnnzoo.training.recipe import Recipe
from cnnzoo.training.schedules import OneCycle

RECIPE = Recipe(
    model="basic_cnn_small",
    dataset="cifar10",
    augmentation="pad_crop_flip",
    epochs=30,
    batch_size=128,
    learning_rate=OneCycle(0.005),
    target=0.80,
)
