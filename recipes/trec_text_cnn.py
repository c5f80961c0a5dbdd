"""Kim's text CNN with random word vectors on TREC, after https://arxiv.org/abs/1408.5882.

Expect: 91.68% +- 0.18% test accuracy over 5 seeds, each in 39 s on 2 cores (AMD EPYC); the paper
has 91.2%.
Run:    cnnzoo train trec_text_cnn
"""

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="text_cnn_rand",
    dataset="trec",
    tokens=Tokens(cleaning="kim_trec", window=8),
    epochs=20,
    batch_size=50,
    learning_rate=Cosine(0.001),
    validation=0.1,
    paper_accuracy=0.912,
)

run(__name__, __file__)
