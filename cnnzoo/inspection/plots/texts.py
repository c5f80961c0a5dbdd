"""Pictures of texts: words shaded by what they add to a class, and the n-grams of filters."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnzoo import plot_style
from cnnzoo.errors import CnnzooError
from cnnzoo.inspection.strongest import Ngram

_LINE = 84  # Characters of a line.
_WIDTH, _HEIGHT = 0.0755, 0.24  # Inches of a character of the monospaced font, and of a line.
_BAR = 1.1  # Inches for the bar of colors.
_LABEL = 36  # Characters of an n-gram.
_EDGE = "·"  # Stands for padding within an n-gram.
_COLUMNS = 2  # Filters next to each other.

Words = Sequence[Sequence[str]]  # Of each text, as `Classifier.words` returns them; "" is padding.


class _Placed(NamedTuple):
    line: int
    start: int  # Characters from the left.
    word: str
    value: float


@plot_style.style()
def draw_word_attributions(
    words: Words, attributions: np.ndarray, titles: Sequence[str] | None = None
) -> Figure:
    """Return texts in which each word is shaded by what it adds to its class's logit.

    All texts have the same scale; what supports the class is purple, what opposes it orange.

    Args:
        words: The words of each text, those of padding empty.
        attributions: Of `word_attributions`, `[texts, length]`.
        titles: A line above each text.

    Raises:
        CnnzooError: Words, or titles, are not as many as attributions.
    """
    _check(words, attributions, titles)
    shades = _shades(attributions)
    placed, heads = _layout(words, attributions, titles)
    height = _HEIGHT * (placed[-1].line + 2 if placed else 2)
    figure = Figure(figsize=(_WIDTH * _LINE + _BAR + 0.2, max(height, 1.4)))
    figure.set_layout_engine("none")  # Each character has its place.
    width, _ = figure.get_size_inches()
    axes = figure.add_axes((0.1 / width, 0, _WIDTH * _LINE / width, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, _LINE), ylim=(figure.get_size_inches()[1] / _HEIGHT, 0))
    for line, title in heads:
        axes.text(0, line + 0.9, title, va="center", weight="bold", parse_math=False)
    for one in placed:
        _write(axes, one, shades)
    bar = figure.add_axes((1 - _BAR / width, 0.15, 0.12 / width, 0.7))
    figure.colorbar(shades, cax=bar, label="added to the logit")
    return figure


def word_attributions_html(
    words: Words, attributions: np.ndarray, titles: Sequence[str] | None = None
) -> str:
    """Return what `draw_word_attributions` draws as HTML: one paragraph per text, its words shaded.

    Words and titles are escaped; each word shows its number on hover.

    Args:
        words: As for `draw_word_attributions`, and so on.
        attributions: Likewise.
        titles: Likewise.

    Raises:
        CnnzooError: As for `draw_word_attributions`.
    """
    _check(words, attributions, titles)
    shades, blank = _shades(attributions), _blank(words)
    paragraphs = []
    for place, (text, values) in enumerate(zip(words, attributions, strict=True)):
        title = "" if titles is None else f"<b>{html.escape(titles[place])}</b><br>"
        marked = (
            f'<span title="{value:+.3f}" style="background:{_shade(shades, value)};'
            f'color:{_ink(shades, value)}">{html.escape(word)}</span>'
            for word, value in zip(text, values, strict=True)
            if word
        )
        paragraphs.append(f"<p>{title}{blank.join(marked)}</p>")
    return "\n".join(paragraphs)


def _check(words: Words, attributions: np.ndarray, titles: Sequence[str] | None) -> None:
    shape = list(np.shape(attributions))
    sizes = {len(text) for text in words}
    if len(shape) != 2 or shape[0] != len(words) or sizes - {shape[1]}:
        got = f"{len(words)} texts of {' or '.join(map(str, sorted(sizes)))}"
        raise CnnzooError(f"words must be as many as attributions, {shape}; got {got}")
    if titles is not None and len(titles) != len(words):
        raise CnnzooError(f"titles must be one for each of {len(words)} texts; got {len(titles)}")


def _shades(attributions: np.ndarray) -> ScalarMappable:
    greatest = float(np.abs(attributions).max(initial=0)) or 1.0
    return ScalarMappable(Normalize(-greatest, greatest), matplotlib.colormaps[plot_style.SIGNED])


def _shade(shades: ScalarMappable, value: float) -> str:
    return to_hex(tuple(shades.to_rgba(np.array(value))))


def _ink(shades: ScalarMappable, value: float) -> str:
    """Return the color of letters that can be read on the shade of `value`."""
    red, green, blue, _ = shades.to_rgba(np.array(value))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 else "black"


def _blank(words: Words) -> str:
    """Return what stands between words: nothing where they are characters."""
    return "" if all(len(word) <= 1 for text in words for word in text) else " "


def _layout(
    words: Words, attributions: np.ndarray, titles: Sequence[str] | None
) -> tuple[list[_Placed], list[tuple[int, str]]]:
    """Return where each word stands, and each title's line."""
    gap, placed, heads, line = len(_blank(words)), [], [], 0
    for place, (text, values) in enumerate(zip(words, attributions, strict=True)):
        if titles is not None:
            heads.append((line, titles[place]))
            line += 1
        start = 0
        for word, value in zip(text, values, strict=True):
            shown = _printable(word)
            if start and start + len(shown) > _LINE:
                line, start = line + 1, 0
            if word:
                placed.append(_Placed(line, start, shown, float(value)))
                start += len(shown) + gap
        line += 2
    return placed, heads


def _printable(word: str) -> str:
    shown = "".join(one if one.isprintable() else " " for one in word)
    return shown if len(shown) <= _LINE else f"{shown[: _LINE - 1]}…"


def _write(axes: Axes, placed: _Placed, shades: ScalarMappable) -> None:
    line, start, word, value = placed
    box = Rectangle((start - 0.2, line + 0.5), len(word) + 0.4, 0.84, lw=0)
    box.set_facecolor(_shade(shades, value))
    axes.add_patch(box)
    how: Any = {"ha": "center", "va": "center", "family": "monospace", "parse_math": False}
    axes.text(start + len(word) / 2, line + 0.92, word, color=_ink(shades, value), **how)


@plot_style.style()
def draw_ngrams(found: Sequence[Sequence[Ngram]], words: Words, units: Sequence[int]) -> Figure:
    """Return the strongest n-grams of some filters, each with a bar as long as its activation.

    Args:
        found: Of `ngrams`.
        words: The words of the texts that were searched, those of padding empty.
        units: The filters that are drawn.

    Raises:
        CnnzooError: No such filter exists, or none is requested.
    """
    if not units or not all(0 <= unit < len(found) for unit in units):
        raise CnnzooError(f"units must be filters from 0 to {len(found) - 1}; got {list(units)}")
    rows = -(-len(units) // _COLUMNS)
    figure = Figure(figsize=(9, rows * (0.19 * len(found[0]) + 0.65)))
    grid = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True).ravel()
    for axes, unit in zip(grid, units, strict=False):
        strongest = found[unit]
        axes.barh(range(len(strongest)), [one.activation for one in strongest], height=0.7)
        axes.set_yticks(range(len(strongest)), [_label(one, words) for one in strongest])
        for label in axes.get_yticklabels():
            label.set(family="monospace", parse_math=False)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_title(f"filter {unit}")
    for axes in grid[len(units) :]:
        axes.set_axis_off()
    figure.supxlabel("activation", fontsize=9)
    return figure


def _label(ngram: Ngram, words: Words) -> str:
    """Return the words of an n-gram, and a sign for each place beyond the text."""
    text = dict(enumerate(words[ngram.text]))
    places = range(ngram.start, ngram.start + len(ngram.tokens))
    label = _blank(words).join(_printable(text.get(place, "")) or _EDGE for place in places)
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"
