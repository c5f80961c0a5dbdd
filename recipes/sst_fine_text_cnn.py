"""Kim's text CNN with random word vectors on SST-1, after https://arxiv.org/abs/1408.5882.

Expect: 42.02% +- 0.67% test accuracy over 5 seeds, each in 104 s on a busy core (Intel Xeon), from
sentences alone; the paper, which also trains on the phrases in them, has 45.0%.
Run:    cnnzoo train sst_fine_text_cnn
"""

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="text_cnn_rand",
    dataset="sst_fine",
    tokens=Tokens(cleaning="kim_sst", window=8),
    epochs=10,
    batch_size=50,
    learning_rate=Cosine(0.001),
    paper_accuracy=0.45,
    target=0.41,  # Of sentences alone.
)

run(__name__, __file__)
