"""Kim's text CNN with random word vectors on SST-1, after https://arxiv.org/abs/1408.5882.

Expect: not run here; the paper has 45.0%.
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
)

run(__name__, __file__)
