"""Looking into any Keras model."""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(
    __name__,
    {
        "feature_maps": "cnnzoo.inspection.maps",
    },
)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
