"""LeNet-5 as taught today, on MNIST, trained for corrupted images.

Its augmentation holds no noise, blur, fog or line: filters, waves, boxes and a smooth deformation
take their place. Settings were chosen on corrupted validation images.

Expect: 99.32% test accuracy with seed 0, in 12 min on 2 busy cores (Intel Xeon); 97.10% on test
images under 15 corruptions, on average over five strengths, and 94.21% at the greatest, MNIST-C's:
`cnnzoo evaluate mnist_lenet5_robust --corrupted`. `mnist_lenet5` has 90.36% and 80.74%.
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
