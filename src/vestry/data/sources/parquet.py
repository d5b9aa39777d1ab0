"""`parquet:FILE` or a folder of such: pictures as bytes, as Hugging Face stores them, or paths."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vestry.data.folder_layout import PartName, part_of
from vestry.data.image_set import Source
from vestry.data.limits import check_size
from vestry.data.manifest import (
    FILES,
    LABELS,
    SPLITS,
    ManifestRow,
    column_named,
    part_named,
    source_of_rows,
)
from vestry.data.paths import MissingDataError
from vestry.data.source_kind import SOURCES, SourceKind, SourceRequest
from vestry.errors import DataError

_PART = re.compile(r"(?:^|[^a-z])(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?)(?:[^a-z]|$)")
_ROWS = 32
"""At once: a few large pictures must not be many in memory."""
_FORM = "a column `image` (bytes, or a path) and a column `label` are expected"


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
        with _opened(file) as table, _readable(file):
            classes = classes or _class_names(table)
            for row in _rows(file, table, request.column, _part(file, len(files))):
                size += len(row.picture) if isinstance(row.picture, bytes) else 0
                check_size(file, "the pictures in it", size)
                rows.append(row)
    return source_of_rows(
        request.path,
        request.text,
        rows,
        request.reading,
        classes,
    )


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
    try:
        import pyarrow  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ModuleNotFoundError:
        raise MissingDataError(
            f"{file}: reading Parquet needs pyarrow; pip install 'vestry[parquet]'"
        ) from None
    try:
        return parquet.ParquetFile(file)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{file}: not a readable Parquet file ({error})") from None


@contextlib.contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Whatever damaged data make their reader raise becomes DataError."""
    import pyarrow  # noqa: PLC0415

    try:
        yield
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
        raise DataError(f"{file}: damaged ({error}); get a fresh copy") from None


def _class_names(table: Any) -> list[str] | None:
    """From what Hugging Face's `datasets` notes in the file."""
    try:
        noted = json.loads((table.schema_arrow.metadata or {})[b"huggingface"])
        features = noted["info"]["features"]
        label = column_named(list(features), LABELS)
        names = features[label]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return [str(name) for name in names] if isinstance(names, list) else None


def _rows(file: Path, table: Any, group: str | None, part: PartName) -> Iterator[ManifestRow]:
    columns = list(table.schema_arrow.names)
    image, label = column_named(columns, (*FILES, "bytes")), column_named(columns, LABELS)
    if image is None or label is None:
        raise DataError(f"{file}: has the columns {', '.join(columns[:9])}; {_FORM}")
    split = column_named(columns, SPLITS)
    wanted = [name for name in (image, label, split, group) if name in columns]
    number = 0
    for batch in table.iter_batches(batch_size=_ROWS, columns=wanted):
        for row in batch.to_pylist():
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
    if not isinstance(value, bytes):
        raise DataError(f"{file}: row {number:,} holds no picture; {_FORM}")
    return value, f"{file.stem}/{number - 1:05d}"


def _label(file: Path, value: Any, number: int) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, int | str):
        raise DataError(
            f"{file}: row {number:,} has the label {value!r}; one label a row is needed"
        )
    return str(value)


SOURCES.register(
    SourceKind(
        "parquet",
        "Parquet with pictures as bytes or paths, as Hugging Face stores data sets",
        _load,
        takes="FILE",
        resizes=True,
    )
)
