"""Images stored as floats, as bytes; and the pixel values that are missing from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.errors import DataError

_BRIGHTEST = 255
_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class ByteImages:
    """images: uint8, in the shape they had. missing: (n,) int64, how many values of each image
    were NaN and are 0 here; None for images that were bytes before."""

    images: NDArray[np.uint8]
    missing: NDArray[np.int64] | None


@dataclass(frozen=True)
class _Reach:
    """Least and largest value of one array, NaN apart; both 0 where there is none."""

    low: float
    high: float


def to_bytes(
    where: str, arrays: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, ByteImages], list[str]]:
    """Each array of images as bytes, and notes on what was done.

    arrays: by name, (n, ...) whole numbers or float. Floats between 0 and 1 are multiplied by 255,
    floats between 0 and 255 rounded; all float arrays of one file must have the same scale. NaN
    becomes 0 and is counted.

    Raises DataError for infinities, for values outside 0 to 255 and for two scales in one file.
    """
    arrays = {name: _whole(where, name, array) for name, array in arrays.items()}
    floats = {name: array for name, array in arrays.items() if array.dtype.kind == "f"}
    factor = _shared_factor(where, {name: _reach(where, name, a) for name, a in floats.items()})
    found = {
        name: rounded(array, factor) if name in floats else ByteImages(array, None)
        for name, array in arrays.items()
    }
    return found, _notes(floats, factor, found)


def _whole(where: str, name: str, images: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers of more than 8 bits as bytes, where all of them are."""
    if images.dtype == np.uint8 or images.dtype.kind not in "iu":
        return images
    low, high = (int(images.min()), int(images.max())) if images.size else (0, 0)
    if low < 0 or high > _BRIGHTEST:
        raise DataError(
            f"{where}: {name} go from {low:,} to {high:,}; whole numbers from 0 to 255 are read. "
            "Scale them, for 16 bits by (images // 257).astype('uint8')"
        )
    return images.astype(np.uint8)


def _reach(where: str, name: str, images: NDArray[Any]) -> _Reach:
    """The range of the values that are there; refuses what cannot be pixels."""
    low, high = 0.0, 0.0
    for start in range(0, len(images), _CHUNK):
        part = images[start : start + _CHUNK]
        present = part[~np.isnan(part)]
        if present.size:
            low, high = min(low, float(present.min())), max(high, float(present.max()))
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(
            f"{where}: {name} hold infinite values; pixels go from 0 to 1 or from 0 to 255. "
            "Write NaN for a value that is missing"
        )
    if low < 0 or high > _BRIGHTEST:
        raise DataError(
            f"{where}: {name} go from {low:g} to {high:g}; floats from 0 to 1 or from 0 to 255 are "
            "read. Undo the standardisation, or store the bytes themselves (uint8)"
        )
    return _Reach(low, high)


def _shared_factor(where: str, reaches: Mapping[str, _Reach]) -> int:
    """What values are multiplied by: 255 where none is above 1, else 1."""
    small = [name for name, found in reaches.items() if 0 < found.high <= 1]
    large = [name for name, found in reaches.items() if found.high > 1]
    if small and large:
        raise DataError(
            f"{where}: {small[0]} go up to {reaches[small[0]].high:g}, {large[0]} up to "
            f"{reaches[large[0]].high:g}; bring both to one scale, 0 to 1 or 0 to 255"
        )
    return _BRIGHTEST if small else 1


def rounded(images: NDArray[Any], factor: int) -> ByteImages:
    result = np.empty(images.shape, np.uint8)
    missing = np.zeros(len(images), np.int64)
    for start in range(0, len(images), _CHUNK):
        rows = slice(start, start + _CHUNK)
        part = images[rows].astype(np.float64)
        absent = np.isnan(part)
        missing[rows] = absent.reshape(len(part), -1).sum(axis=1)
        part[absent] = 0
        result[rows] = np.rint(part * factor)
    return ByteImages(result, missing)


def _notes(
    floats: Mapping[str, NDArray[Any]], factor: int, found: Mapping[str, ByteImages]
) -> list[str]:
    """What a reader must know: floats became bytes, and how much was missing."""
    if not floats:
        return []
    kind = next(iter(floats.values())).dtype
    done = "values from 0 to 1, multiplied by 255 and rounded" if factor > 1 else "rounded"
    said = [f"{' and '.join(floats)} were {kind}, {done} to bytes (0 to 255)"]
    for name in floats:
        counts = found[name].missing
        if counts is not None and counts.any():
            said.append(
                f"{name}: {counts.sum():,} pixel values of {np.count_nonzero(counts):,} images "
                "were missing (NaN) and were taken as 0"
            )
    return said
