"""A perceptron with two hidden layers on MNIST, after Keras's example mnist_mlp.py.

Expect: 98.59% +- 0.07% test accuracy over 5 seeds, each in 30 s on 2 cores (AMD EPYC); the
example states 98.40% after 20 epochs.
Run:    cnnzoo train mnist_mlp
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="mlp",
    dataset="mnist",
    epochs=20,
    batch_size=128,
    learning_rate=Cosine(0.001),
    target=0.984,
)

run(__name__, __file__)
