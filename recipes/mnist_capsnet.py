"""CapsNet on MNIST, after https://arxiv.org/abs/1710.09829, section 5.

Expect: 99.50% test accuracy with seed 0, in 100 minutes on 2 cores (AMD EPYC) that were busy with
other work too; the paper has 99.75%.
Run:    cnnzoo train mnist_capsnet
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="capsnet",
    dataset="mnist",
    augmentation="shift2",
    normalization="unit",
    loss="margin",
    epochs=10,
    batch_size=128,
    learning_rate=Cosine(0.001),
    target=0.995,
    paper_accuracy=0.9975,
)

run(__name__, __file__)
