"""Kim's text CNN with random word vectors on CR, after https://arxiv.org/abs/1408.5882.

Expect: 79.89% +- 1.42% test accuracy over 10 folds, each in 23 s on 2 cores (Intel Xeon); the paper
has 79.8%, the mean of its ten folds.
Run:    cnnzoo train cr_text_cnn
"""

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="text_cnn_rand",
    dataset="cr",
    tokens=Tokens(cleaning="kim", window=8),
    epochs=10,
    batch_size=50,
    learning_rate=Cosine(0.001),
    folds=10,
    validation=0.1,
    paper_accuracy=0.798,
)

run(__name__, __file__)
