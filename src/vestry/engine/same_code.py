"""Whether two machines have the same code, so that a task comes to the same on both."""

import functools
import hashlib
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parents[1]


@functools.cache
def code_here() -> dict[str, str]:
    """Python, this package by its content, and what other packages bring to it, by name."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + path.read_bytes())
    python = ".".join(map(str, sys.version_info[:2]))
    return {"Python": python, "Vestry's code": digest.hexdigest()[:12]} | _brought()


def _brought() -> dict[str, str]:
    points = metadata.entry_points()
    groups = sorted(group for group in points.groups if group.startswith("vestry."))
    return {
        f"{group}: {point.name}": f"{point.dist.name} {point.dist.version}"
        for group in groups
        for point in points.select(group=group)
        if point.dist
    }


def differences(there: dict[str, str], description: dict[str, Any]) -> list[str]:
    """What is not here as it is `there`, where the task was described; a phrase each."""
    here = code_here()
    wanted = there | description.get("libraries", {})
    known = here | {name: _version(name) for name in description.get("libraries", {})}
    return [
        f"{name} {known.get(name) or 'is missing'} instead of {version}"
        for name, version in wanted.items()
        if known.get(name) != version
    ]


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
