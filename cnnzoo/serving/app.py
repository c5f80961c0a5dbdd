"""The application: the route of each address, what is served, and the page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.convertors import IntegerConvertor, StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.routing import Route

from cnnzoo.page import FOLDER
from cnnzoo.serving import answers
from cnnzoo.serving.engine import Engine
from cnnzoo.serving.limits import Limits
from cnnzoo.serving.metrics import CONTENT_TYPE, Metrics
from cnnzoo.serving.predict import Predict, find
from cnnzoo.serving.repository import Models, Repository, Slot

_MODEL = "/v1/models/{name:model}"
_VERSION = _MODEL + "/versions/{version:version}"

INDEX = "index.html"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}

_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; object-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _ModelConvertor(StringConvertor):
    """A model's name in an address, which ends where a verb begins."""

    regex = "[^/:]+"


class _VersionConvertor(IntegerConvertor):
    """A version's number in an address: 64 bits."""

    regex = "[0-9]{1,18}"


register_url_convertor("model", _ModelConvertor())
register_url_convertor("version", _VersionConvertor())


def application(repository: Repository, limits: Limits) -> FastAPI:
    """Return the application that answers from `repository` within `limits`."""
    app = FastAPI(title="cnnzoo", openapi_url=None, redirect_slashes=False)
    metrics = Metrics(lambda: repository.models)
    predict = Predict(repository, limits, metrics)
    for path in (_MODEL, _VERSION):
        app.router.routes.append(Route(f"{path}:predict", predict, methods=["POST"]))
    _add_descriptions(app, repository)
    _add_page(app, Page())

    @app.get("/healthz")
    async def health() -> Response:
        return _json({"status": "ok"})

    @app.get("/metrics")
    @app.get("/monitoring/prometheus/metrics")  # TensorFlow Serving's.
    async def measured() -> Response:
        return Response(metrics.page(), media_type=CONTENT_TYPE)

    for route in app.routes:
        methods = getattr(route, "methods", None) or set()
        if "GET" in methods:
            methods.add("HEAD")

    @app.exception_handler(HTTPException)
    async def failed(request: Request, error: HTTPException) -> Response:
        return _json({"error": _sentence(request, error)}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        return _json({"error": "the server failed; its log says why"}, 500)

    return app


def _add_descriptions(app: FastAPI, repository: Repository) -> None:
    @app.get("/v1/models")
    async def models() -> Response:
        return _json(describe_models(repository.models))

    @app.get(_MODEL)
    @app.get(_VERSION)
    async def status(request: Request) -> Response:
        name, version = request.path_params["name"], request.path_params.get("version")
        slots = repository.models.get(name, {})
        chosen = {number: slot for number, slot in slots.items() if version in (None, number)}
        if not chosen:
            find(repository, name, version)
        return _json(describe_versions(chosen))

    @app.get(f"{_MODEL}/metadata")
    @app.get(f"{_VERSION}/metadata")
    async def metadata(request: Request) -> Response:
        name, version = request.path_params["name"], request.path_params.get("version")
        return _json(describe_signatures(name, *find(repository, name, version)))


def _add_page(app: FastAPI, page: Page) -> None:
    @app.get("/")
    async def index() -> Response:
        return page.response(INDEX)

    @app.get("/page/{name}")
    async def file(name: str) -> Response:
        return page.response(name)


def _json(document: Any, status: int = 200, headers: Any = None) -> Response:
    return Response(answers.dump(document), status, headers, media_type="application/json")


def _sentence(request: Request, error: HTTPException) -> str:
    """Return what is wrong; the framework's own words are no sentence."""
    path = request.url.path[:100]
    if error.detail == "Not Found":
        return f"no such address: {path}"
    if error.detail == "Method Not Allowed":
        return f"{request.method} is not allowed at {path}"
    return error.detail


def describe_models(models: Models) -> dict[str, Any]:
    """Return name, loaded versions and card of each loaded model; an addition."""
    found = []
    for name, slots in models.items():
        engines = {str(number): slot.engine for number, slot in slots.items() if slot.engine}
        if engines:
            newest = next(iter(engines.values()))
            found.append({"name": name, "versions": list(engines), "card": newest.card})
    return {"models": found}


def describe_versions(slots: Mapping[int, Slot]) -> dict[str, Any]:
    """Return the state of each version, as GetModelStatusResponse is printed."""
    return {"model_version_status": [_version(number, slot) for number, slot in slots.items()]}


def _version(number: int, slot: Slot) -> dict[str, Any]:
    state = "LOADING" if slot.loads else "END" if slot.error else "AVAILABLE"
    code = "INVALID_ARGUMENT" if slot.error else "OK"
    result = {"error_code": code, "error_message": slot.error}
    return {"version": str(number), "state": state, "status": result}


def describe_signatures(name: str, number: int, engine: Engine) -> dict[str, Any]:
    """Return the signatures of a version, as GetModelMetadataResponse is printed."""
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(number)},
        "metadata": {"signature_def": {"signature_def": engine.signature_defs}},
    }


class Page:
    """All files of a folder that have a known type."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read `folder`; where it is missing there is no page."""
        files = (path for path in folder.glob("*") if path.suffix in _TYPES)
        self._files = {path.name: (path.read_bytes(), _TYPES[path.suffix]) for path in files}

    def response(self, name: str) -> Response:
        """Return the file `name`.

        Raises:
            HTTPException: No such model is served.
        """
        if name not in self._files:
            raise HTTPException(404, f"the page has no file {name[:100]!r}")
        content, kind = self._files[name]
        return Response(content, headers={**_HEADERS, "Content-Type": kind})
