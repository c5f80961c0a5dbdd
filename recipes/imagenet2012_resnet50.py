"""ResNet-50 on ImageNet, after https://arxiv.org/abs/1512.03385, section 3.4.

Expect: not run here; its authors state 75.3% of the validation images for one crop of the center
(https://github.com/KaimingHe/deep-residual-networks), the paper 77.15% for ten (table 3). Batch
size, momentum and decay are the paper's, the steps those of https://arxiv.org/abs/1706.02677.
Run:    cnnzoo train imagenet2012_resnet50
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import Steps
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet50",
    dataset="imagenet2012",
    augmentation="resized_crop_flip_color",
    epochs=90,
    batch_size=256,
    learning_rate=Steps(0.1, drops=(30, 60, 80), factor=0.1),
    optimizer="momentum",
    l2=1e-4,
    validation=50_000,
)

run(__name__, __file__)
