"""Whether a process has run code that no installed package brought."""

import site
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import ModuleType


def own_code(names: set[str]) -> bool:
    """Whether one of the modules `names` lies outside Python's library and installed packages."""
    found = [module for name, module in list(sys.modules.items()) if name in names]
    return any(_is_own(module) for module in found)


def _is_own(module: ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)
    if spec is None or not spec.has_location or not spec.origin:
        return False  # built in, or made by another module
    return not any(Path(spec.origin).is_relative_to(place) for place in _installed())


@cache
def _installed() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    library = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    packages = [*site.getsitepackages(), site.getusersitepackages()]
    return (Path(__file__).parent.parent, *map(Path, [*library, *packages]))
