"""The model card: what a trained network is, how good, for what, and how to use it.

A card is a JSON document inside the artifact and beside each export; `markdown` writes it for
people.
"""

from __future__ import annotations

import math
from typing import Any

from cnnzoo.config.recipe import Recipe
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.input_types import RawImages, RawSounds, raw_input

FORMAT = 3

_Z = 1.96  # Standard deviations of a normal distribution between which 95% of it lie.


def limits(card: dict[str, Any]) -> list[str]:
    """Return what a user must know before relying on the network, one sentence each."""
    raw, classes = raw_input(card["input"]), len(card["class_names"])
    weights = card.get("recipe", {}).get("weights")
    start = f", from weights of {weights}," if weights else ""
    found = [
        f"It predicts one of its {classes} classes for any input, even for one of none of them.",
        f"It was trained{start} and tested only on {card['dataset']}; "
        f"on other {raw.name}, expect less.",
        "A score is the network's confidence, not a calibrated probability.",
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
            card = _from_1(card)
        if card.get("format") == 2:
            card = _from_2(card)
    except (KeyError, TypeError, AttributeError) as error:
        raise CnnzooError(f"card.json of {path} is damaged: {error!r}") from error
    if card.get("format") != FORMAT:
        raise CnnzooError(
            f"{path} must have artifact format 1 to {FORMAT}; got {found}; install a newer cnnzoo"
        )
    return card


def _from_1(card: dict[str, Any]) -> dict[str, Any]:
    recipe = {"folds": None, "fold": 0, **card["recipe"]}
    return {**card, "format": 2, "recipe": recipe, "macs": None, "limits": limits(card)}


def _from_2(card: dict[str, Any]) -> dict[str, Any]:
    """Spell names as in America."""
    renamed = {"data_licence": "data_license"}
    found = {renamed.get(name, name): value for name, value in card.items()}
    if "recipe" in found:
        found["recipe"] = Recipe.current(found["recipe"], warn=False)
    return {**found, "format": 3}


def markdown(card: dict[str, Any]) -> str:
    """Return the card as a Markdown document."""
    name = card["name"]
    metadata = [
        ("Task", f"{card['task']}, {len(card['class_names'])} classes: {_names(card)}"),
        ("Network", f"`{card['model']}`, {card['params']:,} parameters{_macs(card)}"),
        ("Data", f"{card['dataset']}, {card['data_source']}"),
        ("License of the data", card["data_license"]),
        ("Recipe", f"`{name}`, seed {card['recipe']['seed']}; its fields are in card.json"),
        ("Made with", ", ".join(f"{one} {v}" for one, v in card["versions"].items())),
    ]
    table = "\n".join(f"| {key} | {value} |" for key, value in metadata)
    return "\n\n".join(
        [
            f"# {name}",
            f"| | |\n|---|---|\n{table}",
            "## How good\n\n" + "\n".join(f"- {line}" for line in how_good(card["metrics"])),
            "## Limits\n\n" + "\n".join(f"- {line}" for line in card["limits"]),
            f"## How to use it\n\n{_usage(card)}",
        ]
    )


def _names(card: dict[str, Any]) -> str:
    names = card["class_names"]
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")


def _macs(card: dict[str, Any]) -> str:
    return "" if card["macs"] is None else f", {card['macs']:,} multiply-adds per example"


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


def _usage(card: dict[str, Any]) -> str:
    raw, name = raw_input(card["input"]), card["name"]
    file = {"images": '"picture.png"', "sounds": '"sound.wav"'}.get(raw.name, '"a text"')
    instance = '"a text"' if raw.name == "texts" else '{"b64": "..."}'
    signature = "serving_default" if raw.name == "texts" else "serving_bytes"
    return (
        f"```python\nimport cnnzoo\n\ncnnzoo.load({name!r}).predict([{file}])\n```\n\n"
        "```\ncnnzoo serve saved_models/\n"
        f"curl localhost:8501/v1/models/{name}:predict -d "
        f'\'{{"signature_name": "{signature}", "instances": [{instance}]}}\'\n```\n'
    )
