"""Work that is done in a fresh process, by a file that imports nothing of cnnzoo."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any


def run_fresh(worker: ModuleType, job: Any) -> tuple[Any, str]:
    """Return what `worker.main` makes of `job` in a fresh process, and its standard error.

    What it makes is None where the process fails.

    Args:
        worker: A module whose `main` replaces the content of a file, a pickle, by another.
        job: What it is given; can be pickled.
    """
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "job"
        file.write_bytes(pickle.dumps(job))
        # As a file, the worker would import its neighbors as modules.
        command = [sys.executable, "-c", inspect.getsource(worker), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=place)
        return pickle.loads(file.read_bytes()) if done.returncode == 0 else None, done.stderr
