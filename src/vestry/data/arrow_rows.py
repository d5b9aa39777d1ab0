"""Rows of labelled pictures in Arrow tables, as Parquet and Hugging Face data sets hold them."""

import contextlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vestry.data.folder_layout import PartName
from vestry.data.manifest import FILES, LABELS, SPLITS, ManifestRow, column_named, part_named
from vestry.data.paths import MissingDataError
from vestry.errors import DataError

_ROWS = 32
"""At once: a few large pictures must not be many in memory."""
_FORM = "a column `image` (bytes, or a path) and a column `label` are expected"
_CHANNELS = 3


def need_pyarrow(file: Path, what: str) -> None:
    """Raises MissingDataError where the library that reads `what` is not installed."""
    try:
        import pyarrow  # noqa: F401, PLC0415
    except ModuleNotFoundError:
        raise MissingDataError(
            f"{file}: reading {what} needs pyarrow; pip install 'vestry[parquet]'"
        ) from None


@contextlib.contextmanager
def readable(file: Path) -> Iterator[None]:
    """Whatever damaged data make their reader raise becomes DataError."""
    import pyarrow  # noqa: PLC0415

    try:
        yield
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
        raise DataError(f"{file}: damaged ({error}); get a fresh copy") from None


def class_names(schema: Any) -> list[str] | None:
    """By number, from what Hugging Face's `datasets` notes in a table's schema."""
    try:
        noted = json.loads((schema.metadata or {})[b"huggingface"])
        features = noted["info"]["features"]
        names = features[column_named(list(features), LABELS)]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return [str(name) for name in names] if isinstance(names, list) else None


def wanted_columns(file: Path, columns: Sequence[str], group: str | None) -> list[str]:
    """Those that rows are made of. Raises DataError where pictures or labels are missing."""
    image, label = column_named(columns, (*FILES, "bytes")), column_named(columns, LABELS)
    if image is None or label is None:
        raise DataError(f"{file}: has the columns {', '.join(columns[:9])}; {_FORM}")
    split = column_named(columns, SPLITS)
    return [
        name for name in dict.fromkeys((image, label, split, group)) if name and name in columns
    ]


def rows_of(
    file: Path, batches: Iterable[Any], group: str | None, part: PartName
) -> Iterator[ManifestRow]:
    """The rows of record batches with the columns wanted; `part` where no column names theirs.

    Raises DataError for a row without a picture or label, and a part of another name.
    """
    number = 0
    for batch in batches:
        columns = list(batch.schema.names)
        image, label = column_named(columns, (*FILES, "bytes")), column_named(columns, LABELS)
        split = column_named(columns, SPLITS)
        for start in range(0, batch.num_rows, _ROWS):
            for row in batch.slice(start, _ROWS).to_pylist():
                number += 1
                own = part if split is None else part_named(str(row[split]), str(file))
                picture, name = _picture(file, row[image], number)
                yield ManifestRow(
                    picture,
                    f"{own}/{name}",
                    _label(file, row[label], number),
                    own,
                    None if group not in columns else str(row[group]),
                )


def _picture(file: Path, value: Any, number: int) -> tuple[Path | bytes, str]:
    """The picture, and a name that no other row of the file has."""
    if isinstance(value, dict):
        path, content = value.get("path"), value.get("bytes")
        if content is None and isinstance(path, str):
            return file.parent / path, path
        value = content
    if isinstance(value, str):
        return file.parent / value, value
    if isinstance(value, list):
        value = _from_numbers(value)
    if not isinstance(value, bytes):
        raise DataError(f"{file}: row {number:,} holds no picture; {_FORM}")
    return value, f"{file.stem}/{number - 1:05d}"


def _from_numbers(value: list[Any]) -> bytes | None:
    """Pixels in lists, whole numbers from 0 to 255, as a PNG file; None for anything else."""
    try:
        pixels = np.array(value)
    except ValueError:  # lists of unlike lengths
        return None
    is_shaped = pixels.ndim == 2 or (pixels.ndim == _CHANNELS and pixels.shape[2] == _CHANNELS)
    if not is_shaped or not pixels.size or pixels.dtype.kind not in "iu":
        return None
    if pixels.min() < 0 or pixels.max() > 255:
        return None
    stream = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _label(file: Path, value: Any, number: int) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, int | str):
        raise DataError(
            f"{file}: row {number:,} has the label {value!r}; one label a row is needed"
        )
    return str(value)
