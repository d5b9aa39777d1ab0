"""Hashes of single rows, by which they are known again in other sets: exactly, and almost.

The second kind survives a grey level and a pixel: it is of the image averaged down to 8 x 8 cells,
less its mean, in six coarse scales of grey that are a sixth of a step apart, so that what is
near a border in one is far from it in the others.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.limits import check_expansion
from vestry.data.mapped import parts_of
from vestry.data.sealed import SealedLabels, SealedSet
from vestry.errors import DataError
from vestry.storage.array_damage import ARRAY_DAMAGE
from vestry.storage.run_folder import write_arrays

_Hashes = NDArray[np.uint64]
_SIDE = 8
_STEP = 48
_SCALES = 6
_BY_CHANCE = 0.02
"""Share of images that may be almost alike in sets that share none; in Fashion-MNIST 0.003 are."""


@dataclass(frozen=True, eq=False)
class RowHashes:
    """exact: (n,). almost: (6, n) of images, (6, 0) of rows without."""

    exact: _Hashes
    almost: _Hashes

    def seen_in(self, other: "RowHashes") -> NDArray[np.bool_]:
        """(n,) whether each row is among the other's, exactly or, where too many are for chance,
        almost."""
        exact = np.isin(self.exact, other.exact)
        almost = np.zeros(len(exact), dtype=bool)
        for mine, theirs in zip(self.almost, other.almost, strict=True):
            if len(mine):
                almost |= np.isin(mine, theirs)
        return exact | almost if (almost & ~exact).mean() > _BY_CHANCE else exact

    def save(self, path: Path) -> None:
        """Without the rows' order, which is nobody's business."""
        write_arrays(path, {"exact": np.unique(self.exact), "almost": np.sort(self.almost, axis=1)})


def load_hashes(path: Path) -> RowHashes | None:
    """None where there are none, or none that can be read."""
    try:
        check_expansion(path, "its hashes", path.stat().st_size, path.stat().st_size)
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            found = RowHashes(file["exact"], file["almost"])
    except (*ARRAY_DAMAGE, DataError):
        return None
    whole = found.almost.ndim == 2 and found.almost.shape[0] == _SCALES
    types = found.exact.dtype == found.almost.dtype == np.uint64
    return found if whole and types else None


def row_hashes(rows: SealedSet | SealedLabels) -> RowHashes:
    if isinstance(rows, SealedLabels):
        return RowHashes(rows.hashes, np.zeros((_SCALES, 0), dtype=np.uint64))
    made = (
        _hashes(rows)
        if rows.kept is None
        else rows.kept.remembered("hashes", lambda: _hashes(rows))
    )
    return RowHashes(made["exact"], made["almost"])


def _hashes(rows: SealedSet) -> dict[str, _Hashes]:
    parts = [_of_part(np.ascontiguousarray(part)) for part in parts_of(rows.images)]
    exact, almost = zip(*parts, strict=True) if parts else ((), ())
    none = np.zeros((_SCALES, 0), dtype=np.uint64)
    return {
        "exact": np.concatenate([none[0], *exact]),
        "almost": np.concatenate([none, *almost], axis=1),
    }


def _of_part(images: NDArray[np.uint8]) -> tuple[_Hashes, _Hashes]:
    cells = _cells(images)
    cells -= cells.mean(axis=1, keepdims=True)
    scales = [
        np.floor((cells + _STEP * scale / _SCALES) / _STEP).astype(np.int8)
        for scale in range(_SCALES)
    ]
    return _digests(images), np.stack([_digests(levels) for levels in scales])


def _digests(rows: NDArray[Any]) -> _Hashes:
    """8 bytes of BLAKE2b of each row."""
    whole = b"".join(hashlib.blake2b(row.data, digest_size=8).digest() for row in rows)
    return np.frombuffer(whole, dtype="<u8").astype(np.uint64)


def _cells(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(n, up to 64) mean grey of each cell; colour counts as its mean."""
    grey = images if images.ndim == 3 else images.mean(axis=3)
    starts = [
        np.unique(np.linspace(0, side, min(side, _SIDE), endpoint=False).astype(int))
        for side in grey.shape[1:]
    ]
    down = np.add.reduceat(grey.astype(np.float64), starts[0], axis=1)
    both = np.add.reduceat(down, starts[1], axis=2)
    heights = np.diff([*starts[0], grey.shape[1]])
    widths = np.diff([*starts[1], grey.shape[2]])
    return np.asarray((both / np.outer(heights, widths)).reshape(len(grey), -1))
