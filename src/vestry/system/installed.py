"""Which code is installed, and which is a user's own: what lies elsewhere is known here alone."""

import functools
import site
import sys
import sysconfig
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

_Stamps = tuple[tuple[str, int], ...]


def is_installed(file: Path) -> bool:
    """Whether `file` is of Python's library, of an installed package or of this one."""
    return any(file.is_relative_to(place) for place in _places())


@functools.cache
def _places() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    library = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    packages = [*site.getsitepackages(), site.getusersitepackages()]
    return (Path(__file__).parent.parent, *map(Path, [*library, *packages]))


@functools.cache
def version_of(package: str) -> str:
    """The version that was installed when this process first asked, which is what it has loaded.
    Raises importlib.metadata.PackageNotFoundError where there is none."""
    return metadata.version(package)


def packages_of(module: str) -> list[str]:
    """The installed packages that bring a module, by the first part of its name."""
    return sorted(set(_packages_by_module(_stamps()).get(module.partition(".")[0], ())))


def _stamps() -> _Stamps:
    """When anything was last put where modules are looked for, or taken away."""
    folders = filter(Path.is_dir, map(Path, sys.path))
    return tuple((str(folder), folder.stat().st_mtime_ns) for folder in folders)


@functools.lru_cache(maxsize=1)
def _packages_by_module(stamps: _Stamps) -> Mapping[str, list[str]]:  # noqa: ARG001 - the cache's key
    """Every package's list of files is read for this, which takes a fifth of a second."""
    return metadata.packages_distributions()
