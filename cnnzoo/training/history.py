"""The history of a run: what each epoch reached, and the file that keeps it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from cnnzoo.errors import CnnzooError
from cnnzoo.files import read
from cnnzoo.training.checkpoints import Row

HISTORY = "history.csv"  # In a run folder.
_MEASURES = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")  # Of every epoch.


def best_epoch(history: list[Row]) -> Row:
    """Return the epoch with the highest validation accuracy, then the lowest validation loss.

    Where the last epochs are quantized, it is one of these.
    """
    return max(
        history,
        key=lambda row: (row.get("quantized", 0), row["val_accuracy"], -row["val_loss"]),
    )


def read_history(folder: Path) -> list[Row]:
    """Return the finished epochs of the run in `folder`, none of one that has not come so far.

    Raises:
        CnnzooError: The file is damaged.
    """
    path = folder / HISTORY
    if not path.is_file():
        return []
    try:
        rows = csv.DictReader(io.StringIO(read(path).decode()))
        found = [{name: float(value) for name, value in row.items() if value} for row in rows]
    except (ValueError, TypeError) as error:
        raise CnnzooError(f"{path} is damaged: it must be a table of numbers") from error
    for line, row in enumerate(found, start=2):
        if missing := [name for name in _MEASURES if name not in row]:
            raise CnnzooError(f"{path}, line {line}, is damaged: it has no {missing[0]}")
    return found


def history_csv(history: list[Row]) -> bytes:
    """Return the content of that file; what an earlier version did not note stays empty."""
    text = io.StringIO()
    names = dict.fromkeys(name for row in history for name in row)
    writer = csv.DictWriter(text, fieldnames=list(names))
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue().encode()
