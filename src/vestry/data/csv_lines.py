"""The lines of a CSV file, bounded: whatever separates their fields."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from vestry.errors import DataError
from vestry.storage.regular_file import check_regular

_LONGEST_FIELD, _LONGEST_LINE = 2**17, 2**24


def csv_lines(path: Path) -> Iterator[list[str]]:
    """The fields of every line that is not blank. Raises DataError for what is no CSV in UTF-8."""
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        check_regular(path)
        with path.open(encoding="utf-8-sig", newline="") as stream:
            sample = stream.read(4096)
            stream.seek(0)
            lines = csv.reader(bounded_lines(path, stream), delimiter=_delimiter(sample))
            yield from (row for row in lines if row)
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text; store it as CSV in UTF-8") from None
    except csv.Error as error:
        raise DataError(f"{path}: not a readable CSV file ({error})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def bounded_lines(path: Path, stream: TextIO) -> Iterator[str]:
    """Its lines; one without an end must not fill memory."""
    while line := stream.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise DataError(f"{path}: a line is longer than {_LONGEST_LINE:,} signs; is it a list?")
        yield line


def _delimiter(sample: str) -> str:
    """The commonest of the usual ones in the first line."""
    first = sample.partition("\n")[0]
    return max(",;\t|", key=first.count)
