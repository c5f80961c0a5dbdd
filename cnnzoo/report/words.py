"""What a network over texts reads: the words that decide, and what its filters answer to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnzoo import inspection
from cnnzoo.inspection.cost import LayerCost
from cnnzoo.report.page import Picture, Piece
from cnnzoo.report.subject import Subject

_TOKENS = 10  # That a unit of a layer sees at most for its n-grams to be shown.
_LAYERS, _FILTERS, _NGRAMS = 3, 6, 5


def attributions(subject: Subject, name: str, texts: np.ndarray, titles: Sequence[str]) -> Picture:
    """Return the words of raw `texts`, shaded by what they add to the answer's logit."""
    tokens = subject.classifier.prepare(texts)
    words = subject.classifier.words(tokens)
    found = inspection.word_attributions(subject.network, tokens)
    strongest = [text[place] for text, place in zip(words, found.argmax(axis=1), strict=True)]
    return Picture(
        name,
        inspection.draw_word_attributions(words, found, titles),
        "Texts whose words are shaded. What adds most to each answer: "
        + ", ".join(f"“{word}”" for word in strongest if word)
        + ".",
        "Integrated gradients: the part of each word in the answer's logit. Purple speaks for the "
        "answer, orange against it; all texts have the same scale. A word that the network "
        "does not know is �.",
        inspection.word_attributions_html(words, found, titles),
    )


def filters(subject: Subject) -> list[Piece]:
    """Return the n-grams that the strongest filters of the first convolutions answer to."""
    if subject.examples is None:
        return []
    sample = subject.examples.sample()
    tokens = subject.classifier.prepare(sample.inputs)
    words = subject.classifier.words(tokens)
    layers = [row.name for row in subject.rows if _sees_ngrams(row)][:_LAYERS]
    return [_ngrams(subject, layer, tokens, words) for layer in layers]


def _sees_ngrams(row: LayerCost) -> bool:
    field = row.receptive_field
    return "Conv" in row.kind and field is not None and 1 < field[0] <= _TOKENS


def _ngrams(
    subject: Subject, layer: str, tokens: np.ndarray, words: Sequence[Sequence[str]]
) -> Picture:
    found = inspection.ngrams(subject.network, tokens, layer, _NGRAMS)
    strongest = sorted(range(len(found)), key=lambda unit: -found[unit][0].activation)[:_FILTERS]
    return Picture(
        f"ngrams_{layer}",
        inspection.draw_ngrams(found, words, strongest),
        f"The n-grams that {len(strongest)} filters of {layer} answer to most strongly.",
        f"Of the {len(found)} filters of {layer} the {len(strongest)} with the strongest answers, "
        f"each with the n-grams of {len(tokens):,} test texts that it answers to most. A filter "
        "that looks for one thing has n-grams that are alike; a dot stands for padding.",
    )
