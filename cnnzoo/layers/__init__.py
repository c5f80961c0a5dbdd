"""The few layers that are missing from Keras; in Keras only, so that every backend runs them."""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(
    __name__,
    {
        "CapsuleLogits": "cnnzoo.layers.capsules",
        "ChannelHalf": "cnnzoo.layers.channels",
        "ChannelShuffle": "cnnzoo.layers.channels",
        "DeepModel": "cnnzoo.layers.deep_model",
        "Dirac": "cnnzoo.layers.dirac",
        "Familiarity": "cnnzoo.layers.familiarity",
        "GlobalMaskedMaxPooling1D": "cnnzoo.layers.masked",
        "KMaxPooling1D": "cnnzoo.layers.masked",
        "KnownWords": "cnnzoo.layers.familiarity",
        "LocalResponseNormalization": "cnnzoo.layers.local_response_normalization",
        "LongestCapsule": "cnnzoo.layers.capsules",
        "MarginLoss": "cnnzoo.layers.capsules",
        "MaskedConv1D": "cnnzoo.layers.masked",
        "MaskedMaxPooling1D": "cnnzoo.layers.masked",
        "MeanOfViews": "cnnzoo.layers.views",
        "OneHot": "cnnzoo.layers.one_hot",
        "PartialConv2D": "cnnzoo.layers.partial_conv",
        "RBF": "cnnzoo.layers.rbf",
        "ReconstructionLoss": "cnnzoo.layers.capsules",
        "RoutedCapsules": "cnnzoo.layers.capsules",
        "ScaledTanh": "cnnzoo.layers.scaled_tanh",
        "Squash": "cnnzoo.layers.capsules",
        "Subsampling2D": "cnnzoo.layers.subsampling",
        "Summary": "cnnzoo.layers.familiarity",
        "TextModel": "cnnzoo.layers.text_model",
        "Views": "cnnzoo.layers.views",
        "WhiteningConv2D": "cnnzoo.layers.whitening",
        "ZeroPadShortcut": "cnnzoo.layers.zero_pad_shortcut",
    },
)
