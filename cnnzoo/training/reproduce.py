"""A recipe trained with several seeds, against its published number."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cnnzoo.config.recipe import recipes
from cnnzoo.errors import CnnzooError
from cnnzoo.evaluation import ledger
from cnnzoo.evaluation.metrics import evaluate
from cnnzoo.export import artifact
from cnnzoo.files import read, write_whole
from cnnzoo.on_ray import run_calls
from cnnzoo.training.run import Run, train
from cnnzoo.training.run_folder import holds_run, read_metrics


def reproduce(
    name: str,
    seeds: int,
    ledger_path: Path,
    assignments: Mapping[str, str] | None = None,
    corrupted: bool = False,
    *,
    on: str | None = None,
    cpus: int = 1,
    gpus: float = 0,
) -> dict[str, Any]:
    """Train recipe `name` with seeds 0 to `seeds` - 1 and write the row of the results table.

    Runs stand in runs/<name>/seed<seed>/, and of a recipe with folds, all of which are trained, in
    fold<fold>/ there; one that is there is resumed, or used if finished. Where fields are replaced,
    they stand in a folder of their own below runs/<name>/. The history of the first is copied to
    histories/<name>.csv next to the results table.

    Args:
        name: Of the recipe.
        seeds: How many.
        ledger_path: The results table.
        assignments: Fields to replace -> their values as text, such as "precision" -> "bfloat16";
            the row names them.
        corrupted: Whether the test images are also scored corrupted; see `cnnzoo.evaluate`.
        on: A Ray cluster that trains, "ray" or "ray://HOST:PORT"; see `on_ray.run_calls`.
        cpus: Cores of each run there.
        gpus: GPUs of each run there.

    Returns:
        The row, and `passed`: whether the mean accuracy reaches the recipe's target, or else the
        paper's.

    Raises:
        CnnzooError: The recipe or a field is unknown, `seeds` is not positive, or the cluster
            cannot be used.
    """
    planned = _planned(name, seeds, assignments or {})
    if on is not None:
        failed = _train_on(on, {path: (name, run) for path, run in planned.items()}, cpus, gpus)
        for error in failed.values():
            raise CnnzooError(error)
    settings = _settings(assignments or {})
    runs = [
        train(name, out=folder, resume=holds_run(folder), **given)
        for folder, given in planned.items()
    ]
    row = _row(name, settings, seeds, runs)
    row["corrupted_accuracy"] = _corrupted(runs) if corrupted else None
    ledger.write(ledger_path, row)
    history = ledger_path.parent / "histories" / f"{name}.csv"
    if not settings or not history.exists():
        write_whole(history, read(runs[0].path / "history.csv"))
    for run in runs if len(runs) > 1 else ():  # One run has no spread.
        _write_spread(run, {name: row[name] for name in ("n", "accuracy_mean", "accuracy_std")})
    passed = row["target"] is None or row["accuracy_mean"] >= row["target"]
    return {**row, "passed": passed}


def _row(name: str, settings: str, seeds: int, runs: Sequence[Run]) -> dict[str, Any]:
    """Return the row of finished runs, but for what is measured only where it is wanted."""
    recipe, accuracies = recipes()[name].RECIPE, [run.accuracy for run in runs]
    first = runs[0].metrics
    # Written with `=` for packages, so that a cell stays readable in a CSV file.
    versions = " ".join(f"{package}={version}" for package, version in first["versions"].items())
    return {
        "recipe": name,
        "settings": settings,
        "accuracy_mean": round(statistics.fmean(accuracies), 6),
        "accuracy_std": round(statistics.stdev(accuracies), 6) if len(runs) > 1 else 0.0,
        "n": len(runs),
        "seeds": " ".join(str(seed) for seed in range(seeds)),
        "accuracies": " ".join(f"{accuracy:g}" for accuracy in accuracies),
        "params": first["params"],
        "epochs": first["epochs"],
        "seconds": round(statistics.fmean(run.metrics["seconds"] for run in runs), 1),
        "hardware": first["hardware"],
        "versions": versions,
        "commit": first["commit"],
        "paper_accuracy": recipe.paper_accuracy,
        "target": recipe.target or recipe.paper_accuracy,
        **_calibration([run.metrics for run in runs]),
    }


def reproduce_all(
    ledger_path: Path, *, on: str | None = None, cpus: int = 1, gpus: float = 0
) -> tuple[list[dict[str, Any]], list[str]]:
    """Make every row of the results table again, with its seeds and replaced fields.

    Where there is no table at `ledger_path`, it gets the rows of the one that came with the
    package. A row that cannot be made does not keep others from it.

    Args:
        ledger_path: The results table.
        on: As for `reproduce`; all rows share the cluster.
        cpus: As for `reproduce`.
        gpus: As for `reproduce`.

    Returns:
        The rows as `reproduce` returns them, and a sentence for each that could not be made.

    Raises:
        CnnzooError: There are no rows, or the cluster cannot be used.
    """
    rows = list(map(_how, ledger.read(ledger_path) or ledger.shipped()))
    wanted = [how for place, how in enumerate(rows) if how not in rows[:place]]  # Of any machine.
    if not wanted:
        raise CnnzooError(f"ledger must hold rows; {ledger_path} has none")
    made: list[dict[str, Any]] = []
    errors: dict[str, str] = {}
    runs: dict[Path, tuple[str, dict[str, Any]]] = {}
    rows_of: dict[Path, str] = {}
    for one in wanted:
        try:
            planned = _planned(one.name, one.seeds, one.assignments)
        except CnnzooError as error:
            errors[one.called] = str(error)
            continue
        runs |= {path: (one.name, given) for path, given in planned.items()}
        rows_of |= dict.fromkeys(planned, one.called)
    for path, reason in (_train_on(on, runs, cpus, gpus) if on is not None else {}).items():
        errors.setdefault(rows_of[path], reason)
    for one in wanted:
        if one.called in errors:
            continue
        try:
            how = one.assignments, one.corrupted
            made.append(reproduce(one.name, one.seeds, ledger_path, *how))
        except CnnzooError as error:
            errors[one.called] = str(error)
    return made, [f"{row}: {reason}" for row, reason in errors.items()]


class _How(NamedTuple):
    """How a row is made."""

    name: str  # Of the recipe.
    seeds: int
    assignments: dict[str, str]
    corrupted: bool  # Whether corrupted images are scored.

    @property
    def called(self) -> str:
        return f"{self.name} {_settings(self.assignments)}".strip()


def _how(row: Mapping[str, str]) -> _How:
    parts = re.split(r"\s+(?=[\w.]+=)", row["settings"].strip()) if row["settings"] else []
    if not row["recipe"] or not row["seeds"] or not all("=" in part for part in parts):
        raise CnnzooError(f"ledger must have rows with recipe, seeds and settings; got {dict(row)}")
    assignments = dict(part.split("=", 1) for part in parts)
    seeds, corrupted = len(row["seeds"].split()), bool(row["corrupted_accuracy"])
    return _How(row["recipe"], seeds, assignments, corrupted)


def _planned(name: str, seeds: int, assignments: Mapping[str, str]) -> dict[Path, dict[str, Any]]:
    """Return the fields of each run of a row by its folder."""
    if seeds < 1:
        raise CnnzooError(f"seeds must be at least 1; got {seeds}")
    recipe = recipes()[name].RECIPE
    fields = recipe.parse(assignments)
    planned = {}
    for seed in range(seeds):
        base = Path("runs") / name / _settings(assignments).replace(" ", ",") / f"seed{seed}"
        for fold in range(recipe.folds or 1):
            folder = base / f"fold{fold}" if recipe.folds else base
            planned[folder] = {**fields, "seed": seed, "fold": fold}
    return planned


def _settings(assignments: Mapping[str, str]) -> str:
    return " ".join(f"{field}={value}" for field, value in assignments.items())


def trained(recipe: Any, out: str, fields: Mapping[str, Any]) -> str:
    """Train on a worker, resuming what is in `out`; return why it cannot be, or ""."""
    folder = Path(out)
    try:
        train(recipe, out=folder, resume=holds_run(folder), **fields)
    except CnnzooError as error:
        return str(error)
    return ""


def _train_on(
    on: str, planned: Mapping[Path, tuple[str, Mapping[str, Any]]], cpus: int, gpus: float
) -> dict[Path, str]:
    """Train the planned runs, recipe and fields, on a Ray cluster, those that are not finished.

    Returns:
        A sentence for each that cannot be trained.
    """
    failed: dict[Path, str] = {}
    left = {}
    for path, run in planned.items():
        try:
            if read_metrics(path) is None:
                left[path] = run
        except CnnzooError as error:
            failed[path] = str(error)
    calls: list[Any] = [
        (str(path), trained, {"recipe": name, "out": str(path), "fields": given})
        for path, (name, given) in left.items()
    ]
    found = run_calls(on, calls, cpus, gpus) if calls else []
    failed |= {path: error for path, error in zip(left, found, strict=True) if error}
    for path in left:
        if path not in failed and read_metrics(path) is None:
            raise CnnzooError(f"{path.resolve()} must be shared by all machines of {on}")
    return failed


def _corrupted(runs: Sequence[Run]) -> float:
    """Return the mean accuracy on corrupted test images, over the runs."""
    found = [evaluate(run.path, corrupted=True)["corrupted"]["accuracy"] for run in runs]
    return round(statistics.fmean(found), 6)


def _calibration(metrics: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the means of what scores are judged by, none of runs that were not calibrated."""
    found: dict[str, float | None] = {}
    before = [one.get("uncalibrated", {}) for one in metrics]
    for end, parts in (("", metrics), ("_before", before)):
        for name in ("loss", "ece", "brier"):
            values = [part[name] for part in parts if name in part]
            whole = len(values) == len(metrics)
            found[f"{name}{end}"] = round(statistics.fmean(values), 6) if whole else None
    return found


def _write_spread(run: Run, seeds: dict[str, Any]) -> None:
    """Write into the card of a run's artifact the accuracy of the recipe over several seeds."""
    found = artifact.load(run.path)
    metrics = {**found.card["metrics"], "seeds": seeds}
    artifact.save(run.artifact, found.model, {**found.card, "metrics": metrics}, found.parts)
