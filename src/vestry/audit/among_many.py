"""Almost equal images among very many: candidates by approximate neighbours, then compared as
exactly as among few.

Every image is a candidate, by the lowest frequencies of its spectrum (`near_duplicates.spectra`) in
64 principal components, in an inverted file (Jégou, Douze and Schmid, "Product quantization for
nearest neighbor search", 2011, section IV; without the quantisation): rows in as many cells as
their number's root, of which the nearest few are looked through, in half precision. The library is
Faiss (Douze et al., "The Faiss library", 2024), which `vestry[many]` brings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.audit.pictures import CHUNK, small_images
from vestry.audit.spectrum import shifted_distance, spectra
from vestry.audit.unit_vectors import unit_vectors
from vestry.data.image_set import ImageSet
from vestry.data.mapped import parts_of, picked_parts
from vestry.data.sealed import Rows

PAIRS = 1_500_000_000
"""Of images of two splits, from which candidates are approximate: 75,000 by 20,000. The products of
all take half a minute a core; they grow with the square of the images."""
CANDIDATES = 5
_COMPONENTS, _SAMPLE = 64, 20_000
_CELLS_SEARCHED = 16
_ROWS_A_CELL = 64
"""From which the cells are learnt."""
_QUERIES = 512
_Rows = NDArray[np.int64]
_Floats = NDArray[np.float32]


def are_many(splits: Mapping[str, Rows]) -> bool:
    """Whether the first split has so many pairs with another that candidates are approximate."""
    first, *others = map(len, splits.values())
    return any(first * other > PAIRS for other in others)


def can_search() -> bool:
    """Whether the library is installed."""
    return find_spec("faiss") is not None


@dataclass(frozen=True, eq=False)
class Nearest:
    """Of each query: the row that it is closest to, as it stands or shifted by a pixel, the
    distance to that, and the smallest one as they stand; 2 for a query without any contrast."""

    place: _Rows
    distance: NDArray[np.float64]
    plain: NDArray[np.float64]


def nearest_among_many(among: ImageSet, queries: ImageSet, shifted: bool) -> Nearest:
    """For all of `queries` among all of `among`. shifted: whether shifts by a pixel count."""
    search = _Search.of(among)
    parts = [
        _compared(images, among, search.candidates(images), shifted)
        for images in _unit_parts(queries, _QUERIES)
    ]
    return Nearest(
        *(np.concatenate([getattr(part, key) for part in parts]) for key in Nearest.__annotations__)
    )


def _compared(images: _Floats, among: ImageSet, candidates: _Rows, shifted: bool) -> Nearest:
    """images: (n, height, width[, 3]), unit vectors. candidates: (n, c)."""
    count = candidates.shape[1]
    own = np.repeat(images, count, axis=0)
    others = np.concatenate(
        [_units(part) for part in picked_parts(among.images, candidates.ravel())]
    )
    flat = (own - others).reshape(len(own), -1)
    plain = np.sqrt(np.einsum("ij,ij->i", flat, flat)).astype(np.float64)
    best = plain
    if shifted:
        best = np.minimum(plain, shifted_distance(own, others, np.arange(len(own))))
    best, plain = best.reshape(-1, count), plain.reshape(-1, count)
    blank = ~images.reshape(len(images), -1).any(axis=1)
    every, at = np.arange(len(images)), best.argmin(axis=1)
    return Nearest(
        candidates[every, at],
        np.where(blank, 2.0, best[every, at]),
        np.where(blank, 2.0, plain.min(axis=1)),
    )


@dataclass(frozen=True, eq=False)
class _Search:
    """index: of Faiss, in it all rows' spectra in `basis` (values, components) about `mean`."""

    index: Any
    mean: _Floats
    basis: _Floats

    @classmethod
    def of(cls, rows: ImageSet) -> "_Search":
        import faiss  # noqa: PLC0415 - an extra

        cells = int(len(rows) ** 0.5)
        few = picked_parts(rows.images, _evenly(len(rows), _SAMPLE))
        mean, basis = _principal(np.concatenate([spectra(_units(part)) for part in few]))
        width = basis.shape[1]
        half = faiss.ScalarQuantizer.QT_fp16  # what is found is compared as it is anyway
        index = faiss.IndexIVFScalarQuantizer(faiss.IndexFlatL2(width), width, cells, half)
        index.nprobe = _CELLS_SEARCHED
        faiss.omp_set_num_threads(1)  # other tasks have the other cores
        made = cls(index, mean, basis)
        more = picked_parts(rows.images, _evenly(len(rows), max(_SAMPLE, _ROWS_A_CELL * cells)))
        index.train(np.concatenate([made._reduced(_units(part)) for part in more]))
        for images in _unit_parts(rows, CHUNK):
            index.add(made._reduced(images))
        return made

    def candidates(self, images: _Floats) -> _Rows:
        """(n, c) the rows whose spectra are nearest, the nearest first; where fewer than c lie in
        the cells looked through, the last of them again."""
        found = self.index.search(self._reduced(images), CANDIDATES)[1]
        for column in range(1, CANDIDATES):
            lacking = found[:, column] < 0
            found[lacking, column] = found[lacking, column - 1]
        return np.asarray(np.maximum(found, 0), np.int64)

    def _reduced(self, images: _Floats) -> _Floats:
        return np.ascontiguousarray((spectra(images) - self.mean) @ self.basis, np.float32)


def _principal(values: _Floats) -> tuple[_Floats, _Floats]:
    """Their mean, and (values, components) the directions in which they differ most."""
    mean = values.mean(axis=0)
    centred = (values - mean).astype(np.float64)
    vectors = np.linalg.eigh(centred.T @ centred)[1]
    return mean, np.ascontiguousarray(vectors[:, ::-1][:, :_COMPONENTS], np.float32)


def _evenly(rows: int, count: int) -> _Rows:
    """At most `count` of the rows, the same step apart."""
    return np.unique(np.linspace(0, rows - 1, min(rows, count)).astype(np.int64))


def _unit_parts(rows: ImageSet, size: int) -> Iterator[_Floats]:
    """All images as unit vectors in their small form, `size` of them at most at a time."""
    for part in parts_of(rows.images):
        for start in range(0, len(part), size):
            yield _units(part[start : start + size])


def _units(images: NDArray[np.uint8]) -> _Floats:
    small = small_images(images)
    return unit_vectors(small.reshape(len(small), -1)).reshape(small.shape)
