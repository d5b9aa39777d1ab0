"""Where data is looked for: the user's folder, the cache, the study's own folder, the network."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import platformdirs

from vestry.errors import DataError, StudyError

_DATA_VARIABLE = "VESTRY_DATA"
_LOOKS_VARIABLE = "VESTRY_LOOKS"

Progress = Callable[[str, int, int], None]
"""Told, while a file is downloaded or a folder read: its name, how much is there, and in all."""


@runtime_checkable
class Telling(Protocol):
    """A `Progress` that takes lines, too."""

    def say(self, text: str) -> None: ...


class MissingDataError(DataError):
    """The data is nowhere to be found: the one case in which a study may use `otherwise`."""


def _looks_folder() -> Path:
    """The register of looks at test sets: VESTRY_LOOKS, or a folder of the user's own data."""
    given = os.environ.get(_LOOKS_VARIABLE)
    if given:
        return expanded(Path(given)).absolute()
    return platformdirs.user_data_path("vestry") / "test-looks"


@dataclass(frozen=True)
class DataPaths:
    """Where to look, in this order.

    data: a folder that holds `fashion-mnist/` and the like, or None.
    cache: where downloads are kept.
    base: the folder that relative paths in a study start from.
    hosts: URLs to download from instead of the published ones; an empty tuple forbids downloads.
    looks: where looks at test sets are counted.
    """

    data: Path | None
    cache: Path
    base: Path
    hosts: tuple[str, ...] | None = None
    looks: Path = field(default_factory=_looks_folder)

    @classmethod
    def of(cls, data: Path | None = None, base: Path | None = None) -> "DataPaths":
        """Places on this machine: `data` (the flag) goes over the environment's VESTRY_DATA."""
        given = data or os.environ.get(_DATA_VARIABLE) or None
        return cls(
            data=expanded(Path(given)).absolute() if given else None,
            cache=platformdirs.user_cache_path("vestry"),
            base=(base or Path()).absolute(),
        )

    def path(self, text: str) -> Path:
        """The path that `text` in a study file means."""
        return self.base / expanded(Path(text))

    def as_dict(self) -> dict[str, Any]:
        """For a task's description: `from_dict` gives the same places in another process."""
        return {
            "data": None if self.data is None else str(self.data),
            "cache": str(self.cache),
            "base": str(self.base),
            "looks": str(self.looks),
            "hosts": None if self.hosts is None else list(self.hosts),
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "DataPaths":
        return cls(
            data=None if value["data"] is None else Path(value["data"]),
            cache=Path(value["cache"]),
            base=Path(value["base"]),
            looks=Path(value["looks"]),
            hosts=None if value["hosts"] is None else tuple(value["hosts"]),
        )


def expanded(path: Path) -> Path:
    """`path` with a home folder in place of ~."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise StudyError(f"{path}: there is no such home folder; write the path out") from None
