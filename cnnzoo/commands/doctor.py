"""What a report of a problem should say about a machine, and what may be wrong with it."""

from __future__ import annotations

import argparse
import os
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnzoo.commands import Answer
from cnnzoo.extras import requirements
from cnnzoo.quiet import start_tensorflow

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_PACKAGES = ("tensorflow", "keras", "tensorflow-datasets", "ai-edge-litert", "numpy")
# Flag of a processor, as Linux names it -> what TensorFlow calls its feature.
_FLAGS = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "bfloat16", "amx_bf16": "AMX"}
_OF_DEVELOPERS = ("dev", "docs", "test")


def examine(arguments: argparse.Namespace) -> Answer:
    """Versions, processor, data sets and extras."""
    start_tensorflow()
    import keras
    import tensorflow as tf

    from cnnzoo.datasets import DATASETS
    from cnnzoo.datasets.sources import tfds_root

    installed, missing = _extras()
    found = {
        "cnnzoo": metadata.version("cnnzoo"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "backend": keras.backend.backend(),
        "cores": os.cpu_count(),
        "processor": _features(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1") != "0",
        "gpus": len(tf.config.list_physical_devices("GPU")),
        "data": str(tfds_root()),
        "datasets": [name for name, one in DATASETS.items() if one.is_here],
        "extras": installed,
        "missing": missing,
    }
    return found, _lines(found)


def _lines(found: dict[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    features = ", ".join(found["processor"]) or "no features known"
    one_dnn = "on" if found["onednn"] else "off"
    lines = {
        "cnnzoo": f"{found['cnnzoo']}, Python {found['python']}",
        "system": found["system"],
        "packages": versions,
        "backend": f"{found['backend']} (KERAS_BACKEND); training needs tensorflow",
        "processor": f"{found['cores']} cores, {features}; oneDNN {one_dnn}",
        "GPUs": str(found["gpus"]),
        "data": f"{found['data']} (TFDS_DATA_DIR)",
        "data sets": ", ".join(found["datasets"]),
        "extras": ", ".join(found["extras"]) or "none",
        "missing": ", ".join(found["missing"]) or "none",
    }
    return [f"{name:9}  {text}" for name, text in lines.items()]


def _features() -> list[str]:
    """Return what this processor offers of what TensorFlow uses, where Linux says it."""
    path = Path("/proc/cpuinfo")
    flags = re.search(r"^flags\s*:(.*)$", path.read_text(), re.M) if path.is_file() else None
    known = flags[1].split() if flags else []
    return [name for flag, name in _FLAGS.items() if flag in known]


def _extras() -> tuple[list[str], list[str]]:
    """Return the extras all of whose packages are installed, and the others."""
    installed: list[str] = []
    missing: list[str] = []
    for extra in metadata.metadata("cnnzoo").get_all("Provides-Extra") or ():
        if extra not in _OF_DEVELOPERS:
            here = all(map(_is_here, requirements(extra)))
            (installed if here else missing).append(extra)
    return installed, missing


def _is_here(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False
