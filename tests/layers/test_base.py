"""What a layer writes into a saved file."""

import pytest

from cnnzoo import layers

LAYERS = [
    (layers.ChannelHalf(second=True), {"second": True}),
    (layers.ChannelShuffle(3), {"groups": 3}),
    (layers.KMaxPooling1D(2), {"k": 2}),
    (layers.LocalResponseNormalization(3), {"size": 3, "k": 2.0, "alpha": 1e-4, "beta": 0.75}),
    (layers.OneHot(4, first=2), {"depth": 4, "first": 2}),
    (layers.RoutedCapsules(2, 3), {"capsules": 2, "dimension": 3, "routings": 3}),
    (layers.GlobalMaskedMaxPooling1D(), {}),
    (layers.Squash(), {}),
    (layers.WhiteningConv2D(3), {"kernel_size": 3}),
]


@pytest.mark.parametrize(("layer", "arguments"), LAYERS)
def test_configuration_is_what_keras_writes_and_the_arguments(layer, arguments):
    config = layer.get_config()
    assert (config.pop("name"), config.pop("trainable")) == (layer.name, True)
    assert config.pop("dtype")["config"] == {"name": "float32"}
    assert config == arguments
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
