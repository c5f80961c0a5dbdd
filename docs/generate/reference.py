"""Parts of pages on how the package is called, from its parser, exports and docstrings."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from catalog import ROOT, markdown_table
from mkdocs.exceptions import PluginError

# Files of the repository that are pages or downloads of the site too -> their paths there.
FILES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
    "SECURITY.md": "security.md",
    "cnnzoo/datasets/NOTICE.md": "notice.md",
    "cnnzoo/weights/NOTICE.md": "weights-notice.md",
    "deploy/README.md": "guides/deploy.md",
    "deploy/docker-compose.yml": "guides/docker-compose.yml",
    "deploy/kubernetes.yaml": "guides/kubernetes.yaml",
    "deploy/openvino-model-server.yaml": "guides/openvino-model-server.yaml",
    "deploy/ray-cluster.yaml": "guides/ray-cluster.yaml",
    "deploy/rayjob.yaml": "guides/rayjob.yaml",
}


def block(where: str) -> str:
    """Return a block of lines of a file, as `README.md: Median microseconds`, with its links.

    Args:
        where: The file, and how the block starts, on one line; blank lines end a block.

    Raises:
        PluginError: No block starts so, or several do.
    """
    name, _, start = where.partition(": ")
    blocks = (ROOT / name).read_text(encoding="utf-8").split("\n\n")
    found = [one.strip() for one in blocks if " ".join(one.split()).startswith(start)]
    if len(found) != 1:
        raise PluginError(
            f"{name} must have one block that starts with {start!r}; got {len(found)}"
        )
    return re.sub(r"\]\(([^)]+)\)", lambda link: f"]({_on_site(link[1])})", found[0])


def _on_site(address: str) -> str:
    return f"/{FILES[address]}" if address in FILES else address


def api(package: str) -> str:
    """Return the reference of all that `package` exports, and of the classes that it returns.

    What `cnnzoo` exports too is documented there.
    """
    elsewhere = () if package == "cnnzoo" else public("cnnzoo").values()
    own = {name: path for name, path in public(package).items() if path not in elsewhere}
    parts = [
        f"::: {path}\n    options:\n      heading: {package}.{name}" for name, path in own.items()
    ]
    returned = dict.fromkeys(one for path in own.values() for one in _returned(path))
    others = [path for path in returned if path not in own.values()]
    if others:
        parts.append("## What these return")
        parts += [f"::: {path}\n    options:\n      heading_level: 3" for path in others]
    return "\n\n".join(parts)


def _returned(path: str) -> Iterator[str]:
    """Yield the paths of this project's classes in what the function at `path` returns."""
    tree, function = _defined(path)
    if not isinstance(function, ast.FunctionDef) or function.returns is None:
        return
    module, _, _ = path.rpartition(".")
    known = {
        alias.name: f"{node.module}.{alias.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("cnnzoo.")
        for alias in node.names
    }
    known |= {
        node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.ClassDef)
    }
    for name in re.findall(r"\b[A-Z]\w+", ast.unparse(function.returns)):
        if name in known:
            yield known[name]


def _defined(path: str) -> tuple[ast.Module, ast.stmt | None]:
    """Return the module of what is at `path`, and the class or function there, if it is one."""
    module, _, name = path.rpartition(".")
    file = Path(importlib.util.find_spec(module).origin)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = (node for node in tree.body if getattr(node, "name", None) == name)
    return tree, next(found, None)


def public(package: str) -> dict[str, str]:
    """Return what `package` exports by `lazy.exports`: the name, and the path of its definition."""
    tree = ast.parse(inspect.getsource(importlib.import_module(package)))
    (origins,) = [
        ast.literal_eval(node.args[1])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "exports"
    ]
    return {
        name: f"{_DEFINED.get(origin, origin)}.{name}"
        for name, origin in sorted(origins.items())
        if name != "__version__"
    }


_DEFINED = {"cnnzoo.export": "cnnzoo.export.formats"}  # Callable module -> its function's.


def names(package: str) -> str:
    """Return the table of what `package` exports: each name and its docstring's first paragraph."""
    rows = []
    for name, path in public(package).items():
        _, node = _defined(path)
        about = (node and ast.get_docstring(node) or "").split("\n\n")[0]
        rows.append([f"[`{name}`][{path}]", " ".join(about.split())])
    return markdown_table(("name", "what it is"), rows)
