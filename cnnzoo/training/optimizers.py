"""The optimizer that a recipe asks for: Keras's, with weight decay as the papers mean it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from cnnzoo import keras_internals
from cnnzoo.config.recipe import Recipe
from cnnzoo.errors import CnnzooError
from cnnzoo.registry import unknown
from cnnzoo.training.keras_schedules import keras_schedule

# Recipe's name -> Keras's class, and what it is given beside the recipe's own fields. By default
# AdamW and Muon would decay weights; here a recipe says so.
_KERAS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {"weight_decay": 0.0}),
    "muon": (
        "Muon",
        {"exclude_layers": ["logits"], "adam_weight_decay": None, "weight_decay": None},
    ),
}


def optimizer(
    recipe: Recipe, variables: Sequence[keras.Variable], steps: int
) -> keras.optimizers.Optimizer:
    """Return the optimizer of the trainable `variables`, built.

    Args:
        recipe: Names the optimizer and its options, its learning rate, decay, clipping and average.
        variables: Of the network.
        steps: Training steps of an epoch.

    Raises:
        CnnzooError: An option is none of the optimizer's.
    """
    name, defaults = _KERAS[recipe.optimizer]
    kind = getattr(keras.optimizers, name)
    options = {**defaults, **recipe.optimizer_options}
    for option in recipe.optimizer_options:
        known = inspect.signature(kind).parameters
        if option not in known:
            raise CnnzooError(unknown(f"option of {recipe.optimizer}", option, known))
    if recipe.weight_decay:
        options["weight_decay"] = recipe.weight_decay
    decayed = [one for one in variables if recipe.decay_all or len(one.shape) > 1]
    if recipe.l2:
        kind = keras_internals.subclass(_L2, kind)
    made = kind(
        keras_schedule(recipe.learning_rate, recipe.epochs, steps),
        global_clipnorm=recipe.clip_norm,
        use_ema=recipe.ema is not None,
        ema_momentum=recipe.ema or 0.99,
        **options,
    )
    if recipe.weight_decay:
        kept = [one for one in variables if not any(one is other for other in decayed)]
        made.exclude_from_weight_decay(var_list=kept)
    if recipe.l2:
        made.l2, made.decayed = recipe.l2, frozenset(map(id, decayed))
    if recipe.precision == "float16":
        made = keras.optimizers.LossScaleOptimizer(made)
    made.build(variables)
    return made


class _L2:
    """A mixin of an optimizer that adds `l2` times each decayed weight to its gradient.

    This is the weight decay of papers before https://arxiv.org/abs/1711.05101. As a term of the
    loss it would cost two passes over the weights and stand in every loss that is reported.
    """

    l2 = 0.0
    decayed: frozenset[int] = frozenset()  # By `id`.

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Update the weights."""
        sums = [
            ops.convert_to_tensor(grad) + self.l2 * weight
            if grad is not None and id(weight) in self.decayed
            else grad
            for grad, weight in zip(
                grads, trainable_variables or keras_internals.trainable_variables(self), strict=True
            )
        ]
        return super().apply(sums, trainable_variables)  # type: ignore[misc]
