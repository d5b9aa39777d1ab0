"""NumPy's zip format: an array at a time, checked before memory is taken; never pickled."""

import contextlib
import math
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from vestry.data.limits import check_expansion
from vestry.errors import DataError
from vestry.storage.array_damage import ARCHIVE_DAMAGE

_CheckType = Callable[[str, np.dtype[Any]], None]
_LONGEST_REASON = 200
"""Characters of a reason that quotes from the file."""


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Whatever a damaged file makes its readers raise becomes DataError."""
    try:
        yield
    except ARCHIVE_DAMAGE as error:
        reason = str(error)[:_LONGEST_REASON]
        raise DataError(
            f"{path}: not a readable .npz file ({reason}); write it again with numpy.savez"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_member(
    path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, check: _CheckType
) -> NDArray[Any]:
    """One array, once its header is what it should be and agrees with the zip directory.

    check: raises DataError for a type that is not taken, of where it stands and what it is.
    """
    _check_compression(path, info)
    with archive.open(info) as stream:
        shape, dtype = read_header(stream)
        check(f"{path}: {info.filename}", dtype)
        if not dtype.itemsize:
            raise DataError(f"{path}: {info.filename} holds {dtype}: values without any content")
        expected = stream.tell() + math.prod(shape) * dtype.itemsize
        if expected != info.file_size:
            raise DataError(
                f"{path}: the header of {info.filename} claims {expected:,} bytes, the zip "
                f"directory {info.file_size:,}; write the file again with numpy.savez"
            )
        check_expansion(path, info.filename, info.file_size, info.compress_size)
    with archive.open(info) as stream:
        array: NDArray[Any] = npy.read_array(stream, allow_pickle=False)
        if stream.read(1):
            raise DataError(f"{path}: bytes follow after the array in {info.filename}")
    return array


def _check_compression(path: Path, info: zipfile.ZipInfo) -> None:
    """Other ways unfold up to a million to one, and while they are read no bound can be held."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(
            f"{path}: {info.filename} is compressed in another way than numpy does; write the file "
            "again with numpy.savez or numpy.savez_compressed"
        )


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream)
    return shape, dtype
