"""The artifact: one `.keras` file that turns raw input into named predictions.

It holds a Keras model from raw images, sounds or texts to softmax scores, preprocessing and
tokenizer included, and a model card with the class names. Plain Keras opens it too, once the layers
that are missing from Keras are imported. The file ends in the SHA-256 of all that precedes: a
damaged file is refused.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnzoo import layers
from cnnzoo.addresses import copy_of, is_address
from cnnzoo.errors import CnnzooError
from cnnzoo.export.card import FORMAT, migrated
from cnnzoo.export.classifier import Classifier
from cnnzoo.export.hub import PREFIX, download
from cnnzoo.export.runtime import LITERT, TOKENIZER, Light, check_light, parts_of_export
from cnnzoo.files import check_seal, read, write_sealed
from cnnzoo.guard.archive import check_archive, read_part
from cnnzoo.guard.documents import CARD_BYTES, parse_card
from cnnzoo.guard.sums import SUMS, check_sums
from cnnzoo.lazy import keras
from cnnzoo.quiet import start_tensorflow
from cnnzoo.registry import unknown
from cnnzoo.weights import light_parts, list_weights, unpacked

ARTIFACT = "artifact.keras"  # In a run folder.
CARD = "card.json"  # In the file, and among a SavedModel's extra assets.

RECIPE = "recipe.json"  # In a run folder.

_NEWER = ("input_axes", "output_axes", "quantization_config")  # None by default.


def save(
    path: Path, model: keras.Model, card: dict[str, Any], light: Mapping[str, bytes] | None = None
) -> None:
    """Write the artifact to `path`, whole or not at all.

    Args:
        path: A file; one that is there is replaced.
        model: What `assembly.connect` returned.
        card: The format and the SHA-256 of the other parts are added.
        light: What answers without Keras, as `Classifier.parts` returns it.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / ARTIFACT
        model.save(plain)
        with zipfile.ZipFile(plain) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    # Keras 3.12, which Python 3.10 has, does not know some arguments that are None by default.
    config = json.loads(
        parts["config.json"],
        object_pairs_hook=lambda c: {k: v for k, v in c if v is not None or k not in _NEWER},
    )
    parts["config.json"] = json.dumps(config).encode()
    parts |= light or {}
    digests = {name: hashlib.sha256(part).hexdigest() for name, part in parts.items()}
    full = {**card, "format": FORMAT, "sha256": digests}
    write_sealed(path, {**parts, CARD: json.dumps(full, indent=1).encode()})


def load(name: str | Path) -> Classifier:
    """Return the trained network `name`, ready to predict from raw input.

    Args:
        name: A name of `list_weights()`, or the path of a run folder, of an artifact, or of an
            exported SavedModel (its folder, or the folder of its versions, for the latest); or
            hf://USER/NAME[@REVISION], to which one was pushed.

    Raises:
        CnnzooError: No such network was found, it is damaged, or it cannot be downloaded.
    """
    if not isinstance(name, (str, Path)):
        raise CnnzooError(f"name must be a path or a name of list_weights(); got {name!r}")
    if str(name) in list_weights():
        return _shipped(str(name))
    if str(name).startswith(PREFIX):
        return _open(download(str(name), ARTIFACT))
    path = copy_of(str(name)) if is_address(name) else Path(name)
    if path.is_file():
        return _open(path)
    if (path / ARTIFACT).is_file():
        found = _open(path / ARTIFACT)
        found.of_run = (path / RECIPE).is_file()
        return found
    if (path / RECIPE).is_file():
        raise CnnzooError(f"{path} holds a run whose first epoch is not finished; resume it first")
    version = latest_version(path)
    if version is not None:
        return _open_export(version)
    if path.exists() or path.name != str(name):
        what = "a folder without one" if path.exists() else "no such path"
        raise CnnzooError(f"{path} must be a run folder, an artifact or a SavedModel; got {what}")
    raise CnnzooError(unknown("trained model", name, list_weights(), "cnnzoo list weights"))


def latest_version(path: Path) -> Path | None:
    """Return the SavedModel at `path`, or the latest version below it, or None."""
    numbered = [found for found in path.glob("*/saved_model.pb") if found.parent.name.isdecimal()]
    versions = sorted((found.parent for found in numbered), key=lambda folder: int(folder.name))
    candidates = [path, *reversed(versions)]
    return next((folder for folder in candidates if (folder / "saved_model.pb").is_file()), None)


def _shipped(name: str) -> Classifier:
    parts = light_parts(name)
    if parts is None:
        with unpacked(name) as path:
            return _open(path)

    card = _card(parts[CARD], Path(name))
    return Classifier(card, Light(parts, name), functools.partial(_shipped_model, name))


def _shipped_model(name: str) -> keras.Model:
    with unpacked(name) as path:
        return _keras_model(path)


def _open(path: Path) -> Classifier:
    check_seal(path)
    card = _card(read_part(path, CARD), path)
    present = [name for name in (LITERT, TOKENIZER) if name in check_archive(path)]
    if LITERT not in present:
        from cnnzoo.export.scoring import from_file

        return from_file(_keras_model(path), card, str(path))
    parts = {name: read_part(path, name) for name in present}
    check_light(parts, card, str(path))
    return Classifier(
        card, Light(parts, str(path)), functools.partial(_keras_model, path, card["sha256"])
    )


def _open_export(version: Path) -> Classifier:
    check_sums(version)
    path = version / "assets.extra" / CARD
    card = migrated(parse_card(read(path, limit=CARD_BYTES), str(path)), version)
    parts = parts_of_export(version)
    # Whoever exported it has compared LiteRT with TensorFlow, and the sums hold what was there.
    if parts is not None and (version / SUMS).is_file():
        check_light(parts, card, str(version))
        return Classifier(card, Light(parts, str(version)))
    from cnnzoo.export.scoring import from_saved_model

    return from_saved_model(version, card)


def _card(content: bytes, path: Path) -> dict[str, Any]:
    return migrated(parse_card(content, f"{CARD} of {path}"), path)


def _keras_model(path: Path, expected: dict[str, str] | None = None) -> keras.Model:
    """Return the Keras model in an artifact.

    Args:
        path: Of the artifact.
        expected: SHA-256 of its parts, if it was opened before.

    Raises:
        CnnzooError: It is damaged, may not be opened, or is another one by now.
    """
    check_seal(path)
    card = _card(read_part(path, CARD), path)
    if expected is not None and card["sha256"] != expected:
        raise CnnzooError(f"{path} must stay as it was loaded; it holds another network now")
    if "tensorflow" not in sys.modules:
        start_tensorflow()
    from cnnzoo.guard.keras_file import check_keras_file
    from cnnzoo.pipelines import tokenizer

    # Keras finds a layer by its registered name once it is imported.
    for module in (layers, tokenizer):
        for layer in module.__all__:
            getattr(module, layer)
    check_keras_file(path)
    try:
        return keras.saving.load_model(path, compile=False)
    except (TypeError, ValueError) as error:
        writer, reader = card["versions"]["keras"], keras.__version__
        advice = "" if writer == reader else f"; install Keras {writer}"
        raise CnnzooError(
            f"{path} was written by Keras {writer}, and Keras {reader} cannot read it{advice}"
        ) from error
