"""Looking into any Keras model."""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(
    __name__,
    {
        "draw_layer_statistics": "cnnzoo.inspection.drawing_statistics",
        "draw_weight_histograms": "cnnzoo.inspection.drawing_statistics",
        "feature_maps": "cnnzoo.inspection.maps",
        "layer_statistics": "cnnzoo.inspection.statistics",
        "weight_histograms": "cnnzoo.inspection.statistics",
    },
)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
