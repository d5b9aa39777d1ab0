"""Images of one split that are almost an image of another: by their pixels, as they stand or
shifted, or far more alike in their outlines than images of this data are."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from vestry.audit.finding import Finding, Group, Place, by_share
from vestry.audit.likeness import EXPECTED, can_be_compared, most_alike
from vestry.audit.moved import COUNT, moved_forms
from vestry.audit.outlines import has_outlines, outlines
from vestry.audit.unit_vectors import SMALLEST_DEVIATION, Directions, chunks, nearest, nearest_rows
from vestry.data.image_set import ImageSet

# The distance of two images where one may be shifted by a pixel.


SHIFTS = tuple(shift for shift in product((-1, 0, 1), repeat=2) if any(shift))
_SMALLEST_SIDE = 16
"""In smaller images a pixel is too much of the picture for a shift by one to be the same."""


def can_be_shifted(shape: tuple[int, ...]) -> bool:
    return min(shape[:2]) >= _SMALLEST_SIDE


def shifted_distance(
    images: NDArray[np.float32], among: NDArray[np.float32], place: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(n,) the smallest distance of each image and its own one of `among` over shifts by one pixel,
    diagonal ones too.

    images: (n, height, width[, 3]); place: (n,) which of `among` each is compared with. Compared
    are what an image holds within its border of one pixel and the part of the other that a shift
    moves there, each less its mean and over its length: so it does not matter what a shift filled
    up with. 2, the largest distance, where one of the two is constant.
    """
    found = np.full(len(images), 2.0)
    for rows in chunks(len(images), images[:1].size):
        inner, others = _parts(images[rows], 0, 0), among[place[rows]]
        for down, across in SHIFTS:
            moved = _parts(others, down, across)
            both = inner.any(axis=1) & moved.any(axis=1)
            difference = inner - moved
            distance = np.sqrt(np.einsum("ij,ij->i", difference, difference))
            found[rows] = np.where(both, np.minimum(found[rows], distance), found[rows])
    return found


def _parts(images: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """(n, values) each image but a border of one pixel, moved; less its mean, over its length."""
    height, width = images.shape[1:3]
    part = images[:, 1 + down : height - 1 + down, 1 + across : width - 1 + across]
    flat = part.reshape(len(images), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.einsum("ij,ij->i", flat, flat))
    # Of the whole image's length, which is 1.
    lengths[lengths < SMALLEST_DEVIATION] = np.inf
    return np.asarray(flat / lengths[:, None], np.float32)


# Images as spectra, which a shift hardly changes.


_HIGHEST = 8
"""Waves across the image's height or width; finer ones tell noise apart rather than images."""

_CHUNK = 4096


def spectra(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, d) float32 of length 1: roots of the amplitudes of each image's lowest frequencies.

    images: (n, height, width[, 3]), each with a mean of 0; colours are averaged. A shift changes
    the phase of a Fourier coefficient and not its amplitude (Oppenheim and Lim, "The importance of
    phase in signals", 1981). Hann's window makes what leaves or enters at the border count little,
    and the root lets faint frequencies count as well.
    """
    height, width = images.shape[1:3]
    down = np.flatnonzero(np.abs(np.fft.fftfreq(height, 1 / height)) <= _HIGHEST)
    across = np.arange(min(_HIGHEST, width // 2) + 1)
    window = np.outer(_hann(height), _hann(width))
    found = np.empty((len(images), len(down) * len(across)), np.float32)
    for start in range(0, len(images), _CHUNK):
        part = images[start : start + _CHUNK]
        grey = part.mean(axis=3) if part.ndim == 4 else part
        amplitudes = np.abs(np.fft.rfft2(grey * window))[:, down[:, None], across]
        found[start : start + _CHUNK] = np.sqrt(amplitudes).reshape(len(part), -1)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.where(lengths > 0, lengths, 1), np.float32)


def _hann(size: int) -> NDArray[np.float32]:
    """(size,) Hann's window, nowhere quite 0."""
    return np.asarray(np.sin(np.pi * (np.arange(size) + 0.5) / size), np.float32)


_THRESHOLD = 0.1
"""A correlation of pixels of 0.995 and above."""

_CANDIDATES = 5
"""Of 4,000 Fashion-MNIST images shifted by a pixel all were among the first five by spectrum."""

_MANY = 0.01
_MOST_PAIRS = 100_000_000
"""Compared in all moved forms together: some seconds."""

_Rows = NDArray[np.int64]
_Distances = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Of each query: the row of the first split that it is closest to, the distance to that, and
    whether the two are taken for one picture by that distance alone (`close`), or by their outlines
    (`alike`). threshold: learnt for these; None where outlines were not compared."""

    place: _Rows
    distance: _Distances
    close: NDArray[np.bool_]
    alike: NDArray[np.bool_]
    threshold: float | None


def near_duplicates(
    sets: Mapping[str, ImageSet],
    directions: Mapping[str, Directions],
    first: str,
    other: str,
) -> Finding:
    """Rows of `other` that are almost a row of `first`, closest first.

    Almost: closer than THRESHOLD as they stand or shifted by one pixel, or far more alike in their
    outlines than rows usually are (`Alike.threshold`), as are
    photographs that were compressed, cut or brightened anew. Exact duplicates are not among them:
    they are a finding of their own.
    """
    among, queries = directions[first], directions[other]
    place, plain = nearest(queries.values, among.values)
    distance, place = _with_shifts(queries, among, plain, place)
    pairs = _with_outlines(queries, among, distance, place)
    found = np.flatnonzero((pairs.close | pairs.alike) & queries.values.any(axis=1))
    found = found[np.argsort(pairs.distance[found], kind="stable")]
    groups, rows = [], []
    for query in found:
        row, match = int(queries.rows[query]), int(among.rows[pairs.place[query]])
        if not np.array_equal(sets[other].images[row], sets[first].images[match]):
            pair = (Place(other, row), Place(first, match))
            groups.append(Group(pair, round(float(pairs.distance[query]), 4)))
            rows.append(query)
    kept = np.array(rows, np.int64)
    shifts = can_be_shifted(among.shape)
    labels = [[sets[p.split].labels[p.row] for p in group.places] for group in groups]
    return Finding(
        kind="near_duplicates",
        splits=(first, other),
        severity=by_share(len(groups), len(queries.rows), "medium", "low", _MANY),
        count=len(groups),
        of=len(queries.rows),
        groups=groups,
        facts={
            "threshold": _THRESHOLD,
            "median": round(float(np.median(plain)), 4),
            "other_label": sum(int(one != another) for one, another in labels),
            "compared_with": len(among.rows),
            "shifted": int((pairs.close & (plain >= _THRESHOLD))[kept].sum()) if shifts else None,
            "alike": None if pairs.threshold is None else int((~pairs.close)[kept].sum()),
            "margin": None if pairs.threshold is None else round(pairs.threshold, 3),
            "expected": EXPECTED,
        },
        repeated=other,
    )


def _with_shifts(
    queries: Directions, among: Directions, plain: _Distances, place: _Rows
) -> tuple[_Distances, _Rows]:
    """The distances, and to which rows, where a shift by a pixel may make them smaller."""
    distance, place = plain.copy(), place.copy()
    if can_be_shifted(among.shape):
        shifted_place, shifted = _nearest_shifted(queries, among)
        closer = shifted < distance
        place[closer], distance[closer] = shifted_place[closer], shifted[closer]
    return distance, place


def _with_outlines(
    queries: Directions, among: Directions, distance: _Distances, place: _Rows
) -> _Pairs:
    """With those whose outlines say so, each beside the row whose outlines are its own."""
    close = distance < _THRESHOLD
    if not (has_outlines(among.shape) and can_be_compared(among.values)):
        return _Pairs(place, distance, close, np.zeros(len(close), bool), None)
    alike, found_at, threshold = _alike(queries, among)
    own = alike & ~close
    difference = queries.values[own] - among.values[found_at[own]]
    distance, place = distance.copy(), place.copy()
    distance[own], place[own] = np.linalg.norm(difference, axis=1), found_at[own]
    return _Pairs(place, distance, close, alike, threshold)


def _alike(queries: Directions, among: Directions) -> tuple[NDArray[np.bool_], _Rows, float]:
    """Whose outlines say so, as they stand or in one of a few moved forms; of which rows; and the
    margin that was asked for of images as they stand."""
    others = outlines(among.images)
    searches = 1 + COUNT if are_moved(queries, among) else 1
    found = most_alike(outlines(queries.images), others, searches)
    alike, place = found.repeats, found.place
    for form in moved_forms(queries.images) if searches > 1 else ():
        moved = most_alike(outlines(form), others, searches)
        new = moved.repeats & ~alike
        place[new] = moved.place[new]
        alike |= new
    return alike, place, found.threshold


def are_moved(queries: Directions, among: Directions) -> bool:
    """Whether images that are cut or moved by some pixels are looked for: not among too many."""
    return len(queries.values) * len(among.values) * COUNT <= _MOST_PAIRS


def _nearest_shifted(queries: Directions, among: Directions) -> tuple[_Rows, _Distances]:
    """For each query the row of `among` that is nearest when shifted by a pixel, and its distance.

    Only the CANDIDATES whose spectra are most alike are compared: a shift moves the pixels of a
    fine pattern further apart than those of two different images, but leaves its spectrum.
    """
    candidates = nearest_rows(spectra(queries.images), spectra(among.images), _CANDIDATES)
    place, distance = candidates[:, 0].copy(), np.full(len(candidates), 2.0)
    for column in candidates.T:
        found = shifted_distance(queries.images, among.images, column)
        closer = found < distance
        place[closer], distance[closer] = column[closer], found[closer]
    return place, distance
