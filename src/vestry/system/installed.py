"""Which code is installed, and which is a user's own: what lies elsewhere is known here alone."""

import functools
import site
import sysconfig
from pathlib import Path


def is_installed(file: Path) -> bool:
    """Whether `file` is of Python's library, of an installed package or of this one."""
    return any(file.is_relative_to(place) for place in _places())


@functools.cache
def _places() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    library = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    packages = [*site.getsitepackages(), site.getusersitepackages()]
    return (Path(__file__).parent.parent, *map(Path, [*library, *packages]))
