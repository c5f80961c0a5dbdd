"""Kim's text CNN with random word vectors on texts of yours, after https://arxiv.org/abs/1408.5882.

Expect: not measured yet.
Run:    cnnzoo train texts_small --data reviews.csv
"""

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="text_cnn_rand",
    tokens=Tokens(max_tokens=20_000, length=256, window=8),
    epochs=10,
    batch_size=50,
    learning_rate=Cosine(0.001, warmup=0.1),
    validation=0.1,
)

run(__name__, __file__)
