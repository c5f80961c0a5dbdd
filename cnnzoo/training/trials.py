"""The trials of a sweep, in one file that several processes share, by Optuna.

A trial is claimed by a lock that the system releases when the process ends, however it ends: one
that runs in the storage and whose lock is free was interrupted, and whoever comes next resumes it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, GridSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from cnnzoo.config.recipe import Recipe
from cnnzoo.errors import CnnzooError
from cnnzoo.training.search_space import Range, SearchSpace

STORAGE = "sweep.journal"  # In the folder of a sweep.
DIRECTIONS: Any = {"accuracy": "maximize", "loss": "minimize"}
_NAME = "cnnzoo sweep"  # Of Optuna's study.
_STARTUP = 5  # Trials that are finished before the first is pruned.
_WARMUP = 1  # Epochs at whose end none is pruned.
_SECONDS = 0.5  # Between looks at trials of other processes.


class Trials:
    """The trials of one sweep.

    Args:
        folder: Of the sweep.
        space: What is searched.
        definition: What else makes it this sweep, in JSON's types: `search`, one of grid, random
            and tpe; `by`, accuracy or loss; and the recipe, whose seed is the search's too.

    Raises:
        CnnzooError: The folder holds another sweep, or its storage is damaged or no sweep's.
    """

    def __init__(self, folder: Path, space: SearchSpace, definition: Mapping[str, Any]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._folder, self._space = folder, space
        self._search, self._seed = definition["search"], definition["recipe"]["seed"]
        self._direction = DIRECTIONS[definition["by"]]
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "sweep.lock")
        with self._lock:
            self._storage = _storage(folder / STORAGE, self._lock)
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=_NAME,
                direction=self._direction,
                sampler=RandomSampler(),  # Unused: each trial is drawn by a sampler of its own.
                pruner=optuna.pruners.MedianPruner(_STARTUP, _WARMUP),
                load_if_exists=True,
            )
            self._require_same(definition)

    def _require_same(self, definition: Mapping[str, Any]) -> None:
        held = self._study.user_attrs.get("sweep")
        if held is None and not self._study.trials:
            self._study.set_user_attr("sweep", definition)
        elif held is None:
            raise _no_sweep(self._folder / STORAGE)
        elif changed := _changed(held, definition):
            raise CnnzooError(
                f"out must be a new folder or that of the same sweep; {str(self._folder)!r} holds "
                f"one with another {' and '.join(changed)}"
            )

    def all(self) -> list[FrozenTrial]:
        """Return all trials that have been started."""
        return self._study.get_trials()

    @contextlib.contextmanager
    def claim(self, limit: int, folder_of: Callable[[FrozenTrial], Path]) -> Iterator[Trial | None]:
        """Yield an interrupted trial, or a new one while there are fewer than `limit`.

        It waits for the trials that other processes run, and yields None when all are finished.
        Trials of one run folder are not run at the same time.
        """
        found = self._claimed(limit, folder_of)
        while found is None and any(one.state == TrialState.RUNNING for one in self.all()):
            time.sleep(_SECONDS)
            found = self._claimed(limit, folder_of)
        if found is None:
            yield None
            return
        trial, lock = found
        try:
            yield trial
        finally:
            lock.release()

    def _claimed(
        self, limit: int, folder_of: Callable[[FrozenTrial], Path]
    ) -> tuple[Trial, FileLock] | None:
        locks = self._folder / "locks"
        locks.mkdir(exist_ok=True)
        with self._lock:
            while True:
                trials = self.all()
                for one in trials:
                    if one.state == TrialState.RUNNING:
                        lock = FileLock(locks / f"{folder_of(one).name}.lock")
                        with contextlib.suppress(Timeout):
                            lock.acquire(blocking=False)
                            return self._trial(one.number), lock
                if len(trials) >= limit:
                    return None
                self._draw(trials)

    def _trial(self, number: int) -> Trial:
        study = self._storage.get_study_id_from_name(_NAME)
        return Trial(
            self._study, self._storage.get_trial_id_from_study_id_trial_number(study, number)
        )

    def _draw(self, trials: list[FrozenTrial]) -> None:
        """Add the next trial, which depends on the seed, its number and the trials before it.

        It is drawn in memory and stored by one record, so that no kill leaves a part of it.
        """
        study = optuna.create_study(sampler=self._sampler(len(trials)), direction=self._direction)
        study.add_trials(trials)
        study.ask({name: _distribution(one) for name, one in self._space.fields.items()})
        drawn = study.get_trials()[-1]
        self._study.add_trial(
            optuna.trial.create_trial(
                state=TrialState.RUNNING,
                params=drawn.params,
                distributions=drawn.distributions,
                system_attrs=drawn.system_attrs,
            )
        )

    def _sampler(self, number: int) -> BaseSampler:
        if self._search == "grid":
            values = {name: list(one) for name, one in self._space.fields.items()}
            return GridSampler(values, seed=self._seed)
        seed = int(np.random.SeedSequence((self._seed, number)).generate_state(1)[0])
        return RandomSampler(seed) if self._search == "random" else TPESampler(seed=seed)

    def tell(self, trial: Trial, value: float | None, figures: Mapping[str, Any]) -> None:
        """Store the end of a trial, and `figures` with it; without a value it was pruned."""
        trial.set_user_attr("figures", figures)
        state = TrialState.PRUNED if value is None else TrialState.COMPLETE
        with self._lock:
            self._study.tell(trial, value, state=state)


def _storage(path: Path, lock: FileLock) -> JournalStorage:
    """Return Optuna's storage in the file at `path`, without a record that was cut off.

    Raises:
        CnnzooError: It is damaged or another file.
    """
    try:
        storage = JournalStorage(JournalFileBackend(str(path), lock_obj=lock))  # type: ignore[arg-type]
        names = [study.study_name for study in storage.get_all_studies()]
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise _no_sweep(path) from error
    if path.stat().st_size and names != [_NAME]:
        raise _no_sweep(path)
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
    return storage


def _no_sweep(path: Path) -> CnnzooError:
    return CnnzooError(f"{path} must be the storage of a sweep; it is damaged or another file")


def _changed(held: Mapping[str, Any], definition: Mapping[str, Any]) -> list[str]:
    """Return in what two sweeps differ: entries of the definition, or fields of the recipe."""
    recipes = (Recipe.from_json(one["recipe"]) for one in (held, definition))
    others = [name for name in definition if name != "recipe" and held[name] != definition[name]]
    return others + next(recipes).changes(next(recipes))


def _distribution(field: tuple[str, ...] | Range) -> BaseDistribution:
    if not isinstance(field, Range):
        return CategoricalDistribution(field)
    if isinstance(field.low, int):
        return IntDistribution(field.low, int(field.high), log=field.log)
    return FloatDistribution(field.low, field.high, log=field.log)


class Pruning(keras.callbacks.Callback):
    """Ends a trial, after an epoch but the last, that is worse than the median of those before.

    Raises:
        optuna.TrialPruned: In `fit`, where it is.
    """

    def __init__(self, trial: Trial, by: str) -> None:
        super().__init__()
        self._trial = trial
        self._measure = f"val_{by}"
        # Of a trial that was interrupted; a mapping is no part of a checkpoint.
        self._reported = dict(trial.study.get_trials()[trial.number].intermediate_values)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report the epoch's figure, and stop if it is hopeless."""
        if epoch not in self._reported:
            self._trial.report(float(logs[self._measure]), epoch)
        if epoch + 1 < self.params["epochs"] and self._trial.should_prune():
            raise optuna.TrialPruned
