"""A bare path: what lies there says what kind of source it is."""

from dataclasses import replace
from pathlib import Path

from vestry.data.folder_layout import PICTURE_SUFFIXES, entries
from vestry.data.image_set import Source
from vestry.data.paths import MissingDataError
from vestry.data.source_kind import SOURCES, SourceKind, SourceRequest
from vestry.data.sources.hugging_face import is_hugging_face
from vestry.data.sources.idx import holds_idx
from vestry.errors import DataError

_BY_SUFFIX = {".npz": "npz", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".arrow": "hf"}
_PACKED = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
_WORDS = {
    "npz": "a NumPy file",
    "csv": "a CSV file",
    "parquet": "Parquet",
    "hf": "a data set of Hugging Face's",
    "zip": "an archive",
    "idx": "a folder of IDX files",
    "folder": "a folder of class folders",
}


def recognised(path: Path) -> tuple[str, Path]:
    """The kind of source that lies at `path`, and where.

    A folder that holds one file of a kind and no folder with pictures stands for that file. Raises
    MissingDataError where nothing is there, DataError for a file of no known kind.
    """
    if path.is_file():
        kind = _kind_of_file(path)
        if kind is None:
            known = ", ".join([*_BY_SUFFIX, *_PACKED])
            raise DataError(
                f"{path}: its name ends in none of {known}; say what it is: npz:, csv:, parquet:, "
                "hf: or zip: before the path, or name a folder"
            )
        return kind, path
    if not path.is_dir():
        raise MissingDataError(f"{path}: no such file or folder")
    return _in_folder(path)


def _kind_of_file(path: Path) -> str | None:
    name = path.name.lower()
    if name.endswith(_PACKED):
        return "zip"
    return _BY_SUFFIX.get(path.suffix.lower())


def _in_folder(folder: Path) -> tuple[str, Path]:
    if holds_idx(folder):
        return "idx", folder
    if is_hugging_face(folder):
        return "hf", folder
    if any(list(place.glob("*.parquet")) for place in (folder, folder / "data")):
        return "parquet", folder
    inside = entries(folder)
    if any(path.is_dir() and _holds_pictures(path) for path in inside):
        return "folder", folder
    files = [(kind, path) for path in inside if path.is_file() and (kind := _kind_of_file(path))]
    train = [(kind, path) for kind, path in files if "train" in path.name.lower()]
    for found in (files, train):
        if len(found) == 1:
            return found[0]
    images = [(kind, path) for kind, path in train if "-imgs" in path.name]  # as KMNIST names them
    return images[0] if len(images) == 1 else ("folder", folder)


def _holds_pictures(folder: Path, deepest: int = 3) -> bool:
    inside = entries(folder)
    if any(path.suffix.lower() in PICTURE_SUFFIXES for path in inside if path.is_file()):
        return True
    return deepest > 0 and any(
        _holds_pictures(path, deepest - 1) for path in inside if path.is_dir()
    )


def _load(request: SourceRequest) -> Source:
    """Whatever lies at the path, and a note on what it was taken for."""
    kind, path = recognised(request.path)
    source = SOURCES[kind].load(replace(request, path=path))
    inside = "" if path == request.path else f", {path.name} in it"
    note = f"{request.path.name} was taken for {_WORDS[kind]} ({kind}:){inside}"
    return replace(source, notes=(note, *source.notes))


SOURCES.register(
    SourceKind(
        "path",
        "a folder or file of any of these kinds, recognised by what it holds; `path:` can be left "
        "out",
        _load,
        takes="PATH",
        resizes=True,
    )
)
