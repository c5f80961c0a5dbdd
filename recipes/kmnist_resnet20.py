"""ResNet-20 on Kuzushiji-MNIST, with the settings of fashion_mnist_resnet20 but for flips.

Expect: not run here.
Run:    cnnzoo train kmnist_resnet20
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import OneCycle
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="resnet20",
    dataset="kmnist",
    augmentation="pad_crop",
    epochs=20,
    batch_size=128,
    learning_rate=OneCycle(0.2),
    optimizer="nesterov",
    l2=5e-4,
    label_smoothing=0.1,
)

run(__name__, __file__)
