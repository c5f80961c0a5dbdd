"""VGG-16 with batch normalization for 32x32 images, after https://arxiv.org/abs/1409.1556.

Expect: not run here; 92.6% is reported at https://github.com/kuangliu/pytorch-cifar and
94.2% at https://github.com/chenyaofo/pytorch-cifar-models.
Run:    cnnzoo train cifar10_vgg16
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="vgg16_bn_small",
    dataset="cifar10",
    augmentation="pad_crop_flip",
    epochs=100,
    batch_size=128,
    learning_rate=Cosine(0.05, warmup=0.05),
    optimizer="nesterov",
    l2=5e-4,
    target=0.926,
)

run(__name__, __file__)
