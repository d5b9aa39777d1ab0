"""The marker of a folder that Vestry writes: `vestry.json`, which says what the folder is of.

Where the study file, or the explored data, lies is kept twice: as an absolute path, which stays
true when the folder is moved alone, and as the way from the folder, which stays true when it is
moved together with its project.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from vestry.storage.named_paths import is_there
from vestry.storage.ownership import read_object, was_cut
from vestry.storage.run_folder import write_json
from vestry.system.platform_calls import way

NAME = "vestry.json"
_FORMAT = 1
Kind = Literal["run", "exploration"]


@dataclass(frozen=True)
class Marker:
    """kind: what the folder is. title: of the study, or the source as it was asked for.

    file: the study file, or where the explored data lies; empty for data that comes with a library.
    from_here: the way there from the folder. makers: folders in a run that it has made for members
    and committees, such as "members/LR".
    """

    kind: Kind
    title: str
    file: str = ""
    from_here: str = ""
    makers: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, kind: Kind, folder: Path, title: str, file: Path | None, makers: tuple[str, ...] = ()
    ) -> "Marker":
        if file is None:
            return cls(kind, title)
        there = file.resolve()
        return cls(kind, title, str(there), way(there, folder.resolve()), makers)

    def write(self, folder: Path) -> None:
        facts = asdict(self)
        write_json(folder / NAME, {"vestry": facts.pop("kind"), "format": _FORMAT, **facts})

    def places(self, folder: Path) -> list[Path]:
        """Where `file` may lie, seen from `folder`: the likelier place first."""
        if not self.file:
            return []
        beside = Path(os.path.normpath(folder.resolve() / self.from_here))
        return list(dict.fromkeys([beside, Path(self.file)]))

    def is_of(self, file: Path, title: str, folder: Path) -> bool:
        """Whether `file` is what the folder was made from, where it was or moved along with it.

        Where a project was copied, both are there; then the copied folder is the copied file's as
        long as that has the same title.
        """
        here, stored = file.resolve(), Path(self.file)
        if here == stored:
            return True
        return here in self.places(folder) and (title == self.title or not is_there(stored))

    def may_be_of(self, file: Path, title: str, folder: Path) -> bool:
        """Whether `file` is it by name and title, where what the folder was made from is in
        neither place: renamed folders, or a run that was brought from another machine."""
        gone = not any(map(is_there, self.places(folder)))
        return gone and (Path(self.file).name, self.title) == (file.resolve().name, title)


def read_marker(folder: Path) -> Marker | None:
    """The folder's marker; None where it has none, or a file of that name that is no marker."""
    facts = read_object(folder / NAME)
    if facts is None or facts.get("vestry") not in ("run", "exploration"):
        return None
    return _marker_of(facts) if facts.get("format") == _FORMAT else None


def is_cut(folder: Path) -> bool:
    """Whether the folder's marker is ours, but was emptied or cut by a loss of power."""
    return was_cut(folder / NAME, _START)


_START = b'{\n "vestry": "'
"""How `write` begins."""


def _marker_of(facts: dict[str, Any]) -> Marker | None:
    texts = [facts.get(key) for key in ("title", "file", "from_here")]
    makers = facts.get("makers")
    if not all(isinstance(text, str) for text in texts) or not isinstance(makers, list):
        return None
    title, file, way = map(str, texts)
    return Marker(facts["vestry"], title, file, way, tuple(map(str, makers)))
