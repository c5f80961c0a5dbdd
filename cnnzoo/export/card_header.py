"""What a site of models reads of a card: the YAML at the head of its Markdown.

Source: https://huggingface.co/docs/hub/model-cards#model-card-metadata.
"""

from __future__ import annotations

import json
import re
from typing import Any

from cnnzoo.datasets import DATASETS
from cnnzoo.pipelines.input_types import raw_input

_TASKS = {
    "images": "image-classification",
    "sounds": "audio-classification",
    "texts": "text-classification",
}


def header(card: dict[str, Any]) -> str:
    """Return the fields of `card` that a site of models reads, one per line, as YAML.

    Each value is written as JSON, which YAML includes.
    """
    task = _TASKS[raw_input(card["input"]).name]
    fields: dict[str, Any] = {
        "license": _license(card["data_license"]),
        "library_name": "cnnzoo",
        "pipeline_tag": task,
    }
    if card["dataset"] in DATASETS:
        fields["datasets"] = [card["dataset"]]
    fields["metrics"] = ["accuracy"]
    if "test" in card["metrics"]:
        fields["model-index"] = [{"name": card["name"], "results": [_result(card, task)]}]
    return "\n".join(
        f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()
    )


def _license(text: str) -> str:
    """Return the site's name of a license of data, such as "cc-by-4.0"."""
    if not text or text.startswith("none stated"):
        return "unknown"
    known = re.match(r"MIT\b|CC BY(-SA)? \d\.\d", text)
    return known[0].lower().replace(" ", "-") if known else "other"


def _result(card: dict[str, Any], task: str) -> dict[str, Any]:
    return {
        "task": {"type": task},
        "dataset": {"type": card["dataset"], "name": card["dataset"], "split": "test"},
        "metrics": [{"type": "accuracy", "value": card["metrics"]["test"]["accuracy"]}],
    }
