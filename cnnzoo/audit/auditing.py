"""The audit: what is looked for, and the files that it is written to."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path
from typing import Any

import numpy as np

from cnnzoo.addresses import required_local
from cnnzoo.audit import findings, image_copies, text_copies
from cnnzoo.audit.audit_page import html
from cnnzoo.audit.copies import groups
from cnnzoo.audit.cross_validation import judged
from cnnzoo.audit.findings import Finding
from cnnzoo.audit.label_errors import suspects
from cnnzoo.audit.material import Material, material
from cnnzoo.errors import CnnzooError
from cnnzoo.files import write_whole
from cnnzoo.pipelines.custom_data.dataset import Data, name_of
from cnnzoo.training import require_tensorflow

PAGE, LIST = "audit.html", "audit.csv"


def audit(
    data: Data,
    *,
    out: str | Path | None = None,
    encoding: str | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Look for wrong labels, copies, outliers and empty examples, and write a page and a list.

        cnnzoo.audit("photos", out="audit/photos")
        cnnzoo.train(data="photos", leave_out="audit/photos/audit.csv")

    Three small networks are trained, each on two thirds of all examples, and judge the others.

    Args:
        data: Images or texts with labels, as `train` takes them.
        out: Folder of `audit.html` and `audit.csv`; by default audit/<name of the data>.
        encoding: Of your texts, where that is not UTF-8.
        seed: Of the networks.

    Returns:
        `page` and `csv`, paths; `examples`, `classes` and `seconds`; `findings`, how many examples
        each kind has; `left_out`, how many training examples the list says to leave out; and
        `next`, the command that trains without them.

    Raises:
        CnnzooError: There are no such data, they have no labels or one class only, they are neither
            images nor texts, or `out` is a file.
        OSError: The folder cannot be written.
    """
    require_tensorflow()
    name = name_of(data)
    usual = Path("audit") / re.sub(r"[^\w.-]+", "_", Path(name).name)
    folder = usual if out is None else required_local(out, "an audit")
    if folder.exists() and not folder.is_dir():
        raise CnnzooError(f"out must be a folder; {str(folder)!r} is a file")
    if type(seed) is not int or not 0 <= seed < 2**31:
        raise CnnzooError(f"seed must be from 0 to 2147483647; got {seed!r}")
    started = time.monotonic()
    looked_at = material(data, encoding)
    found = look(looked_at, seed)
    command = shlex.join(
        ["cnnzoo", "train", "--data", name, "--leave-out", str(folder / LIST)]
        + (["--skip-unreadable"] if looked_at.unreadable else [])
    )
    write_whole(folder / LIST, findings.csv_of(looked_at, found))
    write_whole(folder / PAGE, html(looked_at, found, command, LIST).encode())
    return {
        "page": str(folder / PAGE),
        "csv": str(folder / LIST),
        "examples": len(looked_at.labels),
        "classes": len(looked_at.dataset.class_names),
        "findings": findings.counts(looked_at, found),
        "left_out": len({one.place for one in found if one.leave_out}),
        "seconds": round(time.monotonic() - started, 1),
        "next": command,
    }


def look(looked_at: Material, seed: int = 0) -> list[Finding]:
    """Return all findings of single examples, kind by kind, the worst first.

    Args:
        looked_at: The examples.
        seed: Of the networks.

    Raises:
        CnnzooError: An example cannot be read.
    """
    inputs = looked_at.examples.inputs
    if looked_at.dataset.kind == "texts":
        blank = [place for place, text in enumerate(inputs) if not text_copies.normalized(text)]
        pairs = text_copies.copies(inputs.tolist())
    else:
        blank = np.flatnonzero(image_copies.constant(inputs)).tolist()
        pairs = image_copies.copies(inputs)
    judgment = judged(looked_at.decoded, seed)
    wrong = suspects(looked_at.labels, judgment.scores)
    sure = set(wrong.places[wrong.confident].tolist())
    return [
        *findings.label_errors(looked_at, wrong),
        *findings.copies(looked_at, groups(pairs, len(inputs)), sure),
        *findings.constants(looked_at, blank),
        *findings.outliers(judgment, {*wrong.places.tolist(), *blank}),
    ]
