"""ResNet-56 on CIFAR-10, after https://arxiv.org/abs/1512.03385, section 4.2 and table 6.

Expect: not run here; the paper has 93.03%.
Run:    cnnzoo train cifar10_resnet56
"""

from cnnzoo.recipes.cifar10_resnet20 import RECIPE as RESNET20

from cnnzoo.config.script import run

RECIPE = RESNET20.replace(model="resnet56", paper_accuracy=0.9303)

run(__name__, __file__)
