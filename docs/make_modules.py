"""Write modules.md: every module with the first sentence that it says of itself; `make docs`."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "vestry"
HEAD = """# Every module

Made by `make docs` from the modules' own first sentences. [architecture.md](architecture.md) says
how they hang together.
"""


def reference() -> str:
    """The whole document, a table a folder."""
    folders = sorted({path.parent for path in SOURCE.rglob("*.py")})
    return HEAD + "".join(table(folder) for folder in folders)


def table(folder: Path) -> str:
    modules = [path for path in sorted(folder.glob("*.py")) if path.name != "__init__.py"]
    if not modules:
        return ""
    rows = "".join(f"| `{path.name}` | {sentence(path)} |\n" for path in modules)
    name = folder.relative_to(SOURCE.parent).as_posix()
    return f"\n## {name}/\n\n| module | what it is for |\n|---|---|\n{rows}"


def sentence(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = re.split(r"(?<=[.:])\s*\n|\n\n", text)[0]
    return " ".join(first.split()).replace("|", "\\|")


if __name__ == "__main__":
    (ROOT / "docs" / "modules.md").write_text(reference(), encoding="utf-8")
