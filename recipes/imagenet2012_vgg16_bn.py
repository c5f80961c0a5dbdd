"""VGG-16 with batch normalization on ImageNet, after https://arxiv.org/abs/1409.1556, section 3.1.

Expect: not run here; the paper has 73.0% of validation images without batch normalization, for
images of the one scale 256. Batches of 256 as in the paper, the rate ten times its own, as batch
normalization allows.
Run:    cnnzoo train imagenet2012_vgg16_bn
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import Steps
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="vgg16_bn",
    dataset="imagenet2012",
    augmentation="resized_crop_flip_color",
    epochs=74,
    batch_size=256,
    learning_rate=Steps(0.1, drops=(25, 45, 60), factor=0.1),
    optimizer="momentum",
    l2=5e-4,
    validation=50_000,
)

run(__name__, __file__)
