"""How much a file may ask of memory. What goes beyond is refused before it is read."""

from pathlib import Path

from vestry.errors import DataError

MOST_BYTES = 8 * 2**30
"""One array of images: ten million pictures of 28 x 28, and still a laptop's memory."""

MOST_PIXELS = 50_000_000
"""One picture, checked in its header before it is decoded: what a good camera makes."""

MOST_CLASSES = 10_000
"""Classes that are counted from the labels alone: one damaged label must not make a million."""

_FREE_EXPANSION = 64 * 2**20
"""Up to this size compressed data may unfold as it likes."""

MOST_EXPANSION = 100
"""Beyond it, bytes unfolded for each byte stored: pictures reach 20, bombs 1,000."""


def check_size(path: Path, what: str, size: int) -> None:
    """Refuse `what` in `path` where it would take more than MOST_BYTES of memory."""
    if size > MOST_BYTES:
        raise DataError(
            f"{path}: {what} would take {size:,} bytes of memory; at most {MOST_BYTES:,} are "
            "read. Check that the file is what it should be, or store fewer or smaller images"
        )


def check_expansion(path: Path, what: str, size: int, stored: int) -> None:
    """Refuse compressed data of `stored` bytes that claims to unfold beyond reason.

    Deflate cannot reach more than 1,032 to 1, so most false claims are refused as impossible;
    what is possible but unlike images (a bomb of zeros) is refused too.
    """
    check_size(path, what, size)
    if size > max(_FREE_EXPANSION, MOST_EXPANSION * stored):
        raise DataError(
            f"{path}: {what} claims {size:,} bytes from {stored:,} compressed ones; at most "
            f"{MOST_EXPANSION} to 1 is believed. The file is damaged or made to fill memory; "
            "get a fresh copy, or store it uncompressed if it is what it should be"
        )
