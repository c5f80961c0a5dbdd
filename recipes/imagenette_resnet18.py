"""ResNet-18 on Imagenette, ten easy classes of ImageNet, at 160x160.

Expect: not run here, and hours on 2 cores.
Run:    cnnzoo train imagenette_resnet18
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet18",
    dataset="imagenette",
    augmentation="trivial",
    epochs=60,
    batch_size=64,
    learning_rate=OneCycle(0.2),
    optimizer="nesterov",
    l2=5e-4,
    label_smoothing=0.1,
    validation=0.1,
)

run(__name__, __file__)
