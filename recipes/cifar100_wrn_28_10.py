"""WRN-28-10 on CIFAR-100, after https://arxiv.org/abs/1605.07146, section 3 and table 5.

Expect: not run here, and days on 2 cores; the paper has 80.75%.
Run:    cnnzoo train cifar100_wrn_28_10
"""

from cnnzoo.recipes.cifar10_wrn_16_4 import RECIPE as WRN_16_4

from cnnzoo.config.script import run

RECIPE = WRN_16_4.replace(model="wrn28_10", dataset="cifar100", paper_accuracy=0.8075)

run(__name__, __file__)
