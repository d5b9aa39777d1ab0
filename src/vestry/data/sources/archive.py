"""`zip:FILE`: a zip or tar archive of any other kind of source, unpacked into the cache."""

import hashlib
import lzma
import math
import os
import shutil
import stat
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

from vestry.data.image_set import Source
from vestry.data.limits import MOST_BYTES
from vestry.data.paths import MissingDataError
from vestry.data.source_kind import SOURCES, SourceKind, SourceRequest
from vestry.data.sources import path as any_kind
from vestry.errors import DataError
from vestry.storage.ownership import read_object
from vestry.storage.run_folder import write_json

_MOST_FILES = 2_000_000
_LEAST_RATIO, _MOST_RATIO = 64 * 2**20, 200
"""Up to the first an archive may unfold as it likes; beyond it, bytes for each byte stored."""
_KEPT, _YOUNG = 4, 24 * 3600
"""So many unpacked archives stay in the cache, and those used within so many seconds."""
_BLOCK = 2**20
_Sum = list[int]
"""A file's size and CRC-32."""
_Sums = dict[str, _Sum]
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    ValueError,
)


def _load(request: SourceRequest) -> Source:
    """The source inside the archive.

    Raises MissingDataError where there is no such file; DataError where it is damaged, would unfold
    beyond bounds, or holds links or paths that lead out of it.
    """
    if not request.path.is_file():
        raise MissingDataError(f"{request.path}: no such file (source {request.text})")
    folder = _unpacked(request.path, request.places.cache / "unpacked")
    try:
        return _inside(folder, request)
    except DataError as error:
        # What is wrong is told of the archive: nobody knows the cache; nor is it kept there.
        _remove(folder)
        said = str(error).replace(str(folder), str(request.path))
        raise type(error)(said) from None


def _inside(folder: Path, request: SourceRequest) -> Source:
    kind, path = any_kind.recognised(folder)
    if kind == "zip":
        raise DataError(f"{request.path}: an archive in an archive; unpack it first")
    source = SOURCES[kind].load(replace(request, path=path))
    # No link was unpacked, so that names alone say where each picture lies.
    top = os.path.join(os.path.normpath(folder), "")  # noqa: PTH118 - of 200,000 files
    if not all(os.path.normpath(one).startswith(top) for one in source.pictures.values()):
        raise DataError(f"{request.path}: it names pictures outside of it; pack them with it")
    return replace(source, notes=(f"{request.path.name} was read as {kind}:", *source.notes))


def _unpacked(archive: Path, cache: Path) -> Path:
    """The folder with the archive's content, made once for each content, and anew where a file in
    it is not what was unpacked."""
    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    folder = cache / digest[:24]
    if folder.is_dir() and not _is_whole(folder):
        _remove(folder)
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        _drop_old(cache)
        made = Path(tempfile.mkdtemp(prefix="unpacking-", dir=cache))
        try:
            sums = _unpack(archive, made)
            write_json(_sums_beside(folder), {name: sums[name] for name in sorted(sums)})
            made.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process may have been quicker
                raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
    os.utime(folder)
    return folder


def _sums_beside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _is_whole(folder: Path) -> bool:
    """Whether it holds what was unpacked: no disk was waited for, since there may be thousands of
    files, so a loss of power may have emptied some."""
    known = read_object(_sums_beside(folder)) or {}
    top = os.path.join(folder, "")  # noqa: PTH118 - of 200,000 files, Path would take seconds
    found = [
        os.path.join(place, name)  # noqa: PTH118
        for place, _, names in os.walk(folder)
        for name in names
    ]
    named = {path.removeprefix(top).replace(os.sep, "/"): path for path in found}
    return known.keys() == named.keys() and all(
        known[name] == _sum_of(path) for name, path in named.items()
    )


def _sum_of(path: str) -> _Sum | None:
    """None where it cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return _copied(file, None)
    except OSError:
        return None


def _copied(stream: Any, target: IO[bytes] | None, most: float = math.inf) -> _Sum:
    """Read `stream` to its end, or to over `most` bytes, and write it to `target`."""
    size = found = 0
    while size <= most and (block := stream.read(_BLOCK)):
        size, found = size + len(block), zlib.crc32(block, found)
        if target is not None and size <= most:
            target.write(block)
    return [size, found]


def _drop_old(cache: Path) -> None:
    """Keep the cache small: what nobody has used for a day goes, the oldest first."""
    folders = sorted(
        (path for path in cache.iterdir() if path.is_dir() and not path.is_symlink()),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for folder in folders[_KEPT:]:
        if time.time() - folder.stat().st_mtime > _YOUNG:
            _remove(folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _sums_beside(folder).unlink(missing_ok=True)


def _unpack(archive: Path, target: Path) -> _Sums:
    try:
        if zipfile.is_zipfile(archive):
            return dict(_unzip(archive, target))
        if tarfile.is_tarfile(archive):
            return dict(_untar(archive, target))
        raise DataError(f"{archive}: neither a zip nor a tar archive")
    except RuntimeError as error:  # encrypted, or folders within folders without end
        raise DataError(f"{archive}: cannot be unpacked ({error}); unpack it yourself") from None
    except (*_DAMAGE, OSError) as error:
        raise DataError(f"{archive}: a damaged archive ({error}); get a fresh copy") from None
    except (NotImplementedError, UnicodeError) as error:
        raise DataError(f"{archive}: cannot be unpacked ({error})") from None


def _unzip(archive: Path, target: Path) -> Iterator[tuple[str, _Sum]]:
    """Name and sum of each file, once it is unpacked."""
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():  # some programs on Windows part folders by `\\`
            info.filename = info.filename.replace("\\", "/")
        members = [info for info in packed.infolist() if not info.is_dir()]
        _check(archive, ((info.filename, info.file_size) for info in members))
        for info in members:
            if stat.S_ISLNK(info.external_attr >> 16):
                raise DataError(f"{archive}: {info.filename} is a link; links are not followed")
            with packed.open(info) as stream:
                yield _stored(archive, target, info.filename, stream, info.file_size)


def _untar(archive: Path, target: Path) -> Iterator[tuple[str, _Sum]]:
    with tarfile.open(archive) as packed:
        members = _tar_members(archive, packed)
        _check(archive, ((info.name, info.size) for info in members))
        for info in members:
            stream = packed.extractfile(info)
            if stream is not None:
                yield _stored(archive, target, info.name, stream, info.size)


def _tar_members(archive: Path, packed: tarfile.TarFile) -> list[tarfile.TarInfo]:
    """Files alone; bounded while they are listed, since a compressed tar is read whole for that."""
    found: list[tarfile.TarInfo] = []
    size, stored = 0, archive.stat().st_size
    for info in packed:
        size += info.size
        _check_amount(archive, len(found), size, stored)
        if info.issym() or info.islnk():
            raise DataError(f"{archive}: {info.name} is a link; links are not followed")
        if info.isfile():
            found.append(info)
    return found


def _check(archive: Path, members: Iterator[tuple[str, int]]) -> None:
    size, stored = 0, archive.stat().st_size
    for count, (name, length) in enumerate(members, 1):
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]:
            raise DataError(f"{archive}: {name!r} leads out of it; nothing was unpacked")
        size += length
        _check_amount(archive, count, size, stored)


def _check_amount(archive: Path, count: int, size: int, stored: int) -> None:
    if count > _MOST_FILES or size > MOST_BYTES or size > max(_LEAST_RATIO, _MOST_RATIO * stored):
        raise DataError(
            f"{archive}: would unfold to more than {count:,} files and {size:,} bytes from "
            f"{stored:,} stored ones; that is not unpacked. Unpack it yourself if it is what it "
            "should be, and name the folder"
        )


def _stored(archive: Path, folder: Path, name: str, stream: Any, size: int) -> tuple[str, _Sum]:
    """Not a byte more than was claimed. Its way in `folder`, and its sum."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as target:
        found = _copied(stream, target, size)
    if found[0] > size:
        raise DataError(f"{archive}: {path.name} holds more than it claims")
    return path.relative_to(folder).as_posix(), found


SOURCES.register(
    SourceKind(
        "zip",
        "a zip or tar archive of any other kind",
        _load,
        takes="FILE",
        resizes=True,
    )
)
