"""The results table, results.csv: one row per recipe, replaced fields and hardware.

The README's table is made from the rows of networks whose weights are shipped.

Run: python -m cnnzoo.evaluation.ledger results.csv README.md
"""

from __future__ import annotations

import csv
import io
import sys
import sysconfig
from pathlib import Path
from typing import Any

from cnnzoo.errors import CnnzooError
from cnnzoo.files import replace_between, write_whole
from cnnzoo.weights import list_weights

COLUMNS = (
    *(
        "recipe",
        "settings",
        "accuracy_mean",
        "accuracy_std",
        "n",
        "seeds",
        "accuracies",
        "params",
        "epochs",
    ),
    *("seconds", "hardware", "versions", "commit", "paper_accuracy", "target"),
    "corrupted_accuracy",  # Mean over corruptions, strengths and seeds, where it was measured.
    # Means over the seeds, of scores as they are served and before they were calibrated.
    *("loss", "ece", "brier", "loss_before", "ece_before", "brier_before"),
)

_KEYS = ("recipe", "settings", "hardware")


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of the results table at `path`, none without such a file."""
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            # Earlier tables have fewer columns.
            return [{**dict.fromkeys(COLUMNS, ""), **row} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CnnzooError(f"{path} must be a table of results: {error}") from error


def shipped() -> list[dict[str, str]]:
    """Return the rows that came with the package, none where they are not installed."""
    checkout = Path(__file__).resolve().parents[2] / "results.csv"
    installed = Path(sysconfig.get_path("data")) / "share" / "cnnzoo" / "results.csv"
    return read(checkout) or read(installed)


def trained(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return those of `rows` whose recipes have shipped weights."""
    return [row for row in rows if row["recipe"] in list_weights()]


def write(path: Path, row: dict[str, Any]) -> None:
    """Write `row` to the results table, over an older one of the same `_KEYS`."""
    text = {name: "" if row.get(name) is None else str(row[name]) for name in COLUMNS}
    others = [old for old in read(path) if any(old[key] != text[key] for key in _KEYS)]
    rows = sorted([*others, text], key=lambda row: [row[key] for key in _KEYS])
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, buffer.getvalue().encode())


def table(rows: list[dict[str, str]]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| recipe | test accuracy, % | runs | paper, % | parameters | epochs | minutes | on |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        accuracy = f"{100 * float(row['accuracy_mean']):.2f}"
        if int(row["n"]) > 1:  # One run has no spread.
            accuracy += f" ± {100 * float(row['accuracy_std']):.2f}"
        paper = f"{100 * float(row['paper_accuracy']):.2f}" if row["paper_accuracy"] else "–"
        minutes = f"{float(row['seconds']) / 60:.1f}"
        recipe = " ".join(f"`{one}`" for one in (row["recipe"], *row["settings"].split()))
        cells = [recipe, accuracy, row["n"], paper, f"{int(row['params']):,}"]
        cells += [row["epochs"], minutes, row["hardware"]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    replace_between(Path(sys.argv[2]), "results", table(trained(read(Path(sys.argv[1])))))
