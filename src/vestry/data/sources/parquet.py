"""`parquet:FILE` or a folder of such: pictures as bytes, as Hugging Face stores them, or paths."""

import re
from pathlib import Path
from typing import Any

from vestry.data.arrow_rows import class_names, need_pyarrow, readable, rows_of, wanted_columns
from vestry.data.folder_layout import PartName, part_of
from vestry.data.image_set import Source
from vestry.data.limits import check_size
from vestry.data.manifest import ManifestRow, source_of_rows
from vestry.data.paths import MissingDataError
from vestry.data.source_kind import SOURCES, SourceKind, SourceRequest
from vestry.errors import DataError

_PART = re.compile(r"(?:^|[^a-z])(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?)(?:[^a-z]|$)")
_ROWS = 32
"""At once: a few large pictures must not be many in memory."""


def _load(request: SourceRequest) -> Source:
    """Raises MissingDataError where there is no such file or no reader of Parquet, DataError for
    anything wrong in it."""
    files = _files(request.path)
    if not files:
        raise MissingDataError(f"{request.path}: no Parquet file (source {request.text})")
    rows: list[ManifestRow] = []
    classes: list[str] | None = None
    size = 0
    for file in files:
        with _opened(file) as table, readable(file):
            classes = classes or class_names(table.schema_arrow)
            wanted = wanted_columns(file, list(table.schema_arrow.names), request.column)
            batches = table.iter_batches(batch_size=_ROWS, columns=wanted)
            for row in rows_of(file, batches, request.column, _part(file, len(files))):
                size += len(row.picture) if isinstance(row.picture, bytes) else 0
                check_size(file, "the pictures in it", size)
                rows.append(row)
    return source_of_rows(request.path, request.text, rows, request.reading, classes)


def _files(path: Path) -> list[Path]:
    """The file, or those in the folder or in its `data/`, by name."""
    if path.is_file():
        return [path]
    folders = [path, path / "data"]
    return next((found for folder in folders if (found := sorted(folder.glob("*.parquet")))), [])


def _part(file: Path, files: int) -> PartName:
    """By its name, where there are several: `train-00000-of-00002.parquet`."""
    found = _PART.search(file.stem.lower())
    return (part_of(found[1]) or "train") if found and files > 1 else "train"


def _opened(file: Path) -> Any:
    need_pyarrow(file, "Parquet")
    import pyarrow  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    try:
        return parquet.ParquetFile(file)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{file}: not a readable Parquet file ({error})") from None


SOURCES.register(
    SourceKind(
        "parquet",
        "Parquet with pictures as bytes or paths, as Hugging Face stores data sets",
        _load,
        takes="FILE",
        resizes=True,
    )
)
