"""Images of one split that are almost an image of another: by their pixels, as they stand or
shifted, or far more alike in their outlines than images of this data are."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.audit.among_many import nearest_among_many
from vestry.audit.finding import Finding, Group, Place, by_share
from vestry.audit.likeness import EXPECTED, can_be_compared, most_alike
from vestry.audit.moved import COUNT, moved_forms
from vestry.audit.outlines import has_outlines, outlines
from vestry.audit.pictures import small_size
from vestry.audit.spectrum import can_be_shifted, shifted_distance, spectra
from vestry.audit.unit_vectors import Directions, nearest, nearest_rows
from vestry.data.image_set import ImageSet
from vestry.data.mapped import picked_parts

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
    return _finding(
        sets,
        (first, other),
        _Found(
            rows=queries.rows[found],
            matches=among.rows[pairs.place[found]],
            distance=pairs.distance[found],
            shifted=(pairs.close & (plain >= _THRESHOLD))[found],
            close=pairs.close[found],
            compared=(len(queries.rows), len(among.rows)),
            median=float(np.median(plain)),
            margin=pairs.threshold,
            can_be_shifted=can_be_shifted(among.shape),
        ),
    )


def near_duplicates_among_many(sets: Mapping[str, ImageSet], first: str, other: str) -> Finding:
    """The same of all rows, by distance alone: outlines are not compared."""
    shape = (*small_size(sets[first].image_shape), *sets[first].image_shape[2:])
    nearest = nearest_among_many(sets[first], sets[other], can_be_shifted(shape))
    found = np.flatnonzero(nearest.distance < _THRESHOLD)
    return _finding(
        sets,
        (first, other),
        _Found(
            rows=found,
            matches=nearest.place[found],
            distance=nearest.distance[found],
            shifted=nearest.plain[found] >= _THRESHOLD,
            close=np.ones(len(found), bool),
            compared=(len(sets[other]), len(sets[first])),
            median=float(np.median(nearest.plain)),
            margin=None,
            can_be_shifted=can_be_shifted(shape),
        ),
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """Pairs that are taken for one picture: rows of the second split and of the first, distances,
    whether a shift alone made them `close`, and whether they are, or only their outlines alike.
    compared: rows of the second split, and of the first. median: distance of all rows of the second
    to the nearest as they stand. margin: that was asked for of outlines; None without these."""

    rows: _Rows
    matches: _Rows
    distance: _Distances
    shifted: NDArray[np.bool_]
    close: NDArray[np.bool_]
    compared: tuple[int, int]
    median: float
    margin: float | None
    can_be_shifted: bool

    def unlike(self, queries: ImageSet, among: ImageSet) -> _Rows:
        """Places of the pairs, closest first, without those that are equal byte for byte."""
        order = np.argsort(self.distance, kind="stable")
        pairs = zip(
            picked_parts(queries.images, self.rows[order]),
            picked_parts(among.images, self.matches[order]),
            strict=True,
        )
        unlike = [(one != other).reshape(len(one), -1).any(axis=1) for one, other in pairs]
        return np.asarray(order[np.concatenate([np.zeros(0, bool), *unlike])], np.int64)


def _finding(sets: Mapping[str, ImageSet], splits: tuple[str, str], found: _Found) -> Finding:
    first, other = splits
    kept = found.unlike(sets[other], sets[first])
    rows, matches = found.rows[kept], found.matches[kept]
    pairs = zip(rows.tolist(), matches.tolist(), found.distance[kept].tolist(), strict=True)
    return Finding(
        kind="near_duplicates",
        splits=splits,
        severity=by_share(len(kept), found.compared[0], "medium", "low", _MANY),
        count=len(kept),
        of=found.compared[0],
        groups=[
            Group((Place(other, row), Place(first, match)), round(distance, 4))
            for row, match, distance in pairs
        ],
        facts={
            "threshold": _THRESHOLD,
            "median": round(found.median, 4),
            "other_label": int((sets[other].labels[rows] != sets[first].labels[matches]).sum()),
            "compared_with": found.compared[1],
            "shifted": int(found.shifted[kept].sum()) if found.can_be_shifted else None,
            "alike": None if found.margin is None else int((~found.close)[kept].sum()),
            "margin": None if found.margin is None else round(found.margin, 3),
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
