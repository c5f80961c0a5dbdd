"""The model card: what a trained network is, how good, for what, and how to use it.

A card is a JSON document inside the artifact and beside each export; `markdown` writes it for
people.
"""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import Any

from cnnzoo.config.recipe import Recipe
from cnnzoo.errors import CnnzooError
from cnnzoo.export.card_header import header
from cnnzoo.pipelines.input_types import RawImages, RawSounds, raw_input

FORMAT = 4

_PATHS = ("dataset", "weights", "teacher")  # Fields that may hold a path.

_Z = 1.96  # Standard deviations of a normal distribution between which 95% of it lie.


def limits(card: dict[str, Any]) -> list[str]:
    """Return what a user must know before relying on the network, one sentence each."""
    raw, classes = raw_input(card["input"]), len(card["class_names"])
    weights = card.get("recipe", {}).get("weights")
    start = f", from weights of {weights}," if weights else ""
    found = [
        _of_strangers(card, classes),
        f"It was trained{start} and tested only on {card['dataset']}; "
        f"on other {raw.name}, expect less.",
        _of_scores(card),
    ]
    if isinstance(raw, RawImages):
        height, width, channels = raw.shape
        colors = "gray" if channels == 1 else "color"
        found.append(
            f"Images are resized to {height}x{width} {colors} pixels; finer details are lost."
        )
    elif isinstance(raw, RawSounds):
        seconds = raw.shape[0] / raw.sample_rate
        found.append(f"It uses the first {seconds:g} s, at {raw.sample_rate:,} samples per second.")
    else:
        found.append("All words that are missing from its training texts look the same to it.")
    return found


def _of_strangers(card: dict[str, Any], classes: int) -> str:
    if "unknown" not in card:
        return f"It predicts one of its {classes} classes for any input, even for one of none."
    return (
        f"It calls an input {card['unknown']['label']} that is unlike its training data, and 1 in "
        "100 that is not; one that is somewhat like them is given a class, whatever it is."
    )


def _of_scores(card: dict[str, Any]) -> str:
    if "calibration" not in card:
        return "A score is the network's confidence, not a calibrated probability."
    return (
        "Of its answers with a score of 80%, about 80% are right on data like those of training, "
        "and fewer on others."
    )


def interval(accuracy: float, examples: int) -> list[float]:
    """Return the 95% confidence interval of an accuracy measured on so many examples.

    Source: Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953.
    """
    share = _Z**2 / examples
    center = (accuracy + share / 2) / (1 + share)
    reach = (
        _Z / (1 + share) * math.sqrt(accuracy * (1 - accuracy) / examples + share / examples / 4)
    )
    return [round(center - reach, 6), round(center + reach, 6)]


def migrated(card: dict[str, Any], path: Any) -> dict[str, Any]:
    """Return `card` in today's format.

    Raises:
        CnnzooError: It is damaged, or of a format that this version does not know.
    """
    found = card.get("format")
    try:
        if card.get("format") == 1:
            recipe = {"folds": None, "fold": 0, **card["recipe"]}
            card = {**card, "format": 2, "recipe": recipe, "macs": None, "limits": limits(card)}
        if card.get("format") == 2:  # Whose names were spelled as in Britain.
            card = {"data_license" if n == "data_licence" else n: card[n] for n in card}
            card["format"] = 3
            if "recipe" in card:
                card["recipe"] = Recipe.current(card["recipe"], warn=False)
        if card.get("format") == 3:  # Without calibration, and unable to tell what is unknown.
            card = {**card, "format": 4}
    except (KeyError, TypeError, AttributeError) as error:
        raise CnnzooError(f"card.json of {path} is damaged: {error!r}") from error
    if card.get("format") != FORMAT:
        raise CnnzooError(
            f"{path} must have artifact format 1 to {FORMAT}; got {found}; install a newer cnnzoo"
        )
    return card


def portable(card: dict[str, Any]) -> dict[str, Any]:
    """Return the card with paths of this machine cut to their last part."""
    recipe = {
        field: _last_part(value) if field in _PATHS and value else value
        for field, value in card["recipe"].items()
    }
    source = card["data_source"]
    if source.startswith("file:"):
        source = f"file:{PurePath(source).name}"
    source = source.partition("?")[0]  # Which may hold a signature.
    found = {**card, "dataset": _last_part(card["dataset"]), "data_source": source}
    found["recipe"] = recipe
    return {**found, "limits": limits(found)}


def _last_part(path: str) -> str:
    return path.partition("?")[0] if "://" in path else PurePath(path).name


def markdown(card: dict[str, Any], address: str | None = None) -> str:
    """Return the card as a Markdown document with a header that sites of models read.

    Args:
        card: The card.
        address: What `cnnzoo.load` takes, if the card's name is not that.
    """
    name, names = card["name"], card["class_names"]
    more = ", ..." if len(names) > 10 else ""
    macs = "" if card["macs"] is None else f", {card['macs']:,} multiply-adds per example"
    metadata = [
        ("Task", f"{card['task']}, {len(names)} classes: {', '.join(names[:10])}{more}"),
        ("Network", f"`{card['model']}`, {card['params']:,} parameters{macs}"),
        ("Data", f"{card['dataset']}, {card['data_source']}"),
        ("License of the data", card["data_license"]),
        ("Recipe", f"`{name}`, seed {card['recipe']['seed']}; its fields are in card.json"),
        ("Made with", ", ".join(f"{one} {v}" for one, v in card["versions"].items())),
    ]
    table = "\n".join(f"| {key} | {value} |" for key, value in metadata)
    return "\n\n".join(
        [
            f"---\n{header(card)}\n---",
            f"# {name}",
            f"| | |\n|---|---|\n{table}",
            "## How good\n\n" + "\n".join(f"- {line}" for line in how_good(card["metrics"])),
            "## Limits\n\n" + "\n".join(f"- {line}" for line in card["limits"]),
            f"## How to use it\n\n{_usage(card, address)}",
        ]
    )


def how_good(metrics: dict[str, Any]) -> list[str]:
    """Return what the `metrics` of a card say, one sentence each."""
    lines = []
    if "test" in metrics:
        test = metrics["test"]
        low, high = interval(test["accuracy"], test["examples"])
        lines.append(
            f"Accuracy {test['accuracy']:.2%} on {test['examples']:,} test examples "
            f"(95% confidence interval {low:.2%} to {high:.2%}), evaluated once."
        )
    if "seeds" in metrics:
        seeds = metrics["seeds"]
        lines.append(
            f"Mean accuracy of {seeds['n']} runs of the recipe: {seeds['accuracy_mean']:.2%} ± "
            f"{seeds['accuracy_std']:.2%}."
        )
    validation = metrics["validation"]["accuracy"]
    lines.append(f"Epoch {metrics['epoch']}, chosen by its validation accuracy, {validation:.2%}.")
    return lines


def _usage(card: dict[str, Any], address: str | None) -> str:
    raw, name = raw_input(card["input"]), card["name"]
    file = {"images": '"picture.png"', "sounds": '"sound.wav"'}.get(raw.name, '"a text"')
    instance = '"a text"' if raw.name == "texts" else '{"b64": "..."}'
    export = f"cnnzoo export {address}\n" if address else ""
    signature = "serving_default" if raw.name == "texts" else "serving_bytes"
    return (
        f"```python\nimport cnnzoo\n\ncnnzoo.load({address or name!r}).predict([{file}])\n```\n\n"
        f"```\n{export}cnnzoo serve saved_models/\n"
        f"curl localhost:8501/v1/models/{name}:predict -d "
        f'\'{{"signature_name": "{signature}", "instances": [{instance}]}}\'\n```\n'
    )
