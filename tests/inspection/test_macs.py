"""Multiply-adds against arithmetic, and against what the papers of networks say."""

import math

import keras
import pytest
from keras import layers

from cnnzoo.guard.shapes import without_values
from cnnzoo.inspection.cost import layer_costs, multiply_adds


def over(layer, *shapes):
    """Return the multiply-adds of `layer`, called with inputs of these shapes."""
    inputs = [keras.Input(shape) for shape in shapes]
    return multiply_adds(keras.Model(inputs, layer(*inputs)))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        # Steps times inputs times units and units times units, for each gate.
        (layers.SimpleRNN(5), 7 * (3 * 5 + 5 * 5)),
        (layers.LSTM(5), 7 * 4 * (3 * 5 + 5 * 5)),
        (layers.LSTM(5, return_sequences=True, use_bias=False), 7 * 4 * (3 * 5 + 5 * 5)),
        (layers.GRU(5), 7 * 3 * (3 * 5 + 5 * 5)),
        (layers.GRU(5, reset_after=False), 7 * 3 * (3 * 5 + 5 * 5)),
        (layers.Bidirectional(layers.LSTM(5)), 2 * 7 * 4 * (3 * 5 + 5 * 5)),
        (
            layers.RNN(layers.StackedRNNCells([layers.LSTMCell(5), layers.GRUCell(2)])),
            7 * (4 * (3 * 5 + 5 * 5) + 3 * (5 * 2 + 2 * 2)),
        ),
        (layers.TimeDistributed(layers.Dense(5)), 7 * 3 * 5),
        (layers.Dense(5), 7 * 3 * 5),
        (layers.SpectralNormalization(layers.Dense(5)), 7 * 3 * 5),
    ],
)
def test_recurrent_layers_and_wrappers(layer, expected):
    assert over(layer, (7, 3)) == expected


def test_a_convolutional_cell_counts_at_each_position():
    expected = 6 * 8 * 9 * 4 * (3 * 3 * 2 * 5 + 3 * 3 * 5 * 5)
    for sequences in (False, True):
        layer = layers.ConvLSTM2D(5, 3, padding="same", return_sequences=sequences)
        assert over(layer, (6, 8, 9, 2)) == expected


@pytest.mark.parametrize(
    ("equation", "output", "expected"),
    [
        ("abc,cd->abd", (7, 5), 7 * 3 * 5),
        ("...x,xy->...y", 5, 7 * 3 * 5),
        ("abc,cde->abde", (7, 5, 2), 7 * 3 * 5 * 2),
        ("abc,bd->adc", (5, 3), 7 * 3 * 5),
        ("abc,bcd->ad", 5, 7 * 3 * 5),
        ("abc,bcd->abd", (7, 5), 7 * 3 * 5),
    ],
)
def test_einsum_dense_multiplies_along_all_axes(equation, output, expected):
    assert over(layers.EinsumDense(equation, output), (7, 3)) == expected


def test_attention_of_several_heads():
    heads, key, value = 2, 4, 3
    queries, keys = 7, 5  # Positions, of 6 and of 8 channels.
    expected = queries * 6 * heads * key  # The queries' projection,
    expected += keys * 8 * heads * (key + value)  # those of keys and values,
    expected += queries * keys * heads * (key + value)  # scores, and what they weigh,
    expected += queries * heads * value * 6  # and the output's projection.
    layer = layers.MultiHeadAttention(heads, key, value_dim=value)
    assert over(layer, (queries, 6), (keys, 8)) == expected
    query, values = keras.Input((queries, 6)), keras.Input((keys, 8))
    named = layer(value=values, query=query, key=values)
    assert multiply_adds(keras.Model([query, values], named)) == expected


def test_attention_along_one_axis_sees_that_axis_alone():
    layer = layers.MultiHeadAttention(2, 4, attention_axes=(2,))
    maps = keras.Input((5, 7, 6))
    projections = 4 * 35 * 6 * 2 * 4
    assert multiply_adds(keras.Model(maps, layer(maps, maps))) == projections + 35 * 7 * 2 * 2 * 4


def test_grouped_queries_share_keys_and_values():
    layer = layers.GroupQueryAttention(head_dim=4, num_query_heads=6, num_key_value_heads=2)
    of_queries, of_keys = 7 * 8 * 6 * 4, 5 * 8 * 2 * 4
    scores = 7 * 5 * 6 * 4
    assert over(layer, (7, 8), (5, 8)) == 2 * of_queries + 2 * of_keys + 2 * scores


def test_attention_without_weights():
    query, value = keras.Input((7, 4)), keras.Input((5, 4))
    for layer, expected in (
        (layers.Attention(), 7 * 5 * (4 + 4)),
        (layers.AdditiveAttention(), 7 * 5 * (4 + 4)),
        (layers.AdditiveAttention(use_scale=False), 7 * 5 * 4),
    ):
        assert multiply_adds(keras.Model([query, value], layer([query, value]))) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # In millions, from the tables of the papers, which round; ConvNeXt in that of 224 x 224.
        ("MobileNet", 569),
        ("MobileNetV2", 300),
        ("EfficientNetB0", 390),
        ("ConvNeXtTiny", 4_500),
    ],
)
def test_networks_of_keras_cost_what_their_papers_say(name, expected):
    with without_values():
        model = getattr(keras.applications, name)(weights=None)
    rows = layer_costs(model)
    assert not any(row.remark for row in rows)
    assert multiply_adds(model) / 1e6 == pytest.approx(expected, rel=0.02)
    assert sum(row.params for row in rows) == sum(
        math.prod(one.shape) for one in model.trainable_weights
    )
