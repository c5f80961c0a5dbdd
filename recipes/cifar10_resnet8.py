"""ResNet-8 of MLPerf Tiny, after https://arxiv.org/abs/2106.07597.

Expect: not measured yet; the benchmark's network has 87.2%.
Run:    cnnzoo train cifar10_resnet8
"""

from cnnzoo.training.recipe import Recipe
from cnnzoo.training.schedules import OneCycle

RECIPE = Recipe(
    model="resnet8",
    dataset="cifar10",
    augmentation="pad_crop_flip",
    epochs=60,
    batch_size=128,
    learning_rate=OneCycle(0.2),
    optimizer="nesterov",
    l2=2e-4,
    paper_accuracy=0.872,
)
