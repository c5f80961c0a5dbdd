"""Trained weights for a new model: of ImageNet, of a saved model, or of another model."""

from __future__ import annotations

import importlib
import re
import zipfile
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnzoo import layers
from cnnzoo.errors import CnnzooError
from cnnzoo.lazy import keras
from cnnzoo.registry import unknown

if TYPE_CHECKING:
    import keras

HEAD = "logits"
_KEEPING = "InputLayer", "ZeroPadding1D", "ZeroPadding2D"  # Layers that change no value.
_RULE = "weights must be 'imagenet', a model, a .keras file, a run folder or a shipped name"

IMAGENET = "imagenet"
# Of ImageNet's photographs, red, green and blue from 0 to 255, as keras.applications subtracts it.
IMAGENET_MEAN = (123.68, 116.779, 103.939)

Weights = dict[str, list[Any]]  # Values of each layer's weights, by the layer's name.


class Trained(NamedTuple):
    """Trained weights, and what they were trained with."""

    weights: Weights
    preprocessing: keras.layers.Layer | None  # As `preprocessing_of` has it; None if unknown.
    input_shape: tuple[int | None, ...] | None  # Of one input of the network; None if any will do.
    network: keras.Model | None = None  # None of ImageNet's, whose classes are others.


def features(model: keras.Model, layer: str) -> keras.Model:
    """Return the part of `model` that ends with the output of `layer`; the weights are shared.

    Raises:
        CnnzooError: The model has no such layer, or is not a model.
    """
    end = _layer(model, layer).output
    kind = layers.DeepModel if isinstance(model, layers.DeepModel) else keras.Model
    return kind(model.inputs, end, name=f"{model.name}_{layer}")


def freeze(model: keras.Model, layer: str | None = None) -> None:
    """Keep the weights of `model` as they are in training, up to and including `layer`.

    Frozen batch normalization stays in inference mode: it uses its moving statistics and does not
    change them. Compile the model afterwards.

    Args:
        model: A Functional model.
        layer: The last one to freeze; by default the one before the head (`logits`).

    Raises:
        CnnzooError: The model has no such layer, or is not a model.
    """
    end = _layer(model, HEAD if layer is None else layer)
    last = [one.name for one in model.layers].index(end.name) + (layer is not None)
    for one in model.layers[:last]:
        one.trainable = False


def _layer(model: keras.Model, name: str) -> keras.layers.Layer:
    if not isinstance(model, keras.Model):
        raise CnnzooError(f"model must be a keras.Model; got {model!r}")
    names = [layer.name for layer in model.layers]
    if not isinstance(name, str) or name not in names:
        raise CnnzooError(unknown(f"layer of {model.name}", name, names, see="model.summary()"))
    return model.get_layer(name)


def load_weights_into(model: keras.Model, weights: Weights, *, head: Container[str] = ()) -> None:
    """Copy trained weights into `model`, layer by layer and by name.

    Args:
        model: A model of the zoo.
        weights: What `weights_of` or `imagenet` returned.
        head: Names of layers that are left as they are where theirs have another shape, or are
            missing.

    Raises:
        CnnzooError: A layer is missing, has another shape or is left over; nothing is copied.
    """
    own = {layer.name for layer in model.layers if layer.weights}
    surplus = next((name for name in weights if name not in {*own, HEAD}), None)
    fitting: dict[str, list[Any]] = {}
    for layer in model.layers:
        if not layer.weights:
            continue
        expected = [tuple(weight.shape) for weight in layer.weights]
        values = weights.get(layer.name)
        if values is not None and [value.shape for value in values] == expected:
            fitting[layer.name] = values
        elif layer.name not in head:
            found = "no such layer" if values is None else [value.shape for value in values]
            raise CnnzooError(
                f"weights must fit {model.name}: layer {layer.name!r} expects {expected}; "
                f"found {found}"
            )
    if surplus is not None:
        raise CnnzooError(
            f"weights must fit {model.name}: it has no layer {surplus!r}, which the weights have"
        )
    for name, values in fitting.items():
        model.get_layer(name).set_weights(values)


def head_layers(model: keras.Model, another: keras.Model) -> set[str]:
    """Return the layers of `model` whose shapes differ in `another`, of other classes."""
    shapes = [
        {layer.name: [weight.shape for weight in layer.weights] for layer in one.layers}
        for one in (model, another)
    ]
    return {name for name, own in shapes[0].items() if own != shapes[1][name]}


def trained(source: str | Path | keras.Model) -> Trained:
    """Return the weights of a model, of a `.keras` file, or of what `cnnzoo.load` takes.

    Raises:
        CnnzooError: There is no such model, or it is damaged.
    """
    model = _model(source)
    network = next((layer for layer in model.layers if isinstance(layer, keras.Model)), model)
    return Trained(weights_of(model), _preprocessing(model), network.input_shape[1:], network)


def preprocessing_of(weights: str | Path | keras.Model) -> keras.layers.Layer:
    """Return the layer from raw input to what a network with these weights takes.

    For images, uint8 or float `[batch, height, width, channels]` from 0 to 255 and RGB if they have
    colors, and for sounds it is a `Rescaling`; for texts it is their `Tokenizer`. `cnnzoo.train`
    with these weights has the same layer.

    Args:
        weights: As for `create_model`, "imagenet" too.

    Raises:
        CnnzooError: There are no such weights, or they are of a Keras file without preprocessing.
    """
    if isinstance(weights, str) and weights == IMAGENET:
        return _rescaling(1.0, [-mean for mean in IMAGENET_MEAN])
    found = trained(weights).preprocessing
    if found is None:
        raise CnnzooError(f"weights must come with their preprocessing; got {weights!r}")
    return found


def _preprocessing(model: keras.Model) -> keras.layers.Layer | None:
    """Return the tokenizer before the network of `model`, or all rescaling there as one layer."""
    import numpy as np  # Not needed to list names.

    scale, offset, found = np.float64(1), np.float64(0), False
    for layer in model.layers:
        if hasattr(layer, "vocabulary"):
            return layer
        if isinstance(layer, keras.layers.Rescaling):
            by, plus = np.asarray(layer.scale), np.asarray(layer.offset)
        elif isinstance(layer, keras.layers.Normalization):
            by = 1 / np.sqrt(np.ravel(layer.variance).astype(np.float64))
            plus = -np.ravel(layer.mean) * by
        elif type(layer).__name__ in _KEEPING:
            continue
        else:
            break
        scale, offset, found = scale * by, offset * by + plus, True
    return _rescaling(scale.tolist(), offset.tolist()) if found else None


def _rescaling(scale: Any, offset: Any) -> keras.layers.Layer:
    return keras.layers.Rescaling(scale, offset, name="standardize")


def weights_of(source: str | Path | keras.Model) -> Weights:
    """Return the weights of a model, of a `.keras` file, or of what `cnnzoo.load` takes.

    Those of nested models are among them; those of preprocessing and of calibration are not.

    Raises:
        CnnzooError: There is no such model, or it is damaged.
    """
    around = (keras.layers.Normalization, layers.Familiarity)
    found: Weights = {}
    for layer in _model(source).layers:
        if isinstance(layer, keras.Model):
            found.update(weights_of(layer))
        elif layer.weights and not isinstance(layer, around):
            found[layer.name] = layer.get_weights()
    return found


def _model(source: Any) -> keras.Model:
    if isinstance(source, keras.Model):
        return source
    if not isinstance(source, (str, Path)):
        raise CnnzooError(f"{_RULE}; got {source!r}")
    path = Path(source)
    if path.is_file() and not _is_artifact(path):
        return _read(path)
    # By its name: this module stands below, and what reads artifacts needs TensorFlow.
    load = importlib.import_module("cnnzoo.export.artifact").load
    try:
        classifier = load(source)
        _ = classifier.network  # A SavedModel has none, which is an error.
    except CnnzooError as error:
        raise CnnzooError(f"{_RULE}: {error}") from error
    return classifier.model


def _is_artifact(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "card.json" in archive.namelist()


def _read(path: Path) -> keras.Model:
    from cnnzoo.guard.keras_file import check_keras_file  # Not needed to list names.

    for layer in layers.__all__:  # Keras finds a layer by its registered name once it is imported.
        getattr(layers, layer)
    check_keras_file(path)
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Of any kind: Keras makes objects from what the file says.
        raise CnnzooError(f"{path} must be a Keras model file (.keras)") from error


def imagenet(application: str) -> Trained:
    """Return the ImageNet weights of `application` in keras.applications, downloaded once.

    Raises:
        CnnzooError: They can be neither downloaded nor read.
    """
    try:
        source = getattr(keras.applications, application)(weights=IMAGENET)
    except Exception as error:  # Keras raises bare exceptions when a download fails.
        raise CnnzooError(
            f"weights 'imagenet' of {application} cannot be downloaded: {error}"
        ) from error
    return Trained(from_application(source), preprocessing_of(IMAGENET), None)


def from_application(source: keras.Model) -> Weights:
    """Return the weights of a VGG or ResNet of keras.applications under the names of the zoo.

    Theirs take blue, green and red; here, the first convolution takes red, green and blue. Their
    residual networks have convolution biases, which the following normalization takes over: a bias
    moves what is normalized as a smaller moving mean does.
    """
    theirs = weights_of(source)
    ours: Weights = {}
    for name, values in theirs.items():
        normalization = theirs.get(re.sub(r"_conv$", "_bn", name))
        if normalization is not None and name.endswith("_conv"):
            kernel, bias = values
            gamma, beta, mean, variance = normalization
            ours[_renamed(name)] = [kernel]
            ours[_renamed(name.replace("_conv", "_bn"))] = [gamma, beta, mean - bias, variance]
        elif not name.endswith("_bn"):
            ours[_renamed(name)] = values
    first = next(iter(ours))
    ours[first] = [ours[first][0][:, :, ::-1], *ours[first][1:]]
    return ours


def _renamed(name: str) -> str:
    """Return the name here of a layer of keras.applications."""
    if found := re.fullmatch(r"conv(\d)_block(\d+)_(\d)_(conv|bn)", name):
        stage, unit, place, kind = found.groups()
        part = f"shortcut_{kind}" if place == "0" else f"{kind}{place}"
        return f"stage{int(stage) - 1}_unit{unit}_{part}"
    for theirs, ours in (
        (r"conv1_(conv|bn)", r"stem_\1"),
        (r"block(\d)_conv(\d)", r"stage\1_conv\2"),
        (r"fc(\d)", r"dense\1"),
        (r"predictions", HEAD),
    ):
        if re.fullmatch(theirs, name):
            return re.sub(theirs, ours, name)
    return name
