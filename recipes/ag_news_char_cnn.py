"""The small character CNN on AG's news, after https://arxiv.org/abs/1509.01626, table 4.

Expect: not run here, and days on 2 cores; the paper has 84.35% without a thesaurus.
Run:    cnnzoo train ag_news_char_cnn
"""

from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.config.schedules import Steps
from cnnzoo.config.script import run
from cnnzoo.models.char_cnn import ALPHABET

RECIPE = Recipe(
    model="char_cnn_small",
    dataset="ag_news_subset",
    tokens=Tokens(
        level="character",
        cleaning="lower",
        alphabet=ALPHABET,
        length=1_014,
        shortest=None,
        backwards=True,
    ),
    epochs=30,
    batch_size=128,
    learning_rate=Steps(0.01, drops=(3, 6, 9, 12, 15, 18, 21, 24, 27), factor=0.5),
    optimizer="momentum",
    paper_accuracy=0.8435,
)

run(__name__, __file__)
