"""Convolutions of three widths over word vectors, each with its maximum over time.

Source: Kim 2014, Convolutional Neural Networks for Sentence Classification, section 2 and 3.1,
https://arxiv.org/abs/1408.5882; initialization and padding from the author's code,
https://github.com/yoonkim/CNN_sentence

Departures: the dense weights start uniform within 0.01, as the convolutions do, where the code has
zeros; windows count that overlap the text by at least one word, where the code also takes the
maximum with windows of padding alone; token 1, the unknown word, has a vector of its own; the two
channels of text_cnn_multichannel are added before the convolution, which gives what the paper adds
after applying each filter to both. Without `embeddings` every vector starts random, as in
text_cnn_rand, so that text_cnn_nonstatic is then the same network.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cnnzoo import layers
from cnnzoo.errors import CnnzooError
from cnnzoo.lazy import keras

DIMENSION = 300  # Of a word vector.
WIDTHS = (3, 4, 5)  # Words that a window sees.
FILTERS = 100  # Feature maps a width.


class Variant(NamedTuple):
    """One row of the table."""

    channels: tuple[str, ...]  # The copies of the word vectors: "static" or "tuned" in training.
    params: int  # Trainable, for 2 classes and the default vocabulary.
    # The longest sentence of MR, table 1's first data set, in the author's code.
    input_shape: tuple[int | None] = (56,)
    smallest: int = 1
    macs: int = 21_300_600  # For 2 classes.
    num_classes: int = 2


VARIANTS = {
    "text_cnn_rand": Variant(("tuned",), params=5_991_002),
    "text_cnn_static": Variant(("static",), params=360_902),
    "text_cnn_nonstatic": Variant(("tuned",), params=5_991_002),
    "text_cnn_multichannel": Variant(("static", "tuned"), params=5_991_002),
}


def build(
    variant: str,
    *,
    input_shape: tuple[int | None],
    num_classes: int,
    name: str,
    vocabulary_size: int = 18_765 + 2,
    embeddings: Any = None,
    dropout: float = 0.5,
    max_norm: float | None = 3.0,
) -> keras.Model:
    """Build `variant`, from tokens int32 `[batch, *input_shape]` to logits `[batch, num_classes]`.

    Args:
        input_shape: `(length,)`, or `(None,)` for texts of any length.
        vocabulary_size: Number of tokens with padding (0) and unknown (1); by default the words of
            MR in table 1, and these two.
        embeddings: Word vectors to start from, float `[vocabulary_size, dimension]`.
        dropout: Fraction of the pooled features that a training step drops.
        max_norm: Greatest length of the dense weights of a class while training, or None.

    Raises:
        CnnzooError: `max_norm` is not positive, or `embeddings` is of another shape.
    """
    _check(vocabulary_size, embeddings, max_norm)
    tokens = keras.Input(input_shape, dtype="int32", name="tokens")
    dimension = DIMENSION if embeddings is None else embeddings.shape[1]
    channels = [
        _embedding(vocabulary_size, dimension, channel) for channel in VARIANTS[variant].channels
    ]
    words = [channel(tokens) for channel in channels]
    summed = keras.layers.Add(name="embedding_sum")(words) if len(words) > 1 else words[0]
    features = [_features(summed, width) for width in WIDTHS]
    units = keras.layers.Concatenate(name="features")(features)
    units = keras.layers.Dropout(dropout, name="dropout")(units)
    limit = None if max_norm is None else keras.constraints.MaxNorm(max_norm)
    logits = keras.layers.Dense(
        num_classes, kernel_initializer=_uniform(0.01), kernel_constraint=limit, name="logits"
    )
    model = layers.TextModel(tokens, logits(units), name=name)
    vectors = channels[0].get_weights()[0] if embeddings is None else embeddings
    for channel in channels:  # Both channels start alike.
        channel.set_weights([vectors])
    return model


def _check(vocabulary_size: int, embeddings: Any, max_norm: Any) -> None:
    shape = tuple(getattr(embeddings, "shape", ()))
    if embeddings is not None and (len(shape) != 2 or shape[0] != vocabulary_size):
        found = f"shape {shape}" if shape else repr(embeddings)
        raise CnnzooError(
            f"embeddings must be an array of {vocabulary_size} rows, one per token; got {found}"
        )
    if max_norm is not None and not (isinstance(max_norm, (int, float)) and max_norm > 0):
        raise CnnzooError(f"max_norm must be a positive number or None; got {max_norm!r}")


def _embedding(vocabulary_size: int, dimension: int, channel: str) -> keras.layers.Embedding:
    return keras.layers.Embedding(
        vocabulary_size,
        dimension,
        embeddings_initializer=_uniform(0.25),
        mask_zero=True,
        trainable=channel == "tuned",
        name=f"embedding_{channel}",
    )


def _features(words: keras.KerasTensor, width: int) -> keras.KerasTensor:
    convolution = layers.MaskedConv1D(
        FILTERS,
        width,
        full=True,
        activation="relu",
        kernel_initializer=_uniform(0.01),
        name=f"width{width}_conv",
    )
    return layers.GlobalMaskedMaxPooling1D(name=f"width{width}_pool")(convolution(words))


def _uniform(limit: float) -> keras.initializers.Initializer:
    return keras.initializers.RandomUniform(-limit, limit)
