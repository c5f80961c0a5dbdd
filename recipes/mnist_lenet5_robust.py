"""LeNet-5 as taught today, on MNIST, trained for corrupted images.

Its augmentation has noise, blur and fog in none of their kinds: filters, waves, boxes and a smooth
deformation take their place. Settings were chosen on corrupted validation images.

Expect: not run here; of interest is accuracy on corrupted images, which
`cnnzoo reproduce mnist_lenet5_robust --corrupted` measures.
Run:    cnnzoo train mnist_lenet5_robust
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="lenet5",
    dataset="mnist",
    augmentation="textures",
    epochs=30,
    batch_size=128,
    learning_rate=Cosine(0.004, warmup=0.25),
    target=0.992,
)

run(__name__, __file__)
