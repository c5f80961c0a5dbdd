"""ResNet-20 from scratch on photographs of yours, 64x64 pixels.

Expect: not measured yet.
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
    learning_rate=OneCycle(0.005),
    validation=0.1,
)

run(__name__, __file__)
