"""WRN-28-10 on CIFAR-100, after https://arxiv.org/abs/1605.07146, section 3 and table 5.

Expect: not measured yet, and days on 2 cores; the paper has 80.75%.
Run:    cnnzoo train cifar100_wrn_28_10
"""

from cnnzoo.training.recipe import Recipe
from cnnzoo.training.schedules import Steps

RECIPE = Recipe(
    model="wrn28_10",
    dataset="cifar100",
    augmentation="pad_crop_flip",
    epochs=200,
    batch_size=128,
    learning_rate=Steps(0.1, drops=(60, 120, 160), factor=0.2),
    optimizer="nesterov",
    l2=5e-4,
    decay_all=True,
    paper_accuracy=0.8075,
)
