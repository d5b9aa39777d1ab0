"""What a page that predicts in its visitor's browser is made of, beside the model.

`web/runtime` is onnxruntime-web, as its README there says; `web/page` prepares pictures in
JavaScript as `vestry.data.image_file` and the server do in Python.
"""

import gzip
from pathlib import Path

_WEB = Path(__file__).parent / "web"
_PACKED = ".gz"


def web_parts() -> dict[str, Path]:
    """Where each file lies, by its name in the page's folder: the runtime with its licences, and
    the scripts that answer in the browser, two of which stand in the place of the server's."""
    runtime = sorted((_WEB / "runtime").iterdir())
    scripts = sorted((_WEB / "page").glob("*.js"))
    return {
        **{f"runtime/{path.name.removesuffix(_PACKED)}": path for path in runtime},
        **{f"page/{path.name}": path for path in scripts},
    }


def content_of(path: Path) -> bytes:
    """A file's content, unpacked where it is stored packed: the runtime has 15 MB."""
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == _PACKED else content
