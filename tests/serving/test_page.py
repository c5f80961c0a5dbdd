import httpx
import pytest

from cnnzoo.serving.app import Page, application
from cnnzoo.serving.limits import Limits

FILES = {
    "index.html": ("text/html; charset=utf-8", "<!doctype html>"),
    "page.js": ("text/javascript; charset=utf-8", "export const one = 1;"),
    "page.css": ("text/css; charset=utf-8", "body {}"),
    "icon.svg": ("image/svg+xml", "<svg/>"),
}


@pytest.fixture
def folder(tmp_path):
    for name, (_, content) in FILES.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "notes.txt").write_text("not for the page")
    (tmp_path / "below").mkdir()
    return tmp_path


class Nothing:
    models = {}


@pytest.fixture
def get(monkeypatch):
    """Ask an application whose page is in a folder."""

    async def ask(folder, path):
        monkeypatch.setattr("cnnzoo.serving.app.Page", lambda: Page(folder))
        transport = httpx.ASGITransport(application(Nothing(), Limits()))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path)

    def run(*arguments):
        import anyio

        return anyio.run(ask, *arguments)

    return run


def test_files_have_their_types_and_a_strict_policy(get, folder):
    for name, (kind, content) in FILES.items():
        answer = get(folder, f"/page/{name}")
        assert (answer.status_code, answer.text) == (200, content)
        assert answer.headers["content-type"] == kind
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
    assert get(folder, "/").text == FILES["index.html"][1]


def test_nothing_else_is_there(get, folder):
    for name in ("none.js", "notes.txt", "below", "..%2fsecret", "%2e%2e/app.py", ""):
        answer = get(folder, f"/page/{name}")
        assert answer.status_code == 404
        assert list(answer.json()) == ["error"]


def test_without_a_page_there_is_none(get, tmp_path):
    for path in ("/", "/page/page.js"):
        answer = get(tmp_path / "none", path)
        assert answer.status_code == 404
        assert answer.json()["error"].startswith("the page has no file ")
    assert get(tmp_path / "none", "/healthz").status_code == 200
