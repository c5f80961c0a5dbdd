import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def opened():
    """Open files, name -> (how, path), in a fresh process; return what happened to each."""

    def run(cases):
        listed = {name: [how, str(path)] for name, (how, path) in cases.items()}
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name("opening.py"), json.dumps(listed)],
            capture_output=True,
            text=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2_000:]
        return json.loads(done.stdout)

    return run
