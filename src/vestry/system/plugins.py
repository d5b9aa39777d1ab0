"""What other installed packages bring to a registry: entry points, Python's own door for it.

A worker process sees the same packages as the command, so both find the same things there.
"""

from collections.abc import Iterable
from importlib import metadata
from typing import Any, Protocol, TypeVar

from vestry.errors import StudyError, one_line


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_T = TypeVar("_T", bound=_Named)


def brought(group: str, wanted: type[_T], own: Iterable[_T]) -> dict[str, _T]:
    """`own` things by their names, and those of every distribution with entry points in `group`.

    Raises StudyError, naming the package and the entry point, where one cannot be imported, is
    nothing that is `wanted`, or has a name that is taken.
    """
    found = {thing.name: thing for thing in own}
    for entry in metadata.entry_points(group=group):
        thing = _loaded(entry)
        if not isinstance(thing, wanted) or thing.name != entry.name:
            raise _refused(entry, f"is no {wanted.__name__} of that name")
        if entry.name in found:
            raise _refused(entry, "has a name that is taken")
        found[entry.name] = thing
    return found


def _loaded(entry: metadata.EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:  # whatever another package raises when it is imported
        raise _refused(entry, f"cannot be imported: {one_line(error)}") from error


def _refused(entry: metadata.EntryPoint, why: str) -> StudyError:
    package = entry.dist.name if entry.dist else "a package"
    return StudyError(
        f"{package} brings {entry.name!r} ({entry.value}, in {entry.group}), which {why}; "
        "mend or remove that package"
    )
