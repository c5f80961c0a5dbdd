"""The optimizer that a recipe asks for: Keras's, with weight decay as the papers mean it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from cnnzoo import keras_internals
from cnnzoo.config.recipe import Recipe
from cnnzoo.errors import CnnzooError
from cnnzoo.registry import unknown
from cnnzoo.training.fine_tuning import first_rate

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

# Keras's option -> the recipe's field that sets it.
_FIELDS = {
    "learning_rate": "learning_rate",
    "global_clipnorm": "clip_norm",
    "use_ema": "ema",
    "ema_momentum": "ema",
    "weight_decay": "weight_decay",
}

# Options -> what they must be, and whether a value is it.
_RULES: dict[tuple[str, ...], tuple[str, Callable[[Any], bool]]] = {
    ("nesterov", "amsgrad", "centered", "exclude_embeddings"): (
        "true or false",
        lambda value: isinstance(value, bool),
    ),
    ("momentum", "rho", "beta_1", "beta_2", "adam_beta_1", "adam_beta_2"): (
        "a number from 0 to below 1",
        lambda value: _is_number(value) and 0 <= value < 1,
    ),
    ("epsilon", "clipnorm", "clipvalue", "loss_scale_factor", "adam_lr_ratio", "rms_rate"): (
        "a finite number above 0",
        lambda value: _is_number(value) and value > 0,
    ),
    ("initial_accumulator_value", "adam_weight_decay"): (
        "a finite number of at least 0",
        lambda value: _is_number(value) and value >= 0,
    ),
    ("muon_a", "muon_b", "muon_c"): ("a finite number", lambda value: _is_number(value)),
    ("ns_steps", "ema_overwrite_frequency"): (
        "a whole number of at least 1",
        lambda value: type(value) is int and value >= 1,
    ),
    ("gradient_accumulation_steps",): (
        "a whole number of at least 2",
        lambda value: type(value) is int and value >= 2,
    ),
    ("exclude_layers",): (
        "a list of names",
        lambda value: (
            isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)
        ),
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
    _check_options(recipe, kind)
    if recipe.weight_decay:
        options["weight_decay"] = recipe.weight_decay
    decayed = [one for one in variables if recipe.decay_all or len(one.shape) > 1]
    if recipe.l2:
        kind = keras_internals.subclass(_L2, kind)
    if recipe.norm_bias_rate != 1:
        kind = keras_internals.subclass(_NormBiasRate, kind)
    try:
        made = kind(
            first_rate(recipe, steps),
            global_clipnorm=recipe.clip_norm,
            use_ema=recipe.ema is not None,
            ema_momentum=recipe.ema or 0.99,
            **options,
        )
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise CnnzooError(
            f"optimizer_options must be what Keras's {name} takes; "
            f"got {recipe.optimizer_options}: {reason}"
        ) from error
    if recipe.weight_decay:
        kept = [one for one in variables if not any(one is other for other in decayed)]
        made.exclude_from_weight_decay(var_list=kept)
    if recipe.l2:
        made.l2, made.decayed = recipe.l2, frozenset(map(id, decayed))
    if recipe.norm_bias_rate != 1:
        made.norm_bias_rate = recipe.norm_bias_rate
    if recipe.precision == "float16":
        made = keras.optimizers.LossScaleOptimizer(made)
    made.build(variables)
    return made


def _check_options(recipe: Recipe, kind: type) -> None:
    """Raise CnnzooError for an option that is unknown, a field of the recipe, or out of range."""
    known = {**inspect.signature(kind).parameters}
    for surplus in ("name", "kwargs"):
        known.pop(surplus, None)
    for option, value in recipe.optimizer_options.items():
        if option not in known:
            raise CnnzooError(unknown(f"option of {recipe.optimizer}", option, known))
        if option in _FIELDS:
            raise CnnzooError(
                f"optimizer_options must leave {option} to the recipe's field {_FIELDS[option]}; "
                f"got {value!r}"
            )
        for options, (rule, fits) in _RULES.items():
            by_default = value is None and known[option].default is None
            if option in options and not by_default and not fits(value):
                raise CnnzooError(f"optimizer_options.{option} must be {rule}; got {value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and type(value) is not bool and math.isfinite(value)


class _L2:
    """A mixin of an optimizer that adds `l2` times each decayed weight to its gradient.

    This is the weight decay of papers before https://arxiv.org/abs/1711.05101. As a term of the
    loss it would cost two passes over the weights and stand in every loss that is reported.
    """

    l2 = 0.0
    decayed: frozenset[int] = frozenset()  # By `id`.

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        sums = [
            ops.convert_to_tensor(grad) + self.l2 * weight
            if grad is not None and id(weight) in self.decayed
            else grad
            for grad, weight in zip(
                grads, trainable_variables or keras_internals.trainable_variables(self), strict=True
            )
        ]
        return super().apply(sums, trainable_variables)  # type: ignore[misc]


class _NormBiasRate:
    """A mixin of an optimizer that multiplies the gradients of the biases of normalization.

    Of SGD, with momentum or without, that multiplies their learning rate: Jordan 2024,
    https://arxiv.org/abs/2404.00498, section 3.4.
    """

    norm_bias_rate = 1.0

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        scaled = [
            self.norm_bias_rate * grad if grad is not None and weight.name == "beta" else grad
            for grad, weight in zip(
                grads, trainable_variables or keras_internals.trainable_variables(self), strict=True
            )
        ]
        return super().apply(scaled, trainable_variables)  # type: ignore[misc]
