"""`hf:DIR`: a folder that Hugging Face's `datasets` saved to disk, or one of pictures with its
`metadata.csv` or `metadata.jsonl`; read without that library."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vestry.data.arrow_rows import class_names, need_pyarrow, readable, rows_of, wanted_columns
from vestry.data.folder_layout import PartName, entries, part_of
from vestry.data.image_set import Source
from vestry.data.limits import check_expansion, check_size
from vestry.data.manifest import ManifestRow, source_of_rows
from vestry.data.paths import MissingDataError
from vestry.data.picture_lists import is_list_with_labels, listed
from vestry.data.source_kind import SOURCES, SourceKind, SourceRequest
from vestry.errors import DataError
from vestry.storage.regular_file import check_regular

_STATE, _PARTS = "state.json", "dataset_dict.json"
_LISTS = ("metadata.csv", "metadata.jsonl")
_MOST_STATE = 2**24
_FILE_MAGIC = b"ARROW1"
_FORM = (
    f"save_to_disk of Hugging Face's `datasets` writes {_STATE} or {_PARTS}; a folder of pictures "
    f"has {' or '.join(_LISTS)} with the columns `file_name` and `label`"
)


def is_hugging_face(folder: Path) -> bool:
    """Whether such a folder lies here: by the files that no other kind has."""
    if any((folder / name).is_file() for name in (_STATE, _PARTS)) or _shards(folder):
        return True
    return any(is_list_with_labels(path) for path in _lists(folder))


def _load(request: SourceRequest) -> Source:
    """Raises MissingDataError where there is no such folder or no reader of Arrow, DataError for
    anything wrong in it."""
    if not request.path.exists():
        raise MissingDataError(f"{request.path}: no such folder (source {request.text})")
    if request.path.is_dir() and not _is_saved(request.path):
        return _with_lists(request)
    files, left = _arrow_files(request.path)
    rows: list[ManifestRow] = []
    classes: list[str] | None = None
    for file, part in files:
        with _opened(file) as table:
            classes = classes or class_names(table.schema)
            rows += rows_of(file, _batches(file, table, request.column), request.column, part)
    notes = [f"parts that were not read: {', '.join(left[:9])}"] if left else []
    return source_of_rows(request.path, request.text, rows, request.reading, classes, notes)


# What `save_to_disk` wrote.


def _is_saved(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (_STATE, _PARTS)) or bool(_shards(folder))


def _shards(folder: Path) -> list[Path]:
    """Tables that lie there without a state, as in the library's cache, where those named
    `cache-` hold what somebody computed."""
    return sorted(path for path in folder.glob("*.arrow") if not path.name.startswith("cache-"))


def _arrow_files(path: Path) -> tuple[list[tuple[Path, PartName]], list[str]]:
    """Every table with its part; and the names of parts that are none of ours."""
    if path.is_file():
        return [(path, "train")], []
    if not (path / _PARTS).is_file():
        return [(file, "train") for file in _files_of(path)], []
    names = _text_list(path / _PARTS, "splits")
    known = {name: part for name in names if (part := part_of(name))}
    if "train" not in known.values():
        raise DataError(f"{path / _PARTS}: no part is called train ({', '.join(names[:9])})")
    files = [(file, part) for name, part in known.items() for file in _files_of(path / name)]
    return files, [name for name in names if name not in known]


def _files_of(folder: Path) -> list[Path]:
    state = folder / _STATE
    if not state.is_file():
        return _shards(folder)
    facts = _json(state)
    if facts.get("_indices_data_files"):
        raise DataError(
            f"{state}: it keeps a selection of rows beside them, as old versions of `datasets` "
            "did; load it there and save it again, with flatten_indices() before"
        )
    files = facts.get("_data_files")
    named = [file.get("filename") if isinstance(file, dict) else None for file in files or []]
    if not named or not all(isinstance(name, str) and Path(name).name == name for name in named):
        raise DataError(f"{state}: names no files beside it; {_FORM}")
    return [folder / str(name) for name in named]


def _text_list(path: Path, key: str) -> list[str]:
    """Names of folders beside the file, none of which leads out of there."""
    names = _json(path).get(key)
    if not isinstance(names, list) or not all(
        isinstance(name, str) and name and Path(name).name == name for name in names
    ):
        raise DataError(f"{path}: `{key}` is no list of folders beside it; {_FORM}")
    return names


def _json(path: Path) -> dict[str, Any]:
    try:
        check_regular(path)
        if path.stat().st_size > _MOST_STATE:
            raise DataError(f"{path}: larger than {_MOST_STATE:,} bytes; {_FORM}")
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not readable JSON ({error}); {_FORM}") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: holds no JSON object; {_FORM}")
    return found


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """An Arrow stream, as `datasets` writes it, or Arrow's file format; mapped, not read whole."""
    need_pyarrow(file, "Arrow")
    import pyarrow  # noqa: PLC0415

    if not file.is_file():
        raise MissingDataError(f"{file}: no such file; copy the folder whole")
    check_size(file, "the table in it", file.stat().st_size)
    with readable(file), pyarrow.memory_map(str(file)) as mapped:
        is_file = mapped.read(len(_FILE_MAGIC)) == _FILE_MAGIC
        mapped.seek(0)
        yield (pyarrow.ipc.open_file if is_file else pyarrow.ipc.open_stream)(mapped)


def _batches(file: Path, table: Any, group: str | None) -> Iterator[Any]:
    """Its batches with the columns wanted, each checked before a value is taken: offsets that lead
    out of a damaged one are followed otherwise."""
    wanted = wanted_columns(file, list(table.schema.names), group)
    size = 0
    is_file = hasattr(table, "num_record_batches")
    found = map(table.get_batch, range(table.num_record_batches)) if is_file else table
    for batch in found:
        own = batch.select(wanted)
        own.validate(full=True)
        size += own.nbytes
        check_expansion(file, "the table in it", size, file.stat().st_size)
        yield own


# A folder of pictures with a list of them.


def _lists(folder: Path) -> list[Path]:
    """Of the folder itself, else of each part's folder in it."""
    if (own := _own_list(folder)) or not folder.is_dir():
        return own
    parts = [path for path in entries(folder) if path.is_dir() and part_of(path.name)]
    return [found for part in parts for found in _own_list(part)]


def _own_list(folder: Path) -> list[Path]:
    return [folder / name for name in _LISTS if (folder / name).is_file()][:1]


def _with_lists(request: SourceRequest) -> Source:
    paths = _lists(request.path)
    if not paths:
        raise DataError(f"{request.path}: no data set of Hugging Face's; {_FORM}")
    rows: list[ManifestRow] = []
    notes: dict[str, None] = {}
    for path in paths:
        part = part_of(path.parent.name) if path.parent != request.path else None
        found, said = listed(path, request.column, part)
        rows += found
        notes |= dict.fromkeys(said)
    return source_of_rows(request.path, request.text, rows, request.reading, notes=list(notes))


SOURCES.register(
    SourceKind(
        "hf",
        "a folder that Hugging Face's `datasets` saved to disk, or pictures with its metadata.csv "
        "or metadata.jsonl",
        _load,
        takes="DIR",
        resizes=True,
    )
)
