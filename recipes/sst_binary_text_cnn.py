"""Kim's text CNN with random word vectors on SST-2, after https://arxiv.org/abs/1408.5882.

Expect: 81.61% +- 0.81% test accuracy over 5 seeds, each in 138 s on a busy core (Intel Xeon), from
sentences alone; the paper, which also trains on the phrases in them, has 82.7%.
Run:    cnnzoo train sst_binary_text_cnn
"""

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="text_cnn_rand",
    dataset="sst_binary",
    tokens=Tokens(cleaning="kim_sst", window=8),
    epochs=10,
    batch_size=50,
    learning_rate=Cosine(0.001),
    paper_accuracy=0.827,
    target=0.81,  # Of sentences alone.
)

run(__name__, __file__)
