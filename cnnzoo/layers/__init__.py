"""The few layers that Keras lacks; Keras alone, so that they run on each of its backends."""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(
    __name__,
    {
        "PartialConv2D": "cnnzoo.layers.partial_conv",
        "RBF": "cnnzoo.layers.rbf",
        "ScaledTanh": "cnnzoo.layers.scaled_tanh",
        "Subsampling2D": "cnnzoo.layers.subsampling",
    },
)
