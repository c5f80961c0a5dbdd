"""A stand-in for the site that huggingface_hub talks to: its HTTP API, as far as cnnzoo needs it.

Binary files go the way of Git LFS: they are stored by their SHA-256, and reads are redirected.
"""

import base64
import contextlib
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import yaml

TOKEN = "hf_of_the_tests"
MAIN = "main"


class Site(ThreadingHTTPServer):
    """Repositories in memory."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        # Another host, as that of large files is.
        self.store = f"http://localhost:{self.server_port}"
        self.refs = {}  # Repository -> branch or commit -> file -> content, or SHA-256 if large.
        self.large = {}  # SHA-256 -> content.
        self.requests = []  # Method and path of each.

    def damage(self, digest):
        """Change a bit of a large file, whose name stays."""
        content = bytearray(self.large[digest])
        content[len(content) // 2] ^= 1
        self.large[digest] = bytes(content)


@contextlib.contextmanager
def running():
    with Site() as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        try:
            yield site
        finally:
            site.shutdown()


class _RefusalError(Exception):
    def __init__(self, status, code=""):
        super().__init__(code)
        self.status, self.code = status, code


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _answer(self):
        path = unquote(urlsplit(self.path).path)
        self.server.requests.append((self.command, path))
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            for method, pattern, function in ROUTES:
                found = re.fullmatch(pattern, path)
                if found and self.command in method:
                    return function(self, *found.groups())
            raise _RefusalError(404)
        except _RefusalError as refusal:
            code = {"X-Error-Code": refusal.code} if refusal.code else {}
            return self._send(b"{}", refusal.status, **code)

    do_GET = do_HEAD = do_POST = do_PUT = _answer  # noqa: N815

    def _send(self, content, status=200, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _send_json(self, value):
        self._send(json.dumps(value).encode())

    def _check_token(self):
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise _RefusalError(401)

    def _files(self, repository, revision):
        if repository not in self.server.refs:
            raise _RefusalError(404, "RepoNotFound")
        if revision not in self.server.refs[repository]:
            raise _RefusalError(404, "RevisionNotFound")
        return self.server.refs[repository][revision]

    def create(self):
        self._check_token()
        asked = json.loads(self.body)
        name = f"{asked['organization']}/{asked['name']}"
        found = {"url": f"{self.server.url}/{name}"}
        if name in self.server.refs:
            return self._send(json.dumps(found).encode(), 409)
        self.server.refs[name] = {MAIN: {".gitattributes": b""}}
        return self._send_json(found)

    def branch(self, repository, name):
        self._check_token()
        refs = self.server.refs[repository]
        if name in refs:
            raise _RefusalError(409)
        refs[name] = dict(refs[MAIN])
        self._send_json({})

    def validate(self):
        head = re.match(r"---\n(.*?)\n---\n", json.loads(self.body)["content"], re.S)
        if head is None or not isinstance(yaml.safe_load(head[1]), dict):
            raise _RefusalError(400)
        self._send_json({"errors": [], "warnings": []})

    def preupload(self, repository, revision):
        self._check_token()
        self._files(repository, revision)
        modes = [
            {
                "path": one["path"],
                "uploadMode": "lfs" if one["path"].endswith(".keras") else "regular",
                "shouldIgnore": False,
            }
            for one in json.loads(self.body)["files"]
        ]
        self._send_json({"files": modes})

    def batch(self, _repository):
        self._check_token()
        objects = [
            {**one, "actions": {"upload": {"href": f"{self.server.store}/large/{one['oid']}"}}}
            for one in json.loads(self.body)["objects"]
        ]
        self._send_json({"transfer": "basic", "objects": objects})

    def put(self, digest):
        assert hashlib.sha256(self.body).hexdigest() == digest
        self.server.large[digest] = self.body
        self._send(b"")

    def commit(self, repository, revision):
        self._check_token()
        files = dict(self._files(repository, revision))
        for line in self.body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                files[value["path"]] = value["oid"]
        oid = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.server.refs[repository] |= {revision: files, oid: files}
        url = f"{self.server.url}/{repository}/commit/{oid}"
        self._send_json({"commitUrl": url, "commitOid": oid})

    def resolve(self, repository, revision, name):
        files = self._files(repository, revision)
        if name not in files:
            raise _RefusalError(404, "EntryNotFound")
        refs, content = self.server.refs[repository], files[name]
        commit = next(
            oid for oid in refs if re.fullmatch("[0-9a-f]{40}", oid) and refs[oid] == files
        )
        if isinstance(content, bytes):
            etag = f'"{hashlib.sha1(content).hexdigest()}"'
            return self._send(content, ETag=etag, **{"X-Repo-Commit": commit})
        return self._send(
            b"",
            302,
            Location=f"{self.server.store}/large/{content}",
            **{
                "X-Repo-Commit": commit,
                "X-Linked-Etag": f'"{content}"',
                "X-Linked-Size": str(len(self.server.large[content])),
            },
        )

    def get(self, digest):
        self._send(self.server.large[digest], ETag=f'"{digest}"')


_NAME = r"([\w.-]+/[\w.-]+)"
ROUTES = [
    (("POST",), "/api/repos/create", _Handler.create),
    (("POST",), "/api/validate-yaml", _Handler.validate),
    (("POST",), f"/api/models/{_NAME}/branch/(.+)", _Handler.branch),
    (("POST",), f"/api/models/{_NAME}/preupload/(.+)", _Handler.preupload),
    (("POST",), f"/api/models/{_NAME}/commit/(.+)", _Handler.commit),
    (("POST",), rf"/{_NAME}\.git/info/lfs/objects/batch", _Handler.batch),
    (("PUT",), "/large/(.+)", _Handler.put),
    (("GET", "HEAD"), "/large/(.+)", _Handler.get),
    (("GET", "HEAD"), f"/{_NAME}/resolve/([^/]+)/(.+)", _Handler.resolve),
]
