"""Fine-tuning: training that starts from trained weights, with a fresh head.

In the recipe's first `frozen_epochs` only the head is trained; other layers compute as in
inference, batch normalization with its moving statistics. Then all layers are trained by an
optimizer without memory of that, whose learning rate starts anew, times the recipe's `thaw_rate`.
Which of the two an epoch is follows from its number alone, so that a run resumes anywhere.

Source: gradual unfreezing and the lower rate are those of Howard and Ruder 2018,
https://arxiv.org/abs/1801.06146, in two stages instead of one per layer.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import keras
import numpy as np
from keras.optimizers.schedules import LearningRateSchedule

from cnnzoo import transfer
from cnnzoo.config.recipe import Recipe
from cnnzoo.errors import CnnzooError
from cnnzoo.export.assembly import giving
from cnnzoo.inspection.graph import graph
from cnnzoo.models import imagenet_application
from cnnzoo.pipelines.tokenizer import Tokenizer
from cnnzoo.training.keras_schedules import keras_schedule, scaled
from cnnzoo.training.pruning import pruned
from cnnzoo.training.run_folder import unnamed_config
from cnnzoo.transfer import Trained


def trained_weights(recipe: Recipe) -> tuple[Recipe, Trained | None]:
    """Return `recipe` with the model options that its weights need, and these weights, if any.

    Raises:
        CnnzooError: There are no such weights, or they are not for the recipe's model.
    """
    if recipe.weights is None:
        return recipe, None
    if recipe.weights == transfer.IMAGENET:
        options = dict(recipe.model_options)
        found = transfer.imagenet(imagenet_application(recipe.model, options))
        return recipe.replace(model_options=options), found
    found = transfer.trained(recipe.weights)
    if recipe.tokens is not None and not isinstance(found.preprocessing, Tokenizer):
        raise CnnzooError(
            f"weights must come with their tokenizer for {recipe.model}; got {recipe.weights!r}"
        )
    if found.preprocessing is None:
        note = f"{recipe.weights} holds no preprocessing: inputs are {recipe.normalization}"
        print(note, file=sys.stderr, flush=True)
    return recipe, found


def require_same_input(recipe: Recipe, trained: Trained, shape: tuple[int | None, ...]) -> None:
    """Refuse weights of a network whose input is not of `shape`.

    Raises:
        CnnzooError: It is not.
    """
    if trained.input_shape not in (None, shape):
        raise CnnzooError(
            f"weights must be of a network that takes {shape}, as {recipe.model} does here; "
            f"got {recipe.weights!r}, which takes {trained.input_shape}"
        )


def digest(trained: Trained) -> str:
    """Return the SHA-256 of weights and preprocessing."""
    found = hashlib.sha256()
    if trained.preprocessing is not None:
        found.update(json.dumps(unnamed_config(trained.preprocessing)).encode())
    for name, values in trained.weights.items():
        for value in values:
            found.update(f"{name} {value.shape} {value.dtype}".encode())
            found.update(np.ascontiguousarray(value).tobytes())
    return found.hexdigest()


def load_all_but_head(
    recipe: Recipe, network: keras.Model, another: keras.Model, trained: Trained
) -> list[keras.layers.Layer]:
    """Copy trained weights into all of `network` but its head, and return the layers to freeze.

    Args:
        recipe: Names the weights.
        network: Of fresh weights.
        another: The same network for another number of classes, from which the head is known.
        trained: What to copy.

    Raises:
        CnnzooError: They are of a network of other layers, or the head alone cannot be trained.
    """
    head = transfer.head_layers(network, another)
    weights = {name: values for name, values in trained.weights.items() if name not in head}
    transfer.load_weights_into(network, weights, head=head)
    if recipe.frozen and not any(network.get_layer(name).trainable_weights for name in head):
        raise CnnzooError(
            f"frozen_epochs must be 0 for {network.name}, whose head has no weights to train; "
            f"got {recipe.frozen}"
        )
    return [layer for layer in network.layers if layer.trainable and layer.name not in head]


def continued(recipe: Recipe, trained: Trained, classes: int) -> keras.Model:
    """Return a copy of a trained network, head included, pruned if the recipe says so.

    Raises:
        CnnzooError: It is another network than the recipe's, or cannot be pruned so.
    """
    network, what = trained.network, "quantize" if recipe.prune is None else "prune"
    if network is None or network.name != recipe.model:
        raise CnnzooError(
            f"weights must be of a trained {recipe.model} with its head, for {what}; "
            f"got {recipe.weights!r}"
        )
    if (known := graph(network).outputs[0].shape[-1]) != classes:
        raise CnnzooError(
            f"weights must be of a network of {classes} classes, since {what} keeps its head; "
            f"got {recipe.weights!r}, which has {known}"
        )
    network = giving(network, graph(network).outputs[0])  # An artifact's gives maps, too.
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy if recipe.prune is None else pruned(copy, recipe.prune)


def first_rate(recipe: Recipe, steps: int) -> float | LearningRateSchedule:
    """Return the learning rate of the first epoch and those like it, of `steps` steps each."""
    return keras_schedule(recipe.learning_rate, recipe.frozen or recipe.epochs, steps)


def thawed_rate(recipe: Recipe, steps: int) -> float | LearningRateSchedule:
    """Return the learning rate of the epochs after the frozen ones."""
    rate = scaled(recipe.learning_rate, recipe.thaw_rate)
    return keras_schedule(rate, recipe.epochs - recipe.frozen, steps)


class Frozen(keras.callbacks.Callback):
    """Keeps layers as they are in the first epochs, and then lets training start anew for all.

    It must come before a callback that restores an optimizer.
    """

    def __init__(
        self,
        recipe: Recipe,
        layers: list[keras.layers.Layer],
        optimizer: keras.optimizers.Optimizer,
        steps: int,
    ) -> None:
        """Take the layers to freeze, an optimizer that has made no step, and steps per epoch."""
        super().__init__()
        self._recipe = recipe
        self._layers = layers
        self._steps = steps
        self._thawed = recipe.frozen == 0  # Then this does nothing.
        # An optimizer fills each of its variables with one number.
        self._fresh = [np.ravel(variable)[0] for variable in optimizer.variables]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Freeze, or start anew, before the first step of the epoch."""
        thawed = epoch >= self._recipe.frozen
        for layer in self._layers:
            layer.trainable = thawed
        if thawed and not self._thawed:
            self._thaw(epoch)
        self._thawed = thawed

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Leave the layers as the optimizer was built for them; the compiled step stays frozen."""
        for layer in self._layers:
            layer.trainable = True

    def _thaw(self, epoch: int) -> None:
        optimizer, recipe = self.model.optimizer, self._recipe
        first = epoch == recipe.frozen
        if first:  # Of a resumed run, a later epoch has the memory that was restored.
            for variable, value in zip(optimizer.variables, self._fresh, strict=True):
                variable.assign(np.full(variable.shape, value))
        rate = thawed_rate(recipe, self._steps)
        if first or not isinstance(rate, float):  # A number was restored, too.
            optimizer.learning_rate = rate
        self.model.make_train_function(force=True)
