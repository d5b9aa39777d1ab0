"""The file of `[data] groups = { file = "groups.csv" }`: whom or what each image is of.

A CSV file with a line an image: its `id`, as pages and tables give it, and its `group`. It is what
`vestry explore` writes where images alone show what belongs together, and what anybody may write.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.csv_lines import csv_lines
from vestry.data.image_set import ImageSet, Source
from vestry.errors import DataError
from vestry.storage.spreadsheet_text import unguarded

_COLUMNS = ("id", "group")
_LARGEST = 2**28
_ALONE = "{}, which no line of the file names"
"""The group of a row that stands for itself; that of a line never has such a name by chance."""


def groups_by_file(path: Path, source: Source) -> dict[str, NDArray[np.str_]]:
    """By part (n,) the group of every row; one that the file does not name stands for itself.

    Raises DataError where the file cannot be read or does not belong to `source`: unknown ids, two
    lines for one id, a line without a group.
    """
    known = _lines(path)
    ids = {part: rows.ids.tolist() for part, rows in source.parts.items()}
    there = {name for names in ids.values() for name in names}
    unknown = [name for name in known if name not in there]
    if unknown:
        raise DataError(
            f"groups {path}: {len(unknown):,} of {len(known):,} ids are not those of "
            f"{source.name}, {unknown[0]!r} for one; ids are as the page and its tables give them"
        )
    return {
        part: np.array([known.get(name) or _ALONE.format(name) for name in names], dtype=np.str_)
        for part, names in ids.items()
    }


def unnamed(rows: ImageSet) -> int:
    """How many rows of those that `groups_by_file` grouped stand each for itself."""
    if rows.groups is None:
        return 0
    alone = zip(rows.ids.tolist(), rows.groups.tolist(), strict=True)
    return sum(group == _ALONE.format(name) for name, group in alone)


def _lines(path: Path) -> Mapping[str, str]:
    """The group of each id."""
    if path.is_file() and path.stat().st_size > _LARGEST:
        raise DataError(f"groups {path} is longer than {_LARGEST:,} bytes")
    lines = csv_lines(path)
    columns = [name.strip() for name in next(lines, [])]
    if any(columns.count(name) != 1 for name in _COLUMNS):
        raise DataError(
            f"groups {path}: its first line is to name the columns `id` and `group`, each once; it "
            f"has {', '.join(columns) or 'nothing'}"
        )
    known: dict[str, str] = {}
    for number, fields in enumerate(lines, start=2):
        if len(fields) != len(columns):
            raise DataError(
                f"groups {path}, line {number}: {len(fields)} fields, where the first line names "
                f"{len(columns)}"
            )
        name, group = (unguarded(fields[columns.index(each)]) for each in _COLUMNS)
        if not name or not group:
            raise DataError(
                f"groups {path}, line {number}: no {'group' if name else 'id'}; leave out lines of "
                "images that belong to no other"
            )
        if name in known:
            raise DataError(f"groups {path}, line {number}: {name} stands twice")
        known[name] = group
    return known
