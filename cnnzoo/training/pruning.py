"""Pruning of whole filters: a trained network becomes an ordinary one with fewer of them.

Channels that must stay or go together, as those of maps that are added, are found by following each
channel through the graph. Every layer loses the same share of its filters, those with the least sum
of magnitudes, after the normalization that follows; so many that the multiply-adds fall as asked.
Channels that pass a layer which is not known here stay, as do inputs and logits.

Source: Li, Kadav, Durdanovic, Samet and Graf 2017, Pruning filters for efficient ConvNets,
https://arxiv.org/abs/1608.08710, section 3.1. Departure: coupled filters are ranked by the sum over
their layers, each relative to its mean, not by the shortcut's alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from cnnzoo.errors import CnnzooError
from cnnzoo.export.assembly import giving
from cnnzoo.export.folding import foldable, scale_of
from cnnzoo.inspection.cost import layer_costs
from cnnzoo.inspection.graph import calls, graph

_MULTIPLE = 4  # Of which layers keep a multiple of filters where they have some: kernels like it.

_FILTERS = (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D)
_ALIKE = (keras.layers.Add, keras.layers.Multiply, keras.layers.Average, keras.layers.Maximum)
_PASSING = (
    *(keras.layers.BatchNormalization, keras.layers.DepthwiseConv2D),
    *(keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.Activation),
    *(keras.layers.Dropout, keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D),
    *(keras.layers.MaxPooling1D, keras.layers.MaxPooling2D, keras.layers.AveragePooling1D),
    *(keras.layers.AveragePooling2D, keras.layers.GlobalAveragePooling1D),
    *(keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling1D),
    *(keras.layers.GlobalMaxPooling2D, keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D),
)


def pruned(network: keras.Model, share: float) -> keras.Model:
    """Return a copy of `network` without its least filters, and with the weights of the others.

    Args:
        network: A Functional model.
        share: Of the multiply-adds that is to go, above 0 and below 1.

    Raises:
        CnnzooError: So many cannot be removed.
    """
    channels = _Channels(network)
    costs = Counter[str]()  # Of nested models as a whole, and of all calls of a shared layer.
    for cost in layer_costs(network):
        costs[cost.name.partition("/")[0]] += cost.macs
    aim = (1 - share) * sum(costs.values())
    least, most = 0.0, 1.0
    if not channels.removable:
        raise CnnzooError(
            f"prune must be none for {network.name}, none of whose filters can be removed; "
            f"got {share}"
        )
    if channels.multiply_adds(costs, channels.kept(most)) > aim:
        left = channels.multiply_adds(costs, channels.kept(most)) / sum(costs.values())
        raise CnnzooError(
            f"prune must be at most {math.floor(100 * (1 - left)) / 100} for {network.name}, whose "
            f"other filters cannot be removed; got {share}"
        )
    for _ in range(20):
        middle = (least + most) / 2
        if channels.multiply_adds(costs, channels.kept(middle)) > aim:
            least = middle
        else:
            most = middle
    return channels.without(channels.kept(most))


class _Channels:
    """Which channels of a network's tensors are one, so that they stay or go together."""

    def __init__(self, network: keras.Model) -> None:
        self.network = network
        self._parents: list[int] = []  # A channel -> another of those that it is one with.
        # Channels of what a layer takes and gives, of those whose channels are known.
        self._taken: dict[str, np.ndarray] = {}
        self._given: dict[str, np.ndarray] = {}
        self._fixed: set[int] = set()
        self._follow()
        self.removable = self._ranked()  # Group by group, the least of each first.

    def _follow(self) -> None:
        found: dict[int, np.ndarray] = {}
        times = Counter(call.layer.name for call in calls(self.network))
        for tensor in graph(self.network).inputs:
            found[id(tensor)] = self._fix(self._fresh(tensor))
        for call in calls(self.network):
            layer, taken = call.layer, [found[id(one)] for one in call.inputs]
            given = self._through(layer, taken, call.outputs[0])
            if given is None or times[layer.name] > 1 or len(call.outputs) > 1:
                for channels in taken:
                    self._fix(channels)
                given = self._fix(self._fresh(call.outputs[0]))
            else:
                self._taken[layer.name], self._given[layer.name] = taken[0], given
            found.update({id(one): given for one in call.outputs})
        for tensor in graph(self.network).outputs:
            self._fix(found[id(tensor)])

    def _through(self, layer: Any, taken: list[np.ndarray], output: Any) -> np.ndarray | None:
        """Return the channels of what a layer gives, or None if they are not known."""
        kind, rank = type(layer), len(output.shape)
        if kind in _FILTERS and getattr(layer, "groups", 1) == 1 and _last(layer, rank):
            return self._fresh(output)
        if kind in _PASSING and getattr(layer, "depth_multiplier", 1) == 1 and _last(layer, rank):
            return taken[0]
        if kind in _ALIKE and len({len(channels) for channels in taken}) == 1:
            for channels in taken[1:]:
                for one, other in zip(taken[0], channels, strict=True):
                    self._parents[self._root(other)] = self._root(one)
            return taken[0]
        if kind is keras.layers.Concatenate and layer.axis in (-1, rank - 1):
            return np.concatenate(taken)
        if kind is keras.layers.Flatten and _last(layer, rank):
            return np.tile(taken[0], output.shape[-1] // len(taken[0]))
        return None

    def _fresh(self, tensor: Any) -> np.ndarray:
        count = tensor.shape[-1] or 1 if len(tensor.shape) > 1 else 1
        first = len(self._parents)
        self._parents.extend(range(first, first + count))
        return np.arange(first, first + count)

    def _fix(self, channels: np.ndarray) -> np.ndarray:
        self._fixed.update(channels.tolist())
        return channels

    def _root(self, channel: int) -> int:
        while self._parents[channel] != channel:
            channel = self._parents[channel]
        return channel

    def _roots(self, channels: Iterable[int]) -> list[int]:
        return [self._root(channel) for channel in channels]

    def _ranked(self) -> list[list[int]]:
        """Return the channels that may go, group by group of layers, the least of each first."""
        fixed, norms = set(self._roots(self._fixed)), foldable(self.network)
        importance: dict[int, float] = {}
        makers: dict[int, list[str]] = {}
        for layer in self.network.layers:
            if type(layer) not in _FILTERS or layer.name not in self._given:
                continue
            roots = self._roots(self._given[layer.name])
            if fixed.intersection(roots):
                continue
            kernel = (
                np.abs(np.asarray(layer.kernel, np.float64)).reshape(-1, len(roots)).sum(axis=0)
            )
            if layer.name in norms:
                kernel = kernel * np.abs(scale_of(norms[layer.name]))
            for root, value in zip(roots, kernel / max(kernel.mean(), 1e-12), strict=True):
                importance[root] = importance.get(root, 0.0) + float(value)
                makers.setdefault(root, []).append(layer.name)
        groups: dict[tuple[str, ...], list[int]] = {}  # Of the same makers.
        for root in sorted(makers, key=lambda root: (importance[root], root)):
            groups.setdefault(tuple(makers[root]), []).append(root)
        return list(groups.values())

    def kept(self, share: float) -> set[int]:
        """Return the channels that stay if of each group `share` goes."""
        gone: set[int] = set()
        for group in self.removable:
            stay = len(group) * (1 - share)
            step = _MULTIPLE if len(group) >= 4 * _MULTIPLE else 1
            gone.update(group[: len(group) - max(round(stay / step) * step, 1)])
        return {root for root in self._roots(range(len(self._parents))) if root not in gone}

    def _masks(self, layer: Any, kept: set[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return which channels of its input and of its output stay."""
        sides = self._taken[layer.name], self._given[layer.name]
        taken, given = (
            np.array([root in kept for root in self._roots(channels)]) for channels in sides
        )
        return taken, given

    def multiply_adds(self, costs: dict[str, int], kept: set[int]) -> float:
        """Return those of the network with the channels that stay.

        Args:
            costs: Layer -> its multiply-adds as it is.
            kept: Channels.
        """
        total = 0.0
        for layer in self.network.layers:
            factor = 1.0
            if layer.name in self._given:
                taken, given = self._masks(layer, kept)
                factor = taken.mean() * (given.mean() if type(layer) in _FILTERS else 1)
            total += factor * costs.get(layer.name, 0)
        return total

    def without(self, kept: set[int]) -> keras.Model:
        """Return a copy of the network with the channels that stay."""

        def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
            config = layer.get_config()
            if type(layer) in _FILTERS and layer.name in self._given:
                name = "units" if isinstance(layer, keras.layers.Dense) else "filters"
                config[name] = int(self._masks(layer, kept)[1].sum())
            return layer.from_config(config)

        plain = giving(self.network, graph(self.network).outputs[0])
        copy = keras.models.clone_model(plain, clone_function=clone)
        for layer in self.network.layers:
            if layer.weights:
                copy.get_layer(layer.name).set_weights(self._weights(layer, kept))
        return copy

    def _weights(self, layer: Any, kept: set[int]) -> list[np.ndarray]:
        if layer.name not in self._given:
            return layer.get_weights()
        taken, given = self._masks(layer, kept)
        if type(layer) in _FILTERS:
            kernel, *biases = layer.get_weights()
            return [kernel[..., taken, :][..., given], *(bias[given] for bias in biases)]
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            kernel, *biases = layer.get_weights()
            return [kernel[:, :, taken], *(bias[given] for bias in biases)]
        return [weight[given] for weight in layer.get_weights()]  # Batch normalization.


def _last(layer: Any, rank: int) -> bool:
    """Return whether the layer takes the last of `rank` axes to be its channels."""
    data_format = getattr(layer, "data_format", "channels_last")
    return data_format == "channels_last" and getattr(layer, "axis", -1) in (-1, rank - 1)
