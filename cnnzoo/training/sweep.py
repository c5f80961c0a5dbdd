"""A recipe trained with many values of some of its fields, which are compared on validation data.

Its folder holds the runs, `sweep.journal`, by which several processes share them, `sweep.png` and
the best as a recipe, `<name>_best.py`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnzoo.addresses import required_local
from cnnzoo.config.recipe import Recipe, named
from cnnzoo.config.recipe_file import write_recipe
from cnnzoo.errors import CnnzooError, TrainingError
from cnnzoo.extras import install
from cnnzoo.files import write_whole
from cnnzoo.on_ray import run_calls
from cnnzoo.plot_style import png
from cnnzoo.quiet import log
from cnnzoo.registry import unknown
from cnnzoo.training.checkpoints import Row
from cnnzoo.training.history import best_epoch, read_history
from cnnzoo.training.run import train
from cnnzoo.training.run_folder import holds_run, started
from cnnzoo.training.search_space import SearchSpace
from cnnzoo.training.sweep_plot import draw_sweep

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

    from cnnzoo.training.trials import Trials

SEARCHES = ("grid", "random", "tpe")
MEASURES = ("accuracy", "loss")
TRIALS = 20  # Of a search that ends by no grid.


def sweep(
    recipe: str | Recipe,
    over: Mapping[str, str | Sequence[str]],
    out: str | Path,
    *,
    trials: int | None = None,
    search: str | None = None,
    by: str = "accuracy",
    prune: bool | None = None,
    on: str | None = None,
    cpus: int = 1,
    gpus: float = 0,
) -> list[dict[str, Any]]:
    """Train `recipe` with many values of its fields, and compare the runs on validation data.

    Runs stand in folders of `out`. The same call resumes a sweep that was stopped, without losing
    or repeating a run, and joins one that another process runs; one with more trials continues it.

    Args:
        recipe: Its name, or a recipe.
        over: Field, such as "batch_size" or "learning_rate.peak" -> its values as text, or one text
            such as "64,128,256", "16..64" or "1e-3..1e-1:log"; see `SearchSpace`.
        out: Folder of the sweep.
        trials: Runs in all; by default one per combination of a grid, or else 20.
        search: How values are drawn: "grid", all combinations; "random"; or "tpe", by a model of
            what was good so far (Bergstra et al. 2011, "Algorithms for Hyper-Parameter
            Optimization"). By default a grid, unless a field has a range or `trials` is given.
        by: What is compared, at the epoch that a run has chosen: "accuracy" or "loss".
        prune: Whether a run ends at an epoch where its best figure so far is worse than the median
            of the runs before, from the second epoch and sixth run on; by default unless it is a
            grid.

        on: A Ray cluster whose workers share the sweep, "ray" or "ray://HOST:PORT"; see
            `on_ray.run_calls`.
        cpus: Cores of each run there.
        gpus: GPUs of each run there.

    Returns:
        One dictionary per run, the best first: `fields`, `validation_accuracy`,
        `validation_loss`, `seconds`, `run`, `trial`, `epochs`, and `state`: "finished", "pruned" or
        "failed", the latter with an `error`. The best has `recipe`, the path of its recipe's file.
        Test scores are left out: whoever chooses by them has no test data left.

    Raises:
        CnnzooError: Optuna is missing, the recipe or a field is unknown, a value or range is wrong,
            or `out` holds another sweep.
    """
    name, value = named(recipe)
    space = SearchSpace(value, over)
    search = search or ("tpe" if space.ranges or trials is not None else "grid")
    limit = _limit(space, trials, search, by)
    pruned = search != "grid" if prune is None else prune
    chosen = {"over": space.to_json(), "search": search, "by": by, "prune": pruned}
    out = required_local(out, "a sweep, whose runs share files")
    found = _trials(out, space, {**chosen, "recipe": value.to_json()})
    if on is not None:
        options = {"trials": trials, "search": search, "by": by, "prune": prune}
        given = {"recipe": recipe, "over": over, "out": str(out), **options}
        call = ("a worker has found no trial left", sweep, given)
        run_calls(on, lambda room: [call] * min(room, limit), cpus, gpus)

    def folder_of(trial: Trial | FrozenTrial) -> Path:
        return out / _folder(space.assignments(trial.params))

    while True:
        with found.claim(limit, folder_of) as trial:
            if trial is None:
                break
            assignments = space.assignments(trial.params)
            log(f"trial {trial.number + 1} of {limit}  {described(assignments)}")
            _run(found, trial, folder_of(trial), recipe, value.parse(assignments), by, pruned)
    rows = [
        {"fields": space.assignments(one.params), **one.user_attrs["figures"]}
        | {"run": str(folder_of(one)), "trial": one.number}
        for one in found.all()
    ]
    rows.sort(key=lambda row: _rank(row, by))
    _write_results(out, name, space, rows, by)
    return rows


def described(assignments: Mapping[str, str]) -> str:
    """Return the values of fields as one text."""
    return " ".join(f"{field}={value}" for field, value in assignments.items())


def counted(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return how many runs there are, and how many of them were pruned or failed."""
    states = [row["state"] for row in rows]
    others = [f"{states.count(state)} {state}" for state in ("pruned", "failed") if state in states]
    return f"{len(rows)} trials" + (f" ({', '.join(others)})" if others else "")


def _limit(space: SearchSpace, trials: int | None, search: str, by: str) -> int:
    """Return how many runs there are to be, of a search and a measure that exist."""
    for what, chosen, known in (("search", search, SEARCHES), ("by", by, MEASURES)):
        if chosen not in known:
            raise CnnzooError(unknown(what, chosen, known))
    if trials is not None and (type(trials) is not int or trials < 1):
        raise CnnzooError(f"trials must be at least 1; got {trials!r}")
    if search != "grid":
        return TRIALS if trials is None else trials
    if space.ranges:
        field = next(iter(space.ranges))
        raise CnnzooError(f"search must be random or tpe for the range of {field}; got 'grid'")
    size = math.prod(map(len, space.fields.values()))
    return size if trials is None else min(trials, size)


def _trials(out: Path, space: SearchSpace, definition: Mapping[str, Any]) -> Trials:
    for package in ("optuna", "filelock"):
        if importlib.util.find_spec(package) is None:
            raise CnnzooError(f"{package} must be installed; run: {install('sweep')}")
    from cnnzoo.training.trials import Trials

    return Trials(out, space, definition)


def _run(
    trials: Trials,
    trial: Trial,
    folder: Path,
    recipe: str | Recipe,
    fields: Mapping[str, Any],
    by: str,
    prune: bool,
) -> None:
    """Train a trial, or what is missing of it, and store how it ended."""
    from optuna import TrialPruned

    from cnnzoo.training.trials import Pruning

    end: dict[str, Any] = {"state": "finished"}
    try:
        run = train(
            recipe,
            out=folder,
            resume=holds_run(folder),
            callbacks=[Pruning(trial, by)] if prune else [],
            **fields,
        )
        end["seconds"] = run.metrics["seconds"]
    except TrialPruned:
        end["state"] = "pruned"
    except TrainingError as error:
        end |= {"state": "failed", "error": str(error)}
    history = read_history(folder)
    validation = _validation(history)
    if end["state"] == "finished" and validation["validation_loss"] is None:
        end |= {"state": "failed", "error": "the validation loss is no number"}
    figures = {
        **validation,
        "epochs": len(history),
        "seconds": round(sum(row["seconds"] for row in history), 1),
        **end,
    }
    finished = end["state"] == "finished"
    trials.tell(trial, figures[f"validation_{by}"] if finished else None, figures)


def _validation(history: list[Row]) -> dict[str, float | None]:
    """Return the figures of the best epoch, None of one without numbers."""
    best = best_epoch(history) if history else {"val_loss": math.nan}
    finite = math.isfinite(best["val_loss"])
    return {f"validation_{one}": best[f"val_{one}"] if finite else None for one in MEASURES}


def _rank(row: Mapping[str, Any], by: str) -> tuple[Any, ...]:
    """Return what puts finished runs first, and of them the best."""
    place = ("finished", "pruned", "failed").index(row["state"])
    if row["validation_loss"] is None:
        return place, math.inf, math.inf
    order = (-row["validation_accuracy"], row["validation_loss"])
    return (place, *(order if by == "accuracy" else reversed(order)))


def _write_results(
    out: Path, name: str, space: SearchSpace, rows: list[dict[str, Any]], by: str
) -> None:
    """Draw the sweep, and write its best recipe, if a run has finished."""
    write_whole(out / "sweep.png", png(draw_sweep(name, space, rows, by)))
    best = rows[0]
    found = started(None, best["run"]) if best["state"] == "finished" else None
    if found is None:
        return
    accuracy, loss = best["validation_accuracy"], best["validation_loss"]
    path = out / f"{name}_best.py"
    about = (
        f"{name} with {described(best['fields'])}.\n\n"
        f"Expect: {accuracy:.2%} of the validation data, loss {loss:.4f}. It is the best by {by}\n"
        f"of {counted(rows)}, which flatters it; no test data was looked at.\n"
        f"Run:    cnnzoo train {path.name}"
    )
    # Target and paper belong to the values that the recipe had.
    write_recipe(path, found.recipe.replace(target=None, paper_accuracy=None), about)
    best["recipe"] = str(path)


def _folder(assignments: Mapping[str, str]) -> str:
    """Return a name with the values, which no other combination has."""
    text = ",".join(f"{field}={value}" for field, value in assignments.items())
    safe = "".join(one if one.isalnum() or one in "=,._-" else "_" for one in text)
    digest = hashlib.sha256(json.dumps(assignments, sort_keys=True).encode()).hexdigest()
    return f"{safe[:100]}-{digest[:8]}"
