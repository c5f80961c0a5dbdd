"""ResNet-20 on CIFAR-10, after https://arxiv.org/abs/1512.03385, section 4.2 and table 6.

Expect: not run here; the paper has 91.25%.
Run:    cnnzoo train cifar10_resnet20
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import Steps
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet20",
    dataset="cifar10",
    augmentation="pad_crop_flip",
    epochs=182,  # 64,000 steps.
    batch_size=128,
    learning_rate=Steps(0.1, drops=(91, 137)),
    optimizer="momentum",
    l2=1e-4,
    decay_all=True,
    paper_accuracy=0.9125,
)

run(__name__, __file__)
