"""Kim's text CNN with random word vectors on texts of yours, after https://arxiv.org/abs/1408.5882.

Expect: with seed 0, of held-out training texts, on which epochs and rate were chosen, after 20 and
200 training texts per class: 63% and 78% of TREC, 79% and 94% of SMS spam with as many ham.
Run:    cnnzoo train texts_small --data reviews.csv
"""

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="text_cnn_rand",
    tokens=Tokens(max_tokens=20_000, length=256, window=8),
    epochs=20,
    batch_size=50,
    learning_rate=Cosine(0.003, warmup=0.1),
    validation=0.1,
)

run(__name__, __file__)
