"""Torch modules that were handed over in Python, and that only this process knows.

Nothing is pickled: a class of a notebook, or an object whose parameters cannot be told, is kept
here under a path of its own, and trained in this process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vestry.errors import StudyError

_PREFIX = "here."
NOTE = (
    "It was handed over in Python and trained in that session's own process: its time limit does "
    "not hold there, and no other session can fit it anew."
)


@dataclass(frozen=True)
class Given:
    """make: gives the module, untrained; it takes parameters as a class does. sha256: of what it is
    written in, and of what it starts from. words: what it is, and where it starts from weights of
    its own, that."""

    make: Callable[..., Any]
    sha256: str
    words: str


_GIVEN: dict[str, Given] = {}


def give(name: str, given: Given) -> str:
    """Keep it for this process; the path that a study has for it."""
    path = f"{_PREFIX}{name}_{given.sha256[:8]}"
    _GIVEN[path] = given
    return path


def is_here(path: str) -> bool:
    """Whether such a path is of a module that was handed over."""
    return path.startswith(_PREFIX)


def given(path: str) -> Given:
    """Raises StudyError where another process was given it."""
    if path not in _GIVEN:
        raise StudyError(
            f"{path} was handed over in a Python session, which alone can fit it; put the class "
            'into a file beside the study and name that: module = "file.Class"'
        )
    return _GIVEN[path]
