"""Where makers stand: ranks by validation alone, and what test images say beside the first."""

from collections.abc import Sequence
from math import isclose, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.candidates import Candidate
from vestry.evaluation.intervals import FAMILY_LEVEL, LEVEL, normal_quantile
from vestry.evaluation.noninferiority import within_margin
from vestry.evaluation.paired_tests import at_most, holm
from vestry.evaluation.predictions import Predictions

Results = dict[str, Any]
Mark = Literal["ahead", "behind", "level", "unknown"]
_SAME = 1e-6
"""Figures nearer to each other than this are the same; what differs is rounding."""


def ranks(figures: Sequence[Sequence[float]]) -> list[int]:
    """figures: what orders the makers, best first. Makers of the same figures share a rank, and
    the next one's counts all before it (1, 1, 3)."""
    found: list[int] = []
    for place, own in enumerate(figures):
        same = place > 0 and all(
            isclose(a, b, rel_tol=0, abs_tol=_SAME)
            for a, b in zip(own, figures[place - 1], strict=True)
        )
        found.append(found[-1] if same else place + 1)
    return found


def beside_first(
    first: str, pairs: Sequence[Results], rows: int, margin: float
) -> dict[str, Results]:
    """What `rows` test images say of each other maker beside the first of the ranking, by name.

    pairs: `one`, `other`, `only_one`, `only_other`, `interval` (of the one less the other) and
    `p_holm` of all of them. `mark` is "ahead" or "behind" where the test tells the two apart among
    all pairs, "level" where both are shown to be within `margin` of each other, else "unknown":
    that says nothing of the two but that these images are too few for it.
    """
    found = {}
    for pair in pairs:
        if first in (pair["one"], pair["other"]):
            turned = pair["one"] == first
            name = pair["other" if turned else "one"]
            found[name] = _beside(pair, turned, rows, margin)
    return found


def _beside(pair: Results, turned: bool, rows: int, margin: float) -> Results:
    """turned: whether the first is the pair's `one`, and the interval is that of the first's."""
    ours, firsts = pair["only_one"], pair["only_other"]
    low, high = pair["interval"]
    if turned:
        ours, firsts, low, high = firsts, ours, -high, -low
    return {
        "mark": _mark(ours, firsts, rows, margin, pair["p_holm"]),
        "difference": (ours - firsts) / rows,
        "interval": [low, high],
        "p_holm": pair["p_holm"],
    }


def _mark(only_this: int, only_first: int, rows: int, margin: float, p: float) -> Mark:
    if p < FAMILY_LEVEL:
        return "ahead" if only_this > only_first else "behind"
    both_ways = ((only_this, only_first), (only_first, only_this))
    level = all(within_margin(*pair, rows, margin) < FAMILY_LEVEL for pair in both_ways)
    return "level" if level else "unknown"


# The smallest difference of two accuracies that so many images can show.


Right = NDArray[np.bool_]
_LEAST_DISCORDANT = 6
"""So many images, all won by one of two, are the fewest that McNemar's test tells from chance."""
_NEXT = 3


def resolution(rights: Sequence[Right]) -> dict[str, Any] | None:
    """`rows`, and `difference`: about the smallest that they show between the first and the next.

    rights: (rows,) of each maker, whether it is right, in the order of the ranking. Of the three
    that follow the first, the one that differs from it on most images counts. None for fewer than
    two makers.
    """
    if len(rights) < 2:
        return None
    first, rows = rights[0], len(rights[0])
    differ = max(int((first != other).sum()) for other in rights[1 : 1 + _NEXT])
    return {"rows": rows, "difference": smallest_shown(differ, rows)}


def smallest_shown(differ: int, rows: int) -> float:
    """A share in 0..1. differ: images that only one of two gets right.

    From there on McNemar's test is under 0.05, by its normal approximation, and never under six
    images: 2 * 0.5^6 is the first below. 1 where even all images would not do.
    """
    normal = normal_quantile(LEVEL) * sqrt(differ) / rows
    return min(1.0, max(_LEAST_DISCORDANT / rows, normal))


# Who is shown to be better than always answering the most frequent class.


_MAJORITY_LEVEL = 0.05


def above_majority(
    everyone: Sequence[Candidate], evidence: Predictions, classes: Sequence[str]
) -> Results:
    """`class` (the most frequent of the training rows), its `accuracy` on the validation rows, and
    the names of those that are shown to be `above` it, and `not_above`.

    By McNemar's test on the validation rows, exact and one-sided, Holm over all makers (first
    seeds), and by the mean over seeds.
    """
    label = int(np.bincount(evidence.truths["training"], minlength=len(classes)).argmax())
    right = np.asarray(evidence.truths["validation"] == label)
    p = [
        _one_sided(int((each.right & ~right).sum()), int((right & ~each.right).sum()))
        for each in everyone
    ]
    share = float(right.mean())
    above = [
        each.name
        for each, adjusted in zip(everyone, holm(p), strict=True)
        if adjusted < _MAJORITY_LEVEL and each.accuracy > share
    ]
    return {
        "class": classes[label],
        "accuracy": share,
        "above": above,
        "not_above": [each.name for each in everyone if each.name not in above],
    }


def _one_sided(only_maker: int, only_majority: int) -> float:
    return at_most(only_majority, only_maker + only_majority)
