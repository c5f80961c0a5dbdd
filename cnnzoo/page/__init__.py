"""The page on which a network is tried: the server's, or one file that needs no server.

Its scripts take answers from `api.js`, which asks the server, or from `alone/api.js`, which
computes them in the file.
"""

from __future__ import annotations

import base64
import json
import posixpath
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent

# What takes the place of a script in a page without a server.
_ALONE = {"api.js": "alone/api.js", "inside.js": "alone/inside.js"}
_POLICY = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
  """
_IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.M)


def one_file(content: dict[str, Any], scripts: dict[str, str], title: str) -> str:
    """Return the page as one HTML file that requests nothing.

    Args:
        content: What its scripts find in the element `network`, as JSON.
        scripts: Further scripts by their path, such as `alone/tokenizer.js`, each a module.
        title: Of the page.
    """
    modules: dict[str, str] = {}
    _collect("page.js", scripts, modules)
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    icon = base64.b64encode((FOLDER / "icon.svg").read_bytes()).decode()
    data = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        '<meta name="color-scheme"': f'{_POLICY}<meta name="color-scheme"',
        "<title>cnnzoo: try a model</title>": f"<title>{_escaped(title)}</title>",
        'href="page/icon.svg"': f'href="data:image/svg+xml;base64,{icon}"',
        '<link rel="stylesheet" href="page/page.css">': f"<style>\n{style}</style>",
        '  <script type="module" src="page/page.js"></script>\n': "",
        "</body>": f'<script type="application/json" id="network">{data}</script>\n'
        f'<script type="module">\n{"".join(modules.values())}</script>\n</body>',
    }
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    for old, new in parts.items():
        page = page.replace(old, new)
    return page


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _collect(path: str, scripts: dict[str, str], modules: dict[str, str]) -> None:
    """Add the script at `path` to `modules`, after those that it imports.

    A module becomes a function that is called once and returns its exports.
    """
    if path in modules:
        return
    source = scripts.get(path) or (FOLDER / path).read_text(encoding="utf-8")
    names = []

    def imported(match: re.Match[str]) -> str:
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[2]))
        target = _ALONE.get(wanted, wanted)
        _collect(target, scripts, modules)
        return f"const {{{match[1].replace(' as ', ': ')}}} = {_name(target)};\n"

    def exported(match: re.Match[str]) -> str:
        names.append(match[1])
        return ""

    body = _EXPORT.sub(exported, _IMPORT.sub(imported, source))
    inside = f"{body}return {{ {', '.join(names)} }};"
    modules[path] = f"// {path}\nconst {_name(path)} = (() => {{\n{inside}\n}})();\n"


def _name(path: str) -> str:
    return "module_" + re.sub(r"\W", "_", path.removesuffix(".js"))
