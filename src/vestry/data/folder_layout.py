"""Where a folder of pictures keeps its parts: train/, val/ and test/ under any of their names."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from vestry.errors import DataError

PartName = Literal["train", "validation", "test"]
_PARTS: tuple[PartName, ...] = ("train", "validation", "test")
_SPELLINGS: dict[str, PartName] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
PICTURE_SUFFIXES = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".tif", ".tiff"),
        *(".bmp", ".ppm", ".pgm", ".pbm", ".pnm"),
    }
)
_LITTER = frozenset({"__macosx", "thumbs.db", "desktop.ini", "icon\r"})
"""What operating systems leave behind; like hidden files it is passed over without a word."""

_DEEPEST = 3
"""So many folders that hold nothing but one folder are gone through: what unpacking leaves."""


@dataclass(frozen=True)
class Layout:
    """parts: the folder of class folders, by part; a source without parts has "train" alone.

    named: the folder that gives each part its name; empty where there are no parts. aside: what
    lies beside all these and is not looked into. notes: what a reader must know of the way there.
    """

    parts: dict[PartName, Path]
    named: dict[PartName, Path]
    aside: tuple[Path, ...]
    notes: tuple[str, ...]


def find_layout(top: Path) -> Layout:
    """The parts in `top`, or in the only folder that it holds; without any, the class folders.

    A folder is a part by its name, in any case, where a train folder that holds folders is beside
    it. Raises DataError where two folders claim to be the same part.
    """
    way = _way_down(top, until_parts=True)
    named = _part_folders(way[-1])
    parts, ways = dict(named), [way]
    if not named:
        parts["train"] = way[-1]
    elif len(_way_down(named["train"])) > 1:  # the others lie as deep, if they lie deeper at all
        ways += [_way_down(path) for path in named.values()]
        parts = {part: _way_down(path)[-1] for part, path in named.items()}
    beside = [path for path in entries(way[-1]) if path not in named.values()] if named else []
    passed = [path for way in ways for above, below in pairwise(way) for path in _but(above, below)]
    return Layout(parts, named, (*passed, *beside), _notes(top, parts, named))


def entries(folder: Path) -> list[Path]:
    """What lies in `folder`, sorted by name; hidden files and litter do not count."""
    try:
        return sorted(path for path in folder.iterdir() if is_seen(path.name))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error


def is_seen(name: str) -> bool:
    """Whether a file or folder of this name counts."""
    return not name.startswith(".") and name.lower() not in _LITTER


def part_of(name: str) -> PartName | None:
    """The part that a folder of this name is, whatever its case."""
    return _SPELLINGS.get(name.lower())


def _way_down(folder: Path, until_parts: bool = False) -> list[Path]:
    """`folder`, the only folder in it, the only one in that, ... down to parts or classes."""
    way = [folder]
    while len(way) <= _DEEPEST and not (until_parts and _part_folders(way[-1])):
        only = _only_folder(way[-1])
        if only is None:
            break
        way.append(only)
    return way


def _part_folders(folder: Path) -> dict[PartName, Path]:
    """The folders of all parts; none where there is no train folder that holds folders."""
    named = [(part_of(path.name), path) for path in entries(folder) if path.is_dir()]
    if not any(part == "train" and _holds_folders(path) for part, path in named):
        return {}
    found: dict[PartName, Path] = {}
    for part in _PARTS:
        paths = [path for name, path in named if name == part]
        if len(paths) > 1:
            raise DataError(
                f"{folder} holds {paths[0].name}/ and {paths[1].name}/, and each would be the "
                f"{part} part; rename or take away one of them"
            )
        if paths:
            found[part] = paths[0]
    return found


def _holds_folders(folder: Path) -> bool:
    return any(path.is_dir() for path in entries(folder))


def _only_folder(folder: Path) -> Path | None:
    """The one folder in `folder`, where it holds folders and no pictures, so is no class."""
    folders = [path for path in entries(folder) if path.is_dir()]
    if len(folders) != 1 or not _holds_folders(folders[0]):
        return None
    below = entries(folders[0])
    pictured = any(path.suffix.lower() in PICTURE_SUFFIXES for path in below if path.is_file())
    return None if pictured else folders[0]


def _but(folder: Path, below: Path) -> list[Path]:
    return [path for path in entries(folder) if path != below]


def _notes(top: Path, parts: dict[PartName, Path], named: dict[PartName, Path]) -> tuple[str, ...]:
    notes = []
    if parts["train"].parent not in (top, top.parent) or (not named and parts["train"] != top):
        inside = parts["train"].relative_to(top).as_posix()
        notes.append(f"class folders were found further down, in {inside}/")
    if "validation" in named:
        name = named["validation"].name
        notes.append(
            f"{name}/ holds the source's own validation rows; `source_validation` in a study's "
            "[data] says what they are used for"
        )
    return tuple(notes)
