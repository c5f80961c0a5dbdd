"""Networks of fewer units.

Megabytes of weights take most of the time of saving, reading and converting a network.
"""

import keras

WIDEST = 64  # Units of a hidden layer.


def narrow(network):
    """Return the network with no more than 64 units or filters in a layer, and new weights."""
    return keras.models.clone_model(network, clone_function=_narrow)


def _narrow(layer):
    config = layer.get_config()
    if isinstance(layer, keras.layers.Dense) and config["activation"] == "relu":
        config["units"] = min(config["units"], WIDEST)
    if "filters" in config:
        config["filters"] = min(config["filters"], WIDEST)
    return type(layer).from_config(config)
