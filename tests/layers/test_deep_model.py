"""A model of as many residual units as ResNet-1202, which Keras's own class cannot walk through."""

import sys

import keras
import pytest

import cnnzoo
from cnnzoo.layers import DeepModel

UNITS = 600  # As in ResNet-1202, whose units have more layers.


def build(kind):
    inputs = outputs = keras.Input((2,))
    for place in range(UNITS):
        branch = keras.layers.Identity(name=f"unit{place}_branch")(outputs)
        outputs = keras.layers.Add(name=f"unit{place}_add")([branch, outputs])
    return kind(inputs, outputs)


@pytest.mark.slow
def test_it_builds_saves_loads_and_clones(tmp_path):
    limit = sys.getrecursionlimit()
    model = build(DeepModel)
    model.save(tmp_path / "deep.keras")
    again = keras.saving.load_model(tmp_path / "deep.keras", compile=False)
    for other in (again, keras.models.clone_model(model)):
        assert len(other.layers) == 2 * UNITS + 1
    half = cnnzoo.features(model, f"unit{UNITS // 2 - 1}_add")
    assert len(half.layers) == UNITS + 1
    assert sys.getrecursionlimit() == limit


def test_a_model_of_keras_does_not():
    with pytest.raises(RecursionError):
        build(keras.Model)
