"""The examples that activate a unit most, and where in them.

Source: Girshick et al. 2013, https://arxiv.org/abs/1311.2524, section 3.1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from cnnzoo.inspection import checks, receptive_field
from cnnzoo.inspection.activations import batched, run
from cnnzoo.inspection.receptive_field import Side


class NearestExamples(NamedTuple):
    """The examples that activate a unit most, the strongest first."""

    places: np.ndarray  # Of the examples among the inputs, int [count].
    activations: np.ndarray  # The greatest of each, float [count].
    positions: np.ndarray  # Of these in the feature map, int [count, sides].
    boxes: np.ndarray  # First position that is seen there and the one after the last, by side.
    patches: list[np.ndarray]  # What is seen, without padding: [*sides, channels].


def nearest_examples(
    model: keras.Model, inputs: np.ndarray, layer: str, unit: int, count: int = 9
) -> NearestExamples:
    """Return the `count` inputs with the greatest activation of a unit, and what it sees of them.

    Of equal activations the first counts. A unit that sees all has whole inputs as patches.

    Args:
        model: A built Functional or Sequential model.
        inputs: Images, sounds or tokens, as the model takes them.
        layer: Name of a layer, or path in nested models: "inner/conv1".
        unit: A channel of the layer.
        count: How many examples.

    Raises:
        CnnzooError: The inputs, layer or unit do not fit the model, or the inputs are fewer.
    """
    call = checks.layer(model, layer)
    unit = checks.unit(call, unit)
    batch = checks.inputs(model, inputs)
    count = checks.count("count", count, len(batch), "inputs")

    def greatest(values: tf.Tensor) -> Any:
        maps = run(model, values, [call.layer]).values[0][..., unit]
        flat = tf.reshape(maps, [tf.shape(maps)[0], -1])
        sides = tf.repeat(tf.shape(maps)[None, 1:], tf.shape(maps)[0], axis=0)
        return tf.reduce_max(flat, axis=1), tf.argmax(flat, axis=1), sides

    activations, flat, sides = batched(greatest)(batch)
    places = np.argsort(-activations, kind="stable")[:count]
    positions = np.stack([np.unravel_index(flat[at], sides[at]) for at in places])
    ends = batch.shape[1 : checks.side_count(model) + 1]
    field = [seen.field for seen in receptive_field.walk(model) if seen.path == layer][-1]
    boxes = np.stack([_box(field, position, ends) for position in positions])
    patches = [
        batch[at][tuple(slice(*side) for side in box)]
        for at, box in zip(places, boxes, strict=True)
    ]
    return NearestExamples(places, activations[places], positions, boxes, patches)


def _box(field: list[Side] | None, position: np.ndarray, ends: tuple[int, ...]) -> np.ndarray:
    """Return start and end of what the unit sees within the input, int `[sides, 2]`."""
    if field is None:
        return np.array([(0, end) for end in ends]).reshape(-1, 2)
    first = np.array(
        [side.first + at * side.stride for side, at in zip(field, position, strict=True)]
    )
    box = np.stack([np.ceil(first), np.floor(first) + [side.size for side in field]], axis=1)
    return np.clip(box, 0, np.array(ends)[:, None]).astype(int)
