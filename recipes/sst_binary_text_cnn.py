"""Kim's text CNN with random word vectors on SST-2, after https://arxiv.org/abs/1408.5882.

Expect: not run here; the paper has 82.7%.
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
)

run(__name__, __file__)
