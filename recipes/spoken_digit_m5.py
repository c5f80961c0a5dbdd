"""M5 on spoken digits, a second each at 8 kHz, after https://arxiv.org/abs/1610.00087.

Expect: not run here.
Run:    cnnzoo train spoken_digit_m5
"""

from cnnzoo.config.recipe import Recipe
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="m5",
    dataset="spoken_digit",
    epochs=40,
    batch_size=64,
    learning_rate=Cosine(0.01, warmup=0.1),
    l2=1e-4,
    validation=0.1,
)

run(__name__, __file__)
