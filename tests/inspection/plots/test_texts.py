"""Pictures of texts hold the words and numbers that they are given."""

import re

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from cnnzoo import inspection, plot_style
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.strongest import Ngram

WORDS = [["win", "<b>", "$5", ""], ["see", "you", "", ""]]
VALUES = np.array([[2.0, -1.0, 0.0, 0.0], [0.5, -2.0, 0.0, 0.0]])


def shade(value):
    return to_hex(matplotlib.colormaps[plot_style.SIGNED](0.5 + value / 4))


def test_words_are_drawn_in_their_order_on_the_shade_of_their_attribution():
    figure = inspection.draw_word_attributions(WORDS, VALUES, ["spam", "ham"])
    axes = figure.axes[0]
    letters = [one.get_text() for one in axes.texts]
    assert letters == ["spam", "ham", "win", "<b>", "$5", "see", "you"]
    shades = [to_hex(box.get_facecolor()) for box in axes.patches]
    assert shades == [shade(value) for value in (2, -1, 0, 0.5, -2)]
    lefts = [box.get_x() for box in axes.patches]
    assert lefts[0] < lefts[1] < lefts[2]
    assert lefts[3] == lefts[0]
    assert len(plot_style.png(figure)) > 1_000


def test_long_texts_are_wrapped_and_long_words_cut():
    words = [["word"] * 40 + ["x" * 300]]
    figure = inspection.draw_word_attributions(words, np.zeros((1, 41)))
    axes = figure.axes[0]
    assert len({box.get_y() for box in axes.patches}) == 4  # 16 words of a line's 84 characters.
    assert max(box.get_x() + box.get_width() for box in axes.patches) <= axes.get_xlim()[1] + 0.5


def test_html_shades_words_and_escapes_them():
    page = inspection.word_attributions_html(WORDS, VALUES, ["<spam>", "ham"])
    assert page.count("<p>") == 2
    assert "<b>&lt;spam&gt;</b>" in page
    spans = re.findall(
        r'<span title="(.+?)" style="background:(.+?);color:(.+?)">(.*?)</span>', page
    )
    assert [span[3] for span in spans] == ["win", "&lt;b&gt;", "$5", "see", "you"]
    assert [span[1] for span in spans] == [shade(value) for value in (2, -1, 0, 0.5, -2)]
    assert [span[0] for span in spans] == ["+2.000", "-1.000", "+0.000", "+0.500", "-2.000"]
    assert (spans[0][2], spans[2][2]) == ("white", "black")


def test_characters_stand_close():
    page = inspection.word_attributions_html([["o", "k", " ", "!"]], np.ones((1, 4)))
    assert "</span><span" in page
    assert "</span> <span" in inspection.word_attributions_html(WORDS, VALUES)


def test_bars_are_activations_and_labels_ngrams_with_their_edges():
    found = [
        [Ngram(3.0, (0, 4, 5), text=0, start=-1), Ngram(2.0, (5, 6, 0), text=1, start=1)],
        [Ngram(1.0, (4, 5, 6), text=0, start=0), Ngram(0.5, (0, 0, 7), text=1, start=-2)],
    ]
    figure = inspection.draw_ngrams(found, WORDS, [1, 0])
    first, second = figure.axes
    assert [axes.get_title() for axes in (first, second)] == ["filter 1", "filter 0"]
    assert [bar.get_width() for bar in first.patches] == [1.0, 0.5]
    assert [label.get_text() for label in first.get_yticklabels()] == ["win <b> $5", "· · see"]
    assert [label.get_text() for label in second.get_yticklabels()] == ["· win <b>", "you · ·"]
    assert len(plot_style.png(figure)) > 1_000


def test_what_does_not_fit_is_told():
    with pytest.raises(
        CnnzooError, match=r"words must be as many as attributions, \[2, 4\]; got 1"
    ):
        inspection.draw_word_attributions(WORDS[:1], VALUES)
    with pytest.raises(CnnzooError, match="words must be as many .* got 2 texts of 3 or 4"):
        inspection.word_attributions_html([WORDS[0], ["see", "you", ""]], VALUES)
    with pytest.raises(CnnzooError, match="titles must be one for each of 2 texts; got 1"):
        inspection.draw_word_attributions(WORDS, VALUES, ["spam"])
    with pytest.raises(CnnzooError, match=r"units must be filters from 0 to 0; got \[1\]"):
        inspection.draw_ngrams([[Ngram(1.0, (4,), 0, 0)]], WORDS, [1])
