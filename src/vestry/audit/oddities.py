"""Single images and whole classes that are odd: blank, incomplete, rare, absent."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vestry.audit.finding import MOST_SHOWN, Finding, Group, Place, by_share
from vestry.audit.unit_vectors import Directions, neighbour_distance
from vestry.data.damage import Files
from vestry.data.image_set import ImageSet
from vestry.data.mapped import parts_of

_FEW_ROWS = 20
UNBALANCED, VERY_UNBALANCED = 2.0, 10.0
_MANY = 0.001


def blank_images(sets: Mapping[str, ImageSet]) -> Finding:
    """Images of one value throughout; `value` is that of its first pixel."""
    found = []
    for split, rows in sets.items():
        start = 0
        for part in parts_of(rows.images):
            flat = part.reshape(len(part), -1)
            constant = np.flatnonzero(flat.min(axis=1) == flat.max(axis=1))
            found += [
                Group((Place(split, start + int(row)),), float(flat[row, 0])) for row in constant
            ]
            start += len(part)
    total = sum(len(rows) for rows in sets.values())
    return Finding(
        kind="blank",
        splits=tuple(sets),
        severity=by_share(len(found), total, "high", "medium", _MANY),
        count=len(found),
        of=total,
        groups=found,
    )


def damaged_files(files: Files, splits: tuple[str, ...]) -> Finding:
    """Image files that could not be read, so that they are in no split; `facts.files` names the
    first of them."""
    return Finding(
        kind="damaged",
        splits=splits,
        severity=by_share(len(files.damaged), files.count, "high", "medium", _MANY),
        count=len(files.damaged),
        of=files.count,
        facts={"files": files.as_dict()["damaged"][:MOST_SHOWN]},
    )


def missing_values(split: str, rows: ImageSet) -> Finding:
    """Images with missing pixel values, most of them first; `value` is how many."""
    counts = rows.missing
    if counts is None:
        return Finding("missing", (split,), "info", 0, len(rows), facts={"possible": False})
    some = np.flatnonzero(counts)
    order = some[np.argsort(-counts[some], kind="stable")]
    return Finding(
        kind="missing",
        splits=(split,),
        severity=by_share(len(order), len(rows), "high", "medium", _MANY),
        count=len(order),
        of=len(rows),
        groups=[Group((Place(split, int(row)),), float(counts[row])) for row in order],
        facts={"possible": True, "values": int(counts.sum())},
    )


def small_classes(split: str, rows: ImageSet) -> Finding:
    """Classes that are there with fewer than FEW_ROWS rows."""
    counts = rows.class_counts()
    few = [label for label in range(len(counts)) if 0 < counts[label] < _FEW_ROWS]
    return _class_finding("small_classes", split, rows, few, {"threshold": _FEW_ROWS})


def absent_classes(split: str, rows: ImageSet) -> Finding:
    absent = np.flatnonzero(rows.class_counts() == 0).tolist()
    return _class_finding("absent_classes", split, rows, absent, {})


def _class_finding(
    kind: str, split: str, rows: ImageSet, labels: list[int], facts: dict[str, int]
) -> Finding:
    counts = rows.class_counts()
    found = [{"label": label, "rows": int(counts[label])} for label in labels]
    return Finding(
        kind, (split,), "medium", len(labels), len(counts), facts={**facts, "classes": found}
    )


def unbalanced(split: str, rows: ImageSet) -> Finding:
    """Whether the largest class has more than twice the rows of the smallest that is there;
    count: classes with less than half the rows of the largest."""
    counts = rows.class_counts()
    there = np.flatnonzero(counts)
    ratio = float(counts.max() / counts[there].min()) if len(there) else 1.0
    smaller = [int(c) for c in there if counts[c] * UNBALANCED < counts.max()]
    return Finding(
        kind="unbalanced",
        splits=(split,),
        severity="medium" if ratio > VERY_UNBALANCED else "low",
        count=len(smaller),
        of=len(counts),
        facts={
            "threshold": UNBALANCED,
            "ratio": round(ratio, 2),
            "smallest": int(there[counts[there].argmin()]) if len(there) else None,
            "largest": int(counts.argmax()),
        },
    )


def constant_pixels(split: str, rows: ImageSet) -> Finding:
    """Places that have the same value in every image; no model can learn from them."""
    least = np.full(rows.image_shape, 255, np.uint8)
    most = np.zeros(rows.image_shape, np.uint8)
    for part in parts_of(rows.images):
        least, most = np.minimum(least, part.min(axis=0)), np.maximum(most, part.max(axis=0))
    count = int((least == most).sum()) if len(rows) else 0
    return Finding("constant_pixels", (split,), "info", count, least.size)


# Images far from everything of their class.


_NEIGHBOURS = 5
_THRESHOLD = 6.0
_LEAST_ROWS = 20


def outliers(directions: Mapping[str, Directions], first: str, classes: int) -> Finding:
    """Images whose mean distance to the nearest five of their class is unusual for the class.

    Distance to nearest neighbours as a measure of outlyingness: Angiulli and Pizzuti, "Fast outlier
    detection in high dimensional spaces", PKDD 2002. Unusual: a modified z-score, 0.6745 times the
    deviation from the class's median over its median absolute deviation (Iglewicz and Hoaglin,
    "How to detect and handle outliers", 1993), above THRESHOLD. They propose 3.5 for normal data;
    distances have a longer tail, so the limit is higher here. Neighbours are rows of `first`.
    """
    found: list[Group] = []
    skipped, looked_at = [], 0
    for label in range(classes):
        among = directions[first].values[directions[first].labels == label]
        if len(among) < _LEAST_ROWS:
            skipped.append(label)
            continue
        usual = neighbour_distance(among, among, _NEIGHBOURS, same=True)
        for split, images in directions.items():
            own = np.flatnonzero(images.labels == label)
            distance = (
                usual
                if split == first
                else neighbour_distance(images.values[own], among, _NEIGHBOURS, same=False)
            )
            z = robust_z(distance, usual)
            looked_at += len(own)
            found += [
                Group((Place(split, int(images.rows[own[i]])),), round(float(z[i]), 2))
                for i in np.flatnonzero(z > _THRESHOLD)
            ]
    return Finding(
        kind="far_from_class",
        splits=tuple(directions),
        severity="low",
        count=len(found),
        of=looked_at,
        groups=sorted(found, key=lambda group: -(group.value or 0)),
        facts={
            "threshold": _THRESHOLD,
            "neighbours": _NEIGHBOURS,
            "least_rows": _LEAST_ROWS,
            "classes_skipped": skipped,
        },
    )


def robust_z(values: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) how far above the median of `usual` each value lies, in robust deviations.

    Where more than half of `usual` are equal, their mean absolute deviation stands in, as Iglewicz
    and Hoaglin propose; where all are, every other value is infinitely far, shown as 1,000.
    """
    median = np.median(usual)
    apart = np.abs(usual - median)
    # 0.6745 and 1.2533: what makes either deviation that of a normal distribution.
    scale = max(float(np.median(apart)) / 0.6745, 0.0) or float(apart.mean()) * 1.2533
    if scale < 1e-6:
        return np.where(values > median + 1e-3, 1000.0, 0.0)
    return np.minimum((values - median) / scale, 1000.0)
