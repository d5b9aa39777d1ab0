"""What other installed packages bring: entry points, the door that Python has for it.

A worker process sees the same packages as the command, so both find the same things there.
"""

import functools
from importlib import metadata
from typing import Any

from vestry.errors import StudyError, one_line


@functools.cache
def brought(group: str) -> dict[str, Any]:
    """Objects by name, of every distribution on `sys.path` that has entry points in `group`.

    Raises StudyError, naming the package, where one cannot be imported.
    """
    return {entry.name: _loaded(entry) for entry in metadata.entry_points(group=group)}


def _loaded(entry: metadata.EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:  # whatever another package raises when it is imported
        of = entry.dist.name if entry.dist else "a package"
        raise StudyError(
            f"{of} brings {entry.name!r} ({entry.group}), but {entry.value} cannot be imported: "
            f"{one_line(error)}. Mend or remove that package"
        ) from error
