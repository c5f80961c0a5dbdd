"""A recipe trained with every combination of some of its fields' values."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cnnzoo.config.recipe import recipes
from cnnzoo.errors import CnnzooError
from cnnzoo.training.run import train
from cnnzoo.training.run_folder import holds_run


def sweep(name: str, over: Mapping[str, Sequence[str]], out: str | Path) -> list[dict[str, Any]]:
    """Train recipe `name` with each combination of values, and compare them on validation data.

    Runs stand in folders of `out`; one that is there is resumed, or used if finished, so that
    a sweep that was stopped is resumed by the same call.

    Args:
        name: Of a recipe.
        over: Field, such as "batch_size" or "learning_rate.peak" -> its values, as text.
        out: Folder of the runs.

    Returns:
        One dictionary per combination, the best first: `fields`, `validation_accuracy`,
        `validation_loss`, `seconds` and `run`. Test scores are left out: whoever chooses by
        them has no test data left.

    Raises:
        CnnzooError: The recipe or a field is unknown, a value is wrong, or a field has no value.
    """
    recipe = recipes()[name].RECIPE
    for field, values in over.items():
        if not values:
            raise CnnzooError(f"over must give at least one value for {field}; got none")
    chosen = [dict(zip(over, values, strict=True)) for values in itertools.product(*over.values())]
    # All are checked before the first is trained.
    recipe_fields = [recipe.parse(assignments) for assignments in chosen]
    for fields in recipe_fields:
        recipe.replace(**fields)
    rows = []
    for assignments, fields in zip(chosen, recipe_fields, strict=True):
        folder = Path(out) / _folder(assignments)
        started = holds_run(folder)
        run = train(name, out=folder, resume=started, **fields)
        validation = run.metrics["validation"]
        rows.append(
            {
                "fields": assignments,
                "validation_accuracy": validation["accuracy"],
                "validation_loss": validation["loss"],
                "seconds": run.metrics["seconds"],
                "run": str(folder),
            }
        )
    return sorted(rows, key=lambda row: (-row["validation_accuracy"], row["validation_loss"]))


def _folder(assignments: Mapping[str, str]) -> str:
    """Return a name with the values, which no other combination has."""
    text = ",".join(f"{field}={value}" for field, value in assignments.items())
    safe = "".join(one if one.isalnum() or one in "=,._-" else "_" for one in text)
    digest = hashlib.sha256(json.dumps(assignments, sort_keys=True).encode()).hexdigest()
    return f"{safe[:100]}-{digest[:8]}"
