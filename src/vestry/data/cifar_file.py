"""CIFAR-10's binary archive: no pickles, one byte of label and 3,072 of pixels a row."""

import tarfile
from pathlib import Path

import numpy as np

from vestry.data.image_set import ImageSet, array_ids
from vestry.errors import DataError

_PIXELS = 3 * 32 * 32
_MOST_ROWS, _MOST_NAMES = 10_000, 2**12
"""Of a file; the archive has a sum that was published, and is bounded all the same."""


def read_cifar(archive: Path) -> tuple[ImageSet, ImageSet]:
    """Training rows of the data_batch_*.bin in their order, and test rows of test_batch.bin.

    Images are (n, 32, 32, 3) bytes, as `ImageSet` has colour; the file has channels first.
    Raises DataError for an archive that is damaged or holds something else.
    """
    try:
        members = _members(archive)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{archive}: not a readable tar archive ({error})") from None
    names = sorted(name for name in members if name.startswith("data_batch_"))
    lacking = [name for name in ("test_batch.bin", "batches.meta.txt") if name not in members]
    if lacking or not names:
        absent = ", ".join([*lacking, *([] if names else ["data_batch_1.bin"])])
        raise DataError(f"{archive} lacks {absent}; it is not CIFAR-10's binary archive")
    classes = tuple(members["batches.meta.txt"].decode("ascii", "replace").split())
    training = b"".join(members[name] for name in names)
    try:
        return _rows(training, classes, "train"), _rows(members["test_batch.bin"], classes, "test")
    except DataError as error:
        raise DataError(f"{archive}: {error}") from None


def _members(archive: Path) -> dict[str, bytes]:
    """By the last part of their names, the files with rows and the one with the classes' names."""
    found = {}
    with tarfile.open(archive, "r:*") as packed:
        for member in packed:
            name = member.name.rpartition("/")[2]
            most = _MOST_NAMES if name.endswith(".txt") else _MOST_ROWS * (_PIXELS + 1)
            if member.isfile() and name.endswith((".bin", ".meta.txt")) and member.size <= most:
                stream = packed.extractfile(member)
                found[name] = b"" if stream is None else stream.read(most)
    return found


def _rows(content: bytes, classes: tuple[str, ...], part: str) -> ImageSet:
    if not content or len(content) % (_PIXELS + 1):
        raise DataError(f"the {part} rows do not have {_PIXELS + 1:,} bytes each")
    table = np.frombuffer(content, np.uint8).reshape(-1, _PIXELS + 1)
    images = table[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    labels = table[:, 0].astype(np.int64)
    return ImageSet(np.ascontiguousarray(images), labels, classes, array_ids(part, len(labels)))
