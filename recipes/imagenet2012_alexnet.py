"""AlexNet of one tower on ImageNet, after https://arxiv.org/abs/1404.5997.

Expect: not run here. Batches of 128 and the rate of the paper of 2012, which falls by ten three
times; random crops and colors in place of its own, by principal components.
Run:    cnnzoo train imagenet2012_alexnet
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import Steps
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="alexnet",
    dataset="imagenet2012",
    augmentation="resized_crop_flip_color",
    epochs=90,
    batch_size=128,
    learning_rate=Steps(0.01, drops=(30, 60, 80), factor=0.1),
    optimizer="momentum",
    l2=5e-4,
    validation=50_000,
)

run(__name__, __file__)
