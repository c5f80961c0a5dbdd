"""ResNet-20 on Fashion-MNIST, with the network of https://arxiv.org/abs/1512.03385.

Expect: not measured yet; a ResNet-18 is reported with 94.9%.
Run:    cnnzoo train fashion_mnist_resnet20
"""

from cnnzoo.training.recipe import Recipe
from cnnzoo.training.schedules import OneCycle

RECIPE = Recipe(
    model="resnet20",
    dataset="fashion_mnist",
    augmentation="pad_crop_flip",
    epochs=20,
    batch_size=128,
    learning_rate=OneCycle(0.2),
    optimizer="nesterov",
    l2=5e-4,
    label_smoothing=0.1,
    target=0.94,
)
