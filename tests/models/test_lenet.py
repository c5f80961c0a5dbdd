"""Numbers of LeNet-5 from the paper, section II.B, layer by layer."""

import math

import numpy as np
import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.models import lenet


def weights_of(model):
    return {
        layer.name: sum(math.prod(weight.shape) for weight in layer.trainable_weights)
        for layer in model.layers
        if layer.trainable_weights
    }


def test_the_published_network_has_60000_parameters_where_the_paper_has_them():
    weights = weights_of(cnnzoo.create_model("lenet5_1998"))
    assert weights == {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164}
    assert sum(weights.values()) == 60_000


def test_the_published_maps_have_the_sizes_of_the_paper():
    model = cnnzoo.create_model("lenet5_1998")
    sides = {
        name: model.get_layer(name).output.shape[1:] for name in ("c1", "s2", "c3", "s4", "c5")
    }
    assert sides == {
        "c1": (28, 28, 6),
        "s2": (14, 14, 6),
        "c3": (10, 10, 16),
        "s4": (5, 5, 16),
        "c5": (1, 1, 120),
    }


def test_the_network_as_taught_has_61706_parameters():
    weights = weights_of(cnnzoo.create_model("lenet5"))
    assert weights == {
        "conv1": 6 * 25 + 6,
        "conv2": 16 * 150 + 16,
        "dense1": 400 * 120 + 120,
        "dense2": 120 * 84 + 84,
        "logits": 84 * 10 + 10,
    }
    assert sum(weights.values()) == 61_706


def test_table_1_lists_six_triples_nine_quadruples_and_all():
    assert [len(seen) for seen in lenet.C3] == [3] * 6 + [4] * 9 + [6]
    assert len(set(lenet.C3)) == 16
    # Each map of S2 is seen by ten maps of C3, as the columns of table I show.
    assert [sum(channel in seen for seen in lenet.C3) for channel in range(6)] == [10] * 6


def test_initial_weights_stay_within_the_limits_of_the_paper():
    model = cnnzoo.create_model("lenet5_1998")
    for name, fan_in in (("c1", 25), ("s2", 4), ("s4", 4), ("c5", 400), ("f6", 120)):
        largest = np.abs(np.asarray(model.get_layer(name).trainable_weights[0])).max()
        assert 0.4 * 2.4 / fan_in < largest <= 2.4 / fan_in, name


def test_ten_different_bitmaps_of_84_pixels():
    codes = np.array(lenet._bitmap_codes())
    assert codes.shape == (10, 84)
    assert set(np.unique(codes)) == {-1.0, 1.0}
    distances = [(codes[a] != codes[b]).sum() for a in range(10) for b in range(a)]
    assert min(distances) >= 8


def test_other_class_counts_get_fixed_random_codes():
    first, second = (cnnzoo.create_model("lenet5_1998", num_classes=26) for _ in range(2))
    assert first.output_shape == (None, 26)
    assert first.get_layer("output").codes == second.get_layer("output").codes


@pytest.mark.parametrize(("name", "smallest"), [("lenet5_1998", 32), ("lenet5", 12)])
def test_the_smallest_images(name, smallest):
    assert cnnzoo.create_model(name, input_shape=(smallest, smallest, 1)).output_shape == (None, 10)
    with pytest.raises(CnnzooError, match=f"must be at least {smallest}x{smallest} for {name}"):
        cnnzoo.create_model(name, input_shape=(smallest, smallest - 1, 1))
