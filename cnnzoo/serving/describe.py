"""What is served, as TensorFlow Serving prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnnzoo.serving.engine import Engine
from cnnzoo.serving.repository import Models, Slot


def listing(models: Models) -> dict[str, Any]:
    """Return name, loaded versions and card of each model that answers; an addition."""
    return {"models": [model for name, slots in models.items() for model in _model(name, slots)]}


def _model(name: str, slots: Mapping[int, Slot]) -> Iterator[dict[str, Any]]:
    engines = {str(number): slot.engine for number, slot in slots.items() if slot.engine}
    for newest in list(engines.values())[:1]:
        yield {"name": name, "versions": list(engines), "card": newest.card}


def status(slots: Mapping[int, Slot]) -> dict[str, Any]:
    """Return the state of each version, as GetModelStatusResponse is printed."""
    return {"model_version_status": [_version(number, slot) for number, slot in slots.items()]}


def _version(number: int, slot: Slot) -> dict[str, Any]:
    state = "AVAILABLE" if slot.engine is not None else "END" if slot.error else "LOADING"
    code = "INVALID_ARGUMENT" if slot.error else "OK"
    told = {"error_code": code, "error_message": slot.error}
    return {"version": str(number), "state": state, "status": told}


def metadata(name: str, number: int, engine: Engine) -> dict[str, Any]:
    """Return the signatures of a version, as GetModelMetadataResponse is printed."""
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(number)},
        "metadata": {"signature_def": {"signature_def": engine.signature_defs}},
    }
