"""ResNet-8 from scratch on photographs of yours, brought to 64x64 pixels.

Expect: with seed 0, 39.8% of 500 held-out training images of CIFAR-10 after 20 training images per
class, at 32x32 pixels, on which network and rate were chosen (ResNet-20 had 34.8% and the small
basic network 39.2%, both at half the rate); not measured at 64x64 yet.
Run:    cnnzoo train images_small --data photos
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet8",
    input_shape=(64, 64, 3),
    augmentation="pad_crop_flip",
    epochs=40,
    batch_size=64,
    learning_rate=OneCycle(0.01),
    validation=0.1,
)

run(__name__, __file__)
