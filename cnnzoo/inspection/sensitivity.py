"""How the logit of a class depends on each value of the input, by gradients.

Sources: saliency, Simonyan, Vedaldi and Zisserman 2013, https://arxiv.org/abs/1312.6034, section 3;
SmoothGrad, Smilkov et al. 2017, https://arxiv.org/abs/1706.03825; integrated gradients,
Sundararajan, Taly and Yan 2017, https://arxiv.org/abs/1703.01365, section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from cnnzoo.inspection import arguments
from cnnzoo.inspection.passes import batched, chosen_classes, slope


def saliency(
    model: keras.Model,
    inputs: np.ndarray,
    class_id: Any = None,
    *,
    copies: int = 1,
    noise: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """Return the gradient of the class's logit by the input, of the input's shape and type.

    Args:
        model: A built Functional or Sequential model to logits or scores, `[batch, classes]`.
        inputs: Images or sounds, as the model takes them.
        class_id: The class, or one an example; by default each example's top class.
        copies: For SmoothGrad: copies of an example over which the gradient is averaged.
        noise: Standard deviation of the copies' noise, as a share of the example's range.
        seed: Of the noise.

    Raises:
        CnnzooError: The inputs or class do not fit the model, or it takes integers.
    """
    batch = arguments.continuous(model, inputs)
    classes = chosen_classes(model, batch, class_id)
    if arguments.count("copies", copies) == 1 and not noise:
        return _gradient(model)(batch, classes)
    random = np.random.default_rng(seed)

    def noisy(example: np.ndarray) -> np.ndarray:
        return example + noise * np.ptp(example) * random.standard_normal((copies, *example.shape))

    return _averaged(model, batch, classes, noisy, np.full(copies, 1 / copies))


def integrated_gradients(
    model: keras.Model,
    inputs: np.ndarray,
    class_id: Any = None,
    baseline: Any = None,
    steps: int = 64,
) -> np.ndarray:
    """Return each value's part in how far the class's logit is above that of the baseline.

    The parts, of the input's shape and type, sum up to that difference. The integral along the
    straight line is a Gauss-Legendre sum.

    Args:
        model: A built Functional or Sequential model to logits or scores, `[batch, classes]`.
        inputs: Images or sounds, as the model takes them.
        class_id: The class, or one an example; by default each example's top class.
        baseline: What stands for "nothing": a number, or an array like an example, or a batch of
            them; zero by default, the mean of a standardised image.
        steps: Points of the line at which the gradient is taken.

    Raises:
        CnnzooError: The inputs, class or baseline do not fit the model, or it takes integers.
    """
    batch = arguments.continuous(model, inputs)
    classes = chosen_classes(model, batch, class_id)
    away = batch - arguments.filler("baseline", 0.0 if baseline is None else baseline, batch)
    points, weights = np.polynomial.legendre.leggauss(arguments.count("steps", steps))
    places = ((1 - points) / 2).reshape(-1, *[1] * (batch.ndim - 1))  # From the input, 0 to 1.
    lines = np.stack([batch, away], axis=1)
    return away * _averaged(
        model, lines, classes, lambda line: line[0] - places * line[1], weights / 2
    )


def _averaged(
    model: keras.Model,
    examples: np.ndarray,
    classes: np.ndarray,
    points: Callable[[np.ndarray], np.ndarray],
    weights: np.ndarray,
) -> np.ndarray:
    """Return the weighed sum of the gradients at the points that each of `examples` leads to."""
    gradient, found = _gradient(model), []
    for example, of_example in zip(examples, classes, strict=True):
        at = points(example).astype(examples.dtype)
        slopes = gradient(at, np.full(len(at), of_example))
        found.append(np.tensordot(weights.astype(examples.dtype), slopes, axes=1))
    return np.stack(found)


def _gradient(model: keras.Model) -> Callable[..., np.ndarray]:
    return batched(lambda inputs, classes: slope(model, inputs, classes).gradients[0])
