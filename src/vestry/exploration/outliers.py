"""Images far from everything of their class."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vestry.exploration.finding import Finding, Group, Place
from vestry.exploration.unit_vectors import Directions, neighbour_distance

NEIGHBOURS = 5
THRESHOLD = 6.0
LEAST_ROWS = 20


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
        if len(among) < LEAST_ROWS:
            skipped.append(label)
            continue
        usual = neighbour_distance(among, among, NEIGHBOURS, same=True)
        for split, images in directions.items():
            own = np.flatnonzero(images.labels == label)
            distance = (
                usual
                if split == first
                else neighbour_distance(images.values[own], among, NEIGHBOURS, same=False)
            )
            z = robust_z(distance, usual)
            looked_at += len(own)
            found += [
                Group((Place(split, int(images.rows[own[i]])),), round(float(z[i]), 2))
                for i in np.flatnonzero(z > THRESHOLD)
            ]
    return Finding(
        kind="far_from_class",
        splits=tuple(directions),
        severity="low",
        count=len(found),
        of=looked_at,
        groups=sorted(found, key=lambda group: -(group.value or 0)),
        facts={
            "threshold": THRESHOLD,
            "neighbours": NEIGHBOURS,
            "least_rows": LEAST_ROWS,
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
