"""Whether models keep their order on altered images, and the intervals of means over images."""

from collections.abc import Mapping
from itertools import combinations
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import LEVEL, t_quantile
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.robustness.rungs import KINDS, LEVELS

Results = dict[str, Any]
Right = NDArray[np.float64]
"""(36, images) 1 where a model is right about a version of an image, else 0."""

CLEAN, ALL = "clean", "all"
CONDITIONS = (CLEAN, *KINDS, ALL)
CHANCE = 0.05


def compared(right: Mapping[str, Right]) -> Results:
    """Every two models on the images that both have, as they are and altered.

    `pairs`: their differences on clean images and over all alterations. `changes`: where the one
    that is behind on clean images is ahead of the other on altered ones, beyond chance: of one
    kind, or of all. p values are Holm's over all comparisons together.
    """
    pairs = [
        (one, other, min(right[one].shape[1], right[other].shape[1]))
        for one, other in combinations(right, 2)
    ]
    found = [
        [
            difference(
                score(right[one][:, :rows], condition), score(right[other][:, :rows], condition)
            )
            for condition in CONDITIONS
        ]
        for one, other, rows in pairs
    ]
    adjusted = iter(holm([entry["p"] for row in found for entry in row]))
    for entry in (entry for row in found for entry in row):
        entry["p_holm"] = next(adjusted)
    by_condition = [dict(zip(CONDITIONS, row, strict=True)) for row in found]
    return {
        "comparisons": len(pairs) * len(CONDITIONS),
        "pairs": [
            {"names": [one, other], "rows": rows, CLEAN: row[CLEAN], ALL: row[ALL]}
            for (one, other, rows), row in zip(pairs, by_condition, strict=True)
        ],
        "changes": [
            change(pair, condition, row)
            for pair, row in zip(pairs, by_condition, strict=True)
            for condition in (*KINDS, ALL)
            if is_reversed(row[CLEAN], row[condition])
        ],
    }


def score(right: Right, condition: str) -> Right:
    """(rows,) the share of an image's versions that the model is right about."""
    if condition == CLEAN:
        return np.asarray(right[0])
    if condition == ALL:
        return np.asarray(right[1:].mean(axis=0))
    place = 1 + LEVELS * KINDS.index(condition)
    return np.asarray(right[place : place + LEVELS].mean(axis=0))


def difference(one: Right, other: Right) -> Results:
    """The one's mean less the other's: Student's interval and test for pairs; McNemar's test where
    all differences are alike or each is one image right or wrong."""
    gaps = one - other
    value, half = float(gaps.mean()), half_width(gaps)
    if set(np.unique(gaps).tolist()) <= {-1.0, 0.0, 1.0} or not half:
        p = mcnemar(int((gaps > 0).sum()), int((gaps < 0).sum())).p
    else:
        from scipy.special import stdtr  # noqa: PLC0415 - studies are read without it

        error = float(gaps.std(ddof=1)) / sqrt(len(gaps))
        p = 2 * float(stdtr(len(gaps) - 1, -abs(value) / error))
    return {"value": value, "interval": [max(-1.0, value - half), min(1.0, value + half)], "p": p}


def is_reversed(clean: Results, altered: Results) -> bool:
    return bool(clean["value"] * altered["value"] < 0 and altered["p_holm"] < CHANCE)


def change(pair: tuple[str, str, int], condition: str, row: Mapping[str, Results]) -> Results:
    """Signs are those of the model that is ahead at last: `clean` negative, `altered` positive."""
    one, other, rows = pair
    sign = 1 if row[condition]["value"] > 0 else -1
    ahead, behind = (one, other) if sign > 0 else (other, one)
    return {
        "kind": condition,
        "ahead": ahead,
        "behind": behind,
        "rows": rows,
        CLEAN: turned(row[CLEAN], sign),
        "altered": turned(row[condition], sign),
        "clean_beyond_chance": row[CLEAN]["p_holm"] < CHANCE,
    }


def turned(found: Results, sign: int) -> Results:
    low, high = sorted(sign * end for end in found["interval"])
    return found | {"value": sign * found["value"], "interval": [low, high]}


def mean_interval(values: Right) -> list[float]:
    """Student's 95% interval of a mean of shares, within 0..1."""
    half = half_width(values)
    return [max(0.0, float(values.mean()) - half), min(1.0, float(values.mean()) + half)]


def half_width(values: Right) -> float:
    if len(values) < 2:
        return 1.0
    return t_quantile(LEVEL, len(values) - 1) * float(values.std(ddof=1)) / sqrt(len(values))
