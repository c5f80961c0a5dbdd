"""The files of the page: read once, served from memory, with a policy that allows nothing else."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response

FOLDER = Path(__file__).parent / "page"
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


class Page:
    """All files of a folder that have a known type."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read `folder`; where it is missing there is no page."""
        files = (path for path in folder.glob("*") if path.suffix in _TYPES)
        self._files = {path.name: (path.read_bytes(), _TYPES[path.suffix]) for path in files}

    def answer(self, name: str) -> Response:
        """Return the file `name`.

        Raises:
            HTTPException: There is none.
        """
        if name not in self._files:
            raise HTTPException(404, f"the page has no file {name[:100]!r}")
        content, kind = self._files[name]
        return Response(content, headers={**_HEADERS, "Content-Type": kind})
