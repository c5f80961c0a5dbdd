"""LeNet-5 as published, on MNIST, after https://doi.org/10.1109/5.726791, section III.

Expect: not measured yet; the paper has 99.05% without distortions.
Run:    cnnzoo train mnist_lenet5_1998
"""

from cnnzoo.training.recipe import Recipe
from cnnzoo.training.schedules import Cosine

RECIPE = Recipe(
    model="lenet5_1998",
    dataset="mnist",
    epochs=20,
    batch_size=64,
    learning_rate=Cosine(0.002, warmup=0.1),
    paper_accuracy=0.9905,
)
