"""The server's page as a folder that needs no server: it predicts in its visitor's browser."""

import json
import re
from dataclasses import asdict
from html import escape
from pathlib import Path

import PIL

from vestry.errors import VestryError
from vestry.export.bundle import Bundle
from vestry.export.web_parts import content_of, web_parts
from vestry.serve.model_facts import model_facts, slug_of
from vestry.serve.page_files import INDEX, PAGE

MOST_BYTES = 20_000_000
"""Of the whole folder: about what a visitor waits for."""

_MODEL = ("model.onnx", "model.json")
# Scripts and requests of the page's own origin, and WebAssembly, which is a script of its own kind.
_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; form-action 'none'; base-uri 'none'"
)
_HEAD = '<meta charset="utf-8">'
_SERVER_PART = re.compile(r"[ ]*<!-- server: ([a-z ]+) -->.*?<!-- /server -->\n?", re.DOTALL)
_LOADING = """  <noscript><p class="notice warning">This page needs JavaScript, in which the model
    runs.</p></noscript>
  <p id="loading" class="notice">The model is being loaded ({size:.1f} MB). If this stays, the page
    was opened as a file, from which browsers load no model. Put the folder on any web server, or
    start one here: <code>python -m http.server --directory FOLDER</code>, and open
    <code>http://localhost:8000</code>.</p>
"""
_STAYS = " Nothing leaves your browser: the picture is not sent anywhere."


def web_file_names() -> list[str]:
    """Of every file that `web_files` gives."""
    return [INDEX, *_MODEL, *_parts()]


def web_files(content: bytes, bundle: Bundle) -> dict[str, bytes]:
    """Every file of the folder by its name in it; index.html is what is opened.

    content: the exported file of which `bundle` are the facts.
    """
    facts = json.dumps(_facts(bundle), ensure_ascii=False).encode()
    files = dict(zip(_MODEL, (content, facts), strict=True))
    files |= {name: content_of(path) for name, path in _parts().items()}
    size = sum(map(len, files.values()))
    return {INDEX: _index(bundle, size).encode(), **files}


def _parts() -> dict[str, Path]:
    """The page as it is served, and over it what answers in the browser."""
    page = {f"page/{path.name}": path for path in sorted(PAGE.iterdir()) if path.name != INDEX}
    return {**page, **web_parts()}


def _facts(bundle: Bundle) -> dict[str, object]:
    """What the page is told of the model, and what a server would keep to itself.

    pillow: the major version whose filters made the training images, or make them here.
    """
    said = str(bundle.versions.get("pillow", "")).partition(".")[0]
    pillow = said if said.isdecimal() else PIL.__version__.partition(".")[0]
    return {
        **model_facts(bundle, slug_of(bundle)),
        "abstention": bundle.abstention,
        "pillow": int(pillow),
        "known": asdict(bundle.known) if bundle.known else None,
        "samples": asdict(bundle.samples) if bundle.samples else None,
    }


def _index(bundle: Bundle, size: int) -> str:
    text = (PAGE / INDEX).read_text(encoding="utf-8")
    parts = {
        "without script": _LOADING.format(size=size / 1e6),
        "where pictures go": _STAYS,
        "other ways": "",
    }
    found = _SERVER_PART.findall(text)
    if sorted(found) != sorted(parts):
        raise VestryError(f"{PAGE / INDEX}: the page is not this version's; install vestry again")
    text = _SERVER_PART.sub(lambda part: parts[part[1]], text)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    head = f'{_HEAD}\n  {policy}\n  <meta name="referrer" content="no-referrer">'
    titled = f"<title>{escape(bundle.name)} · Vestry</title>"
    text = text.replace(_HEAD, head).replace("<title>Vestry</title>", titled)
    return text.replace('"/page/', '"page/')
