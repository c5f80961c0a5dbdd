"""WRN-16-4 on CIFAR-10, after https://arxiv.org/abs/1605.07146, section 3.

Expect: not run here; the paper has 94.98% (table 4).
Run:    cnnzoo train cifar10_wrn_16_4
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import Steps
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="wrn16_4",
    dataset="cifar10",
    augmentation="pad_crop_flip",
    epochs=200,
    batch_size=128,
    learning_rate=Steps(0.1, drops=(60, 120, 160), factor=0.2),
    optimizer="nesterov",
    l2=5e-4,
    decay_all=True,
    paper_accuracy=0.9498,
)

run(__name__, __file__)
