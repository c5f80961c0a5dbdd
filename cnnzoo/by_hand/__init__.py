"""Convolution and pooling by hand: plain NumPy that can be read, and each step drawn."""

from cnnzoo.lazy import exports

__getattr__, __all__ = exports(
    __name__,
    {
        "KERNELS": "cnnzoo.by_hand.convolution",
        "Step": "cnnzoo.by_hand.windows",
        "convolve": "cnnzoo.by_hand.convolution",
        "convolve_depthwise": "cnnzoo.by_hand.convolution",
        "draw_size": "cnnzoo.by_hand.plots",
        "draw_step": "cnnzoo.by_hand.plots",
        "explain_size": "cnnzoo.by_hand.windows",
        "output_size": "cnnzoo.by_hand.windows",
        "pool": "cnnzoo.by_hand.pooling",
    },
)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
