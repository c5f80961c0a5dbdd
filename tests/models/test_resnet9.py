"""ResNet-9 against the sizes in its code."""

import math

import keras

import cnnzoo
from cnnzoo.models.resnet9 import VARIANTS

# (side of the maps, maps that are seen, filters) of each 3x3 convolution.
CONVOLUTIONS = (
    (32, 3, 64),
    (32, 64, 128),
    *((16, 128, 128), (16, 128, 128)),
    (16, 128, 256),
    (8, 256, 512),
    *((4, 512, 512), (4, 512, 512)),
)


def test_parameters_and_multiply_adds():
    kernels = [9 * seen * filters for _, seen, filters in CONVOLUTIONS]
    normalized = sum(filters for *_, filters in CONVOLUTIONS)
    assert VARIANTS["resnet9"].params == sum(kernels) + 2 * normalized + 512 * 10 == 6_573_120
    slides = [side**2 * kernel for (side, *_), kernel in zip(CONVOLUTIONS, kernels, strict=True)]
    assert VARIANTS["resnet9"].macs == sum(slides) + 512 * 10 == 379_261_952


def test_the_layers():
    model = cnnzoo.create_model("resnet9")
    assert sum(math.prod(w.shape) for w in model.trainable_weights) == VARIANTS["resnet9"].params
    weighted = [layer for layer in model.layers if hasattr(layer, "kernel")]
    assert len(weighted) == 9  # With the dense layer, hence the name.
    assert not any(layer.use_bias for layer in weighted)
    found = [
        (layer.output.shape[1], layer.input.shape[-1], layer.filters)
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D)
    ]
    assert found == list(CONVOLUTIONS)


def test_the_residual_is_activated_before_it_is_added():
    model = cnnzoo.create_model("resnet9", input_shape=(8, 8, 3))
    for stage in (1, 3):
        shortcut, residual = model.get_layer(f"stage{stage}_unit1_add").input
        assert shortcut is model.get_layer(f"stage{stage}_pool").output
        assert residual is model.get_layer(f"stage{stage}_unit1_relu2").output
    assert not [layer for layer in model.layers if layer.name == "stage2_unit1_add"]


def test_logits_are_an_eighth_of_the_product_with_the_pooled_maps():
    model = cnnzoo.create_model("resnet9")
    assert model.get_layer("scale").scale == 0.125
    assert model.get_layer("pool").input.shape[1:3] == (4, 4)  # The code's window.
    assert model.get_layer("logits").input is model.get_layer("scale").output
