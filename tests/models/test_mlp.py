"""Numbers of the multilayer perceptron, by hand."""

import math

import pytest

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.models import mlp


def shapes_of(model):
    return {layer.name: layer.kernel.shape for layer in model.layers if hasattr(layer, "kernel")}


def test_two_hidden_layers_of_512_units():
    shapes = shapes_of(cnnzoo.create_model("mlp"))
    assert shapes == {"dense1": (784, 512), "dense2": (512, 512), "logits": (512, 10)}
    row = mlp.VARIANTS["mlp"]
    assert row.macs == sum(math.prod(shape) for shape in shapes.values()) == 668_672
    assert row.params == row.macs + 512 + 512 + 10 == 669_706


def test_images_of_any_shape_are_flattened():
    model = cnnzoo.create_model("mlp", input_shape=(1, 3, 2), num_classes=4)
    assert shapes_of(model) == {"dense1": (6, 512), "dense2": (512, 512), "logits": (512, 4)}


def test_each_hidden_layer_is_followed_by_relu_and_dropout():
    model = cnnzoo.create_model("mlp", dropout=0.5)
    default = cnnzoo.create_model("mlp")
    names = [layer.name for layer in model.layers]
    for place in (1, 2):
        assert names.index(f"dropout{place}") == names.index(f"dense{place}") + 1
        assert model.get_layer(f"dense{place}").activation.__name__ == "relu"
        assert model.get_layer(f"dropout{place}").rate == 0.5
        assert default.get_layer(f"dropout{place}").rate == 0.2
    assert model.get_layer("logits").activation.__name__ == "linear"


@pytest.mark.parametrize("wrong", [-0.1, 1, "much", None, float("nan")])
def test_dropout_must_be_a_fraction(wrong):
    with pytest.raises(CnnzooError, match=f"dropout must be at least 0 and below 1; got {wrong!r}"):
        cnnzoo.create_model("mlp", dropout=wrong)
