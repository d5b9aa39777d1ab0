"""Lists of picture files with their labels, as CSV or as JSON lines: the rows that they name."""

import itertools
import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vestry.data.csv_lines import bounded_lines, csv_lines
from vestry.data.folder_layout import PICTURE_SUFFIXES, PartName
from vestry.data.manifest import FILES, LABELS, SPLITS, ManifestRow, column_named, part_named
from vestry.errors import DataError
from vestry.storage.regular_file import check_regular

_FORM = (
    "a list of pictures has a column `path` or `file_name` and a column `label` (and, if wanted, "
    "`split` and one that groups rows)"
)


def is_list_with_labels(path: Path) -> bool:
    """Whether the file's first line says so; a damaged one does not."""
    try:
        columns = _columns(path)
    except DataError:
        return False
    return all(column_named(columns, names) is not None for names in (FILES, LABELS))


def listed(
    path: Path, group: str | None, part: PartName | None = None
) -> tuple[list[ManifestRow], list[str]]:
    """The rows that a CSV file, or one of JSON lines (.jsonl), names; and notes on what was not
    read. Paths start in the file's folder.

    group: the column of each row's group, where there is such. part: that of all rows, whose ids
    then begin with the folder's name; None: as a column says, or training rows. Raises DataError
    for missing columns, a picture named twice, no rows, and what is no such file.
    """
    columns = _columns(path)
    files, label = column_named(columns, FILES), column_named(columns, LABELS)
    if files is None or label is None:
        raise DataError(f"{path}: no column is a label ({', '.join(columns[:9])}); {_FORM}")
    split = None if part else column_named(columns, SPLITS)
    before = f"{path.parent.name}/" if part else ""
    rows: list[ManifestRow] = []
    seen: set[str] = set()
    for number, row in _rows(path, columns, {files, label, split} - {None}):
        named = row[files].strip()
        if (known := posixpath.normpath(named)) in seen:
            raise DataError(f"{path}: line {number} names {named!r} a second time")
        seen.add(known)
        own = part or "train"
        if split is not None:
            own = part_named(row[split], f"{path}, line {number}")
        rows.append(
            ManifestRow(
                _picture(path.parent, named),
                before + named,
                row[label],
                own,
                row.get(group) if group is not None else None,
            )
        )
    if not rows:
        raise DataError(f"{path}: no rows below the header")
    return rows, _notes(columns, {files, label, split, group})


def _columns(path: Path) -> list[str]:
    if _is_json(path):
        return list(next(_objects(path), (0, {}))[1])
    return next(csv_lines(path), [])


def _rows(
    path: Path, columns: Sequence[str], needed: set[str | None]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The number of each line, and its fields by column."""
    if _is_json(path):
        for number, found in _objects(path):
            row = {key: str(value) for key, value in found.items() if isinstance(value, str | int)}
            if missing := sorted(str(key) for key in needed.difference(row)):
                raise DataError(f"{path}: line {number} has no {missing[0]!r} of text or a number")
            yield number, row
        return
    for number, fields in enumerate(itertools.islice(csv_lines(path), 1, None), 2):
        if len(fields) != len(columns):
            raise DataError(f"{path}: line {number} has {len(fields)} fields, not {len(columns)}")
        # Of two columns of one name the first counts.
        yield number, dict(zip(reversed(columns), reversed(fields), strict=True))


def _is_json(path: Path) -> bool:
    return path.suffix.lower() == ".jsonl"


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's object, with its number."""
    try:
        check_regular(path)
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(bounded_lines(path, stream), 1):
                if line.strip():
                    yield number, _object(path, number, line)
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text; store it as JSON lines in UTF-8") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: line {number} is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: line {number} holds no JSON object")
    return found


def _picture(folder: Path, named: str) -> Path:
    """The file that a row names: as it stands, or with the suffix that it leaves out."""
    whole = folder / named
    if whole.is_file() or not whole.name:
        return whole
    beside = (whole.with_name(whole.name + suffix) for suffix in sorted(PICTURE_SUFFIXES))
    return next((path for path in beside if path.is_file()), whole)


def _notes(columns: list[str], read: set[str | None]) -> list[str]:
    unread = [name for name in columns if name not in read]
    return [f"columns that were not read: {', '.join(unread[:9])}"] if unread else []
