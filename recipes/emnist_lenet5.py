"""LeNet-5 on the balanced EMNIST of 47 classes, with the settings of mnist_lenet5.

Expect: not run here.
Run:    cnnzoo train emnist_lenet5
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="lenet5",
    dataset="emnist",
    augmentation="shift2",
    epochs=8,
    batch_size=256,
    learning_rate=Cosine(0.01, warmup=0.25),
)

run(__name__, __file__)
