"""LeNet-5 as taught today, on MNIST.

Expect: to be measured.
Run:    cnnzoo train mnist_lenet5
"""

from cnnzoo.training.recipe import Recipe
from cnnzoo.training.schedules import Cosine

RECIPE = Recipe(
    model="lenet5",
    dataset="mnist",
    augmentation="shift1",
    epochs=8,
    batch_size=256,
    learning_rate=Cosine(0.015, warmup=0.3),
)
