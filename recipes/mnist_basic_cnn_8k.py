"""A network of 7,954 parameters for digits on small devices, with Muon in one cycle, on MNIST.

The int8 file for a microcontroller has less than 16 KB: `cnnzoo export RUN --format micro`.

Run:    cnnzoo train mnist_basic_cnn_8k
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="basic_cnn_8k",
    dataset="mnist",
    model_options={"dropout": 0.0},
    augmentation="rotate_zoom",
    epochs=30,
    batch_size=128,
    learning_rate=OneCycle(0.02),
    optimizer="muon",
    target=0.992,
)

run(__name__, __file__)
