"""Several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from cnnzoo.errors import CnnzooError
from cnnzoo.training.curves import draw_comparison
from cnnzoo.training.history import best_epoch, read_history
from cnnzoo.training.run_folder import holds_run, read_metrics, started


def compare(runs: Sequence[str | Path]) -> tuple[list[dict[str, Any]], Figure]:
    """Return what each run reached and what sets it apart, and a picture of their courses.

    Args:
        runs: Run folders, two or more; runs that are not finished have the figures so far.

    Returns:
        A dictionary per run: `run`; `fields`, those of its recipe that are not the same in all, as
        `--set` takes them; `epochs`, so far; `epoch`, the best of them by validation, with its
        `validation_accuracy`, a fraction, and `validation_loss`; `test_accuracy` and `seconds`,
        None before the run is finished. And the picture: validation loss, validation accuracy and
        learning rate over the epochs.

    Raises:
        CnnzooError: There are fewer than two, or one holds no finished epoch of a run.
    """
    listed = isinstance(runs, Sequence) and not isinstance(runs, str)
    if not listed or len(runs) < 2 or not all(isinstance(run, (str, Path)) for run in runs):
        raise CnnzooError(f"runs must be two run folders or more; got {runs!r}")
    folders = [Path(run) for run in runs]
    if twice := [one for one in folders if folders.count(one) > 1]:
        raise CnnzooError(f"runs must be different ones; got {twice[0]} {len(twice)} times")
    histories = {str(folder): _history(folder) for folder in folders}
    texts = [_fields(folder) for folder in folders]
    names = dict.fromkeys(name for one in texts for name in one)
    varied = [name for name in names if len({one.get(name) for one in texts}) > 1]
    rows = []
    for folder, fields in zip(folders, texts, strict=True):
        best, metrics = best_epoch(histories[str(folder)]), read_metrics(folder) or {}
        rows.append(
            {
                "run": str(folder),
                "fields": {name: fields[name] for name in varied if name in fields},
                "epochs": len(histories[str(folder)]),
                "epoch": int(best["epoch"]),
                "validation_accuracy": best["val_accuracy"],
                "validation_loss": best["val_loss"],
                "test_accuracy": metrics.get("accuracy"),
                "seconds": metrics.get("seconds"),
            }
        )
    return rows, draw_comparison(histories)


def _history(folder: Path) -> list[dict[str, float]]:
    if not holds_run(folder):
        raise CnnzooError(f"runs must be run folders; got {str(folder)!r}")
    history = read_history(folder)
    if not history:
        raise CnnzooError(f"runs must have finished an epoch; {folder} has not")
    return history


def _fields(folder: Path) -> dict[str, str]:
    found = started(None, folder)
    assert found is not None  # It holds a run.
    return found.recipe.to_text()
