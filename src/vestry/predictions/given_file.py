"""Columns of a table in a file of the user's: `.csv` or `.npz`, bounded, never unpickled."""

import csv
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.limits import check_size
from vestry.data.npz_file import read_member, readable
from vestry.errors import DataError
from vestry.storage.regular_file import check_regular

_MOST_CSV_BYTES = 2**30
_MOST_COLUMNS = 10_050
_DELIMITERS = ",;\t"
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, eq=False)
class CsvTable:
    """header: the columns' names. rows: n lists of text, a cell a column."""

    path: Path
    header: tuple[str, ...]
    rows: list[list[str]]

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> NDArray[np.str_]:
        place = self.header.index(name)
        return np.array([row[place] for row in self.rows], dtype=np.str_)

    def numbers(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """(n, names) of these columns; DataError names the first cell that is no number."""
        places = [self.header.index(name) for name in names]
        try:
            values = [[float(row[place]) for place in places] for row in self.rows]
        except ValueError:
            raise DataError(self._no_number(places)) from None
        return np.array(values, dtype=np.float64).reshape(len(self.rows), len(names))

    def _no_number(self, places: list[int]) -> str:
        for number, row in enumerate(self.rows, 1):
            for place in places:
                if not _is_number(row[place]):
                    return (
                        f"{self.path}: row {number} has {row[place][:40]!r} in the column "
                        f"{self.header[place]!r}, which is no number; write it as 0.25"
                    )
        raise ValueError("every cell is a number")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_csv(path: Path) -> CsvTable:
    """A table with a line of names on top; commas, semicolons or tabs between its cells.

    Raises DataError where it is none, too large, not UTF-8, or has rows of unlike length.
    """
    header: tuple[str, ...] | None = None
    rows: list[list[str]] = []
    try:
        check_regular(path)
        if path.stat().st_size > _MOST_CSV_BYTES:
            raise DataError(
                f"{path}: longer than {_MOST_CSV_BYTES:,} bytes; store it as .npz (numpy.savez)"
            )
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, cells in _lines(path, file):
                if header is None:
                    header = _header(path, cells)
                elif len(cells) == len(header):
                    rows.append(cells)
                else:
                    raise DataError(
                        f"{path}: line {number} has {len(cells)} cells, but the first line names "
                        f"{len(header)} columns"
                    )
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text; store it as UTF-8") from None
    except csv.Error as error:
        raise DataError(f"{path}: not a table ({error})") from None
    if header is None:
        raise DataError(f"{path}: it is empty; a line with the columns' names is expected")
    return CsvTable(path, header, rows)


def _lines(path: Path, file: Any) -> Iterator[tuple[int, list[str]]]:
    """Lines with anything in them, with their numbers."""
    first = file.readline()
    if "\0" in first:
        raise DataError(f"{path}: not a table of text")
    delimiter = max(_DELIMITERS, key=first.count)
    yield from (
        (number, [cell.strip() for cell in cells])
        for number, cells in enumerate(csv.reader([first], delimiter=delimiter), 1)
        if cells
    )
    for number, cells in enumerate(csv.reader(file, delimiter=delimiter), 2):
        if any(cells):
            yield number, [cell.strip() for cell in cells]


def _header(path: Path, cells: list[str]) -> tuple[str, ...]:
    if len(cells) > _MOST_COLUMNS:
        raise DataError(f"{path}: {len(cells):,} columns; at most {_MOST_COLUMNS:,} are read")
    twice = next((name for name in cells if cells.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{path}: two columns have the name {twice!r}; each needs its own")
    if "" in cells:
        raise DataError(f"{path}: column {cells.index('') + 1} has no name in the first line")
    return tuple(cells)


def read_npz(path: Path, names: Mapping[str, tuple[str, ...]]) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` under the keys of `names`; those that are not there are left out.

    names: by key, the spellings under which an array may be stored. Sizes are checked before
    memory is taken. Raises DataError where the file is damaged or holds objects.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    with readable(path), zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        found = {
            key: next((name for name in spellings if name in members), None)
            for key, spellings in names.items()
        }
        return {
            key: read_member(path, archive, members[name], _check_dtype)
            for key, name in found.items()
            if name is not None
        }


def _check_dtype(where: str, dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "USiufb":
        raise DataError(f"{where} holds {dtype}; numbers or text are needed, and no objects")
    check_size(Path(where), "one value", dtype.itemsize)


def texts(path: Path, values: NDArray[Any]) -> NDArray[np.str_]:
    """Text of an array of text or numbers: whole numbers as such, bytes as UTF-8.

    Raises DataError for what is neither: numbers that are not finite, text that is no UTF-8.
    """
    if values.dtype.kind == "S":
        try:
            return np.char.decode(values, "utf-8")
        except UnicodeDecodeError:
            raise DataError(f"{path}: a text is not UTF-8; store it as UTF-8") from None
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise DataError(
            f"{path}: an id, a label or the like is NaN or infinite; leave such rows out, or give "
            "them a value"
        )
    if values.dtype.kind == "f" and bool((values == np.rint(values)).all()):
        return values.astype(np.int64).astype(np.str_)
    found = values.astype(np.str_)
    # Halves of characters, as Python stores a byte that is no text: no file could name them again.
    if values.dtype.kind == "U" and _HALF.search("".join(np.unique(found))):
        raise DataError(f"{path}: a text has half a character; store it as UTF-8")
    return found
