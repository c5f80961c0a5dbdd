"""Quantization-aware training: the last epochs compute as the network in int8 will.

Batch normalization keeps its moving statistics from then on: in the file it is a scale of the
channels of the kernel before it, which rounding with a scale for each channel commutes with. So any
network of stock convolutions and dense layers can be trained, and its export is that of any run.

Source: Jacob et al. 2018, https://arxiv.org/abs/1712.05877, section 3, and Krishnamoorthi 2018,
https://arxiv.org/abs/1806.08342, for statistics that are kept.
"""

from __future__ import annotations

import contextlib
from typing import Any

import keras

from cnnzoo.config.recipe import Recipe
from cnnzoo.errors import CnnzooError
from cnnzoo.export.folding import LINEAR
from cnnzoo.export.rounding import rounded
from cnnzoo.inspection.graph import graph, holds_tokens, nested, walk


class Quantized(keras.callbacks.Callback):
    """Lets the last epochs of a recipe compute as the network in int8 will.

    Which epochs these are follows from their numbers alone, so that a run resumes anywhere. The end
    of `contexts` leaves the layers as they were.

    Args:
        recipe: Says how many.
        network: What is trained.
    """

    def __init__(self, recipe: Recipe, network: keras.Model) -> None:
        super().__init__()
        self._first = recipe.unquantized
        self._network = network
        self.contexts = contextlib.ExitStack()
        self._on = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start to round, before the first step of the first such epoch."""
        if epoch >= self._first and not self._on:
            self.contexts.enter_context(rounded(self._network))
            self.model.make_train_function(force=True)
            self._on = True


def require_quantizable(network: keras.Model) -> None:
    """Refuse a network that cannot be trained so.

    Raises:
        CnnzooError: It takes texts, or a layer with weights is neither a stock convolution, dense
            layer nor batch normalization.
    """
    if holds_tokens(graph(network).inputs[0]):
        raise CnnzooError(f"quantize must be none for text models; got {network.name}")
    for path, call in walk(network):
        layer = call.layer
        known = nested(layer) or type(layer) in (*LINEAR, keras.layers.BatchNormalization)
        if getattr(layer, "weights", ()) and not known:
            raise CnnzooError(
                f"quantize must be none for {network.name}, whose layer {path} "
                f"({type(layer).__name__}) is not a stock convolution, dense layer or batch "
                "normalization"
            )
        if getattr(layer, "compute_dtype", "float32") != "float32":
            raise CnnzooError(
                f"quantize must be none for networks that compute in {layer.compute_dtype}; "
                f"got {network.name}"
            )
