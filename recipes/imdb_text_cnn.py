"""Kim's text CNN with random word vectors on IMDB's film reviews.

Expect: not run here; Keras's example text_classification_from_scratch has 86.4%.
Run:    cnnzoo train imdb_text_cnn
"""

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Cosine
from cnnzoo.config.script import run

RECIPE = Recipe(
    model="text_cnn_rand",
    dataset="imdb_reviews",
    tokens=Tokens(cleaning="kim", max_tokens=30_000, length=400, window=8),
    epochs=5,
    batch_size=50,
    learning_rate=Cosine(0.001),
    validation=0.1,
    target=0.864,
)

run(__name__, __file__)
