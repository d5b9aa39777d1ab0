"""The IDX format of MNIST and its kin: a small header, then raw bytes; plain or gzip.

Format: https://yann.lecun.com/exdb/mnist (big-endian; two zero bytes, type, number of axes, then
the length of each axis as four bytes).
"""

import contextlib
import gzip
import math
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vestry.data.limits import check_expansion, check_size
from vestry.errors import DataError

_UNSIGNED_BYTE = 0x08
_TYPES = {
    _UNSIGNED_BYTE: "uint8",
    0x09: "int8",
    0x0B: "int16",
    0x0C: "int32",
    0x0D: "float32",
    0x0E: "float64",
}
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 2**20
_REPLACE = "get a fresh copy of the file"


class _Stream(Protocol):
    """What a plain file and a gzip file have in common here."""

    def read(self, size: int, /) -> bytes: ...


def read_idx(path: Path, axes: Collection[int]) -> NDArray[np.uint8]:
    """The array in `path`, uint8, with one of the numbers of `axes`.

    Magic, type and sizes are checked against the file before memory is taken, and not a byte
    more than the header claims is unfolded from a gzip file.

    Raises DataError, naming the file, what was found and what was expected.
    """
    with _readable(path), _opened(path, axes) as (stream, shape):
        array = np.empty(math.prod(shape), dtype=np.uint8)
        done = 0
        for piece in _pieces(stream, path, shape):
            array[done : done + len(piece)] = np.frombuffer(piece, np.uint8)
            done += len(piece)
        return array.reshape(shape)


def idx_shape(path: Path, axes: Collection[int]) -> tuple[int, ...]:
    """The shape of the array in `path`, checked as by `read_idx`, without reading it."""
    with _readable(path), _opened(path, axes) as (_, shape):
        return shape


def idx_parts(path: Path, axes: Collection[int]) -> Iterator[NDArray[np.uint8]]:
    """The array in `path` as parts of a megabyte or so along its first axis, checked as by
    `read_idx`; so that a large one never stands in memory whole."""
    with _readable(path), _opened(path, axes) as (stream, shape):
        size = math.prod(shape[1:])
        left = b""
        for piece in _pieces(stream, path, shape):
            content = left + piece
            rows = len(content) // max(1, size)
            yield np.frombuffer(content[: rows * size], np.uint8).reshape(rows, *shape[1:])
            left = content[rows * size :]


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Whatever a damaged file makes its readers raise becomes DataError."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        yield
    except EOFError:
        raise DataError(f"{path}: the gzip data ends early (truncated); {_REPLACE}") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: the gzip data is damaged ({error}); {_REPLACE}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


@contextlib.contextmanager
def _opened(path: Path, axes: Collection[int]) -> Iterator[tuple[_Stream, tuple[int, ...]]]:
    """What follows the header, and the shape that this claims, checked."""
    stored = path.stat().st_size
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        if not packed:
            shape = _read_shape(file, path, axes)
            _check_length(path, shape, stored - file.tell())
            yield file, shape
            return
        with gzip.GzipFile(fileobj=file) as stream:
            shape = _read_shape(stream, path, axes)
            check_expansion(path, f"the header {_describe(shape)}", math.prod(shape), stored)
            yield stream, shape


def _read_shape(stream: _Stream, path: Path, axes: Collection[int]) -> tuple[int, ...]:
    """Read the header and check all of it that does not need the file's size."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
        raise DataError(
            f"{path}: not an IDX file: it starts with {magic.hex(' ') or 'nothing'}, and "
            f"{_wanted(axes)} start with 00 00 08 and the number of axes; check the path"
        )
    if magic[2] != _UNSIGNED_BYTE:
        raise DataError(
            f"{path}: holds {_TYPES[magic[2]]} values; uint8 (0 to 255) is expected; "
            "store the file as unsigned bytes"
        )
    if magic[3] not in axes:
        raise DataError(
            f"{path}: has {magic[3]} axes, {_wanted(axes)} are expected; "
            "check that images and labels are not swapped"
        )
    lengths = stream.read(4 * magic[3])
    if len(lengths) < 4 * magic[3]:
        raise DataError(f"{path}: the header ends early (truncated); {_REPLACE}")
    return tuple(int(length) for length in np.frombuffer(lengths, dtype=">u4"))


def _wanted(axes: Collection[int]) -> str:
    if set(axes) == {1}:
        return "labels (1 axis)"
    return f"images ({' or '.join(str(number) for number in sorted(axes))} axes)"


def _describe(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{length:,}" for length in shape)


def _check_length(path: Path, shape: tuple[int, ...], found: int) -> None:
    """Compare what the header of a plain file claims with what the file holds."""
    expected = math.prod(shape)
    if found != expected:
        raise DataError(
            f"{path}: the header claims {_describe(shape)} = {expected:,} bytes, the file holds "
            f"{found:,} after it ({'truncated' if found < expected else 'trailing bytes'}); "
            f"{_REPLACE}"
        )
    check_size(path, f"the header {_describe(shape)}", expected)


def _pieces(stream: _Stream, path: Path, shape: tuple[int, ...]) -> Iterator[bytes]:
    """Exactly the bytes that `shape` says, and the certainty that nothing follows."""
    expected, done = math.prod(shape), 0
    while done < expected:
        piece = stream.read(min(_CHUNK, expected - done))
        if not piece:
            raise DataError(
                f"{path}: the header claims {_describe(shape)} = {expected:,} bytes, the file "
                f"holds {done:,} after it (truncated); {_REPLACE}"
            )
        yield piece
        done += len(piece)
    if stream.read(1):
        raise DataError(
            f"{path}: bytes follow after the {_describe(shape)} = {expected:,} that the header "
            f"claims (trailing bytes); {_REPLACE}"
        )
