"""Where models stand: ranks by validation alone, and what test images say beside the first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isclose, sqrt

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.candidates import Candidate
from vestry.evaluation.intervals import FAMILY_LEVEL, LEVEL, Interval, normal_quantile
from vestry.evaluation.noninferiority import within_margin
from vestry.evaluation.paired_tests import at_most, holm
from vestry.evaluation.predictions import Predictions
from vestry.schema.base import MarkWord
from vestry.schema.decision import Majority
from vestry.schema.significance import BesideFirst, PairOfModels, SmallestShown

_SAME = 1e-6
"""Figures nearer to each other than this are the same; what differs is rounding."""


def ranks(figures: Sequence[Sequence[float]]) -> list[int]:
    """figures: what orders the models, best first. Models of the same figures share a rank, and
    the next one's counts all before it (1, 1, 3)."""
    found: list[int] = []
    for place, own in enumerate(figures):
        same = place > 0 and all(
            isclose(a, b, rel_tol=0, abs_tol=_SAME)
            for a, b in zip(own, figures[place - 1], strict=True)
        )
        found.append(found[-1] if same else place + 1)
    return found


@dataclass(frozen=True)
class PairBeside:
    """Two models on the same test images: who alone is right how often, and how sure that is."""

    one: str
    other: str
    only_one: int
    only_other: int
    interval: Interval
    p_holm: float


def beside_first(
    first: str, pairs: Iterable[PairOfModels | PairBeside], rows: int, margin: float
) -> dict[str, BesideFirst]:
    """What `rows` test images say of each other model beside the first of the ranking, by name."""
    return {
        pair.other if pair.one == first else pair.one: _beside(
            pair, pair.one == first, rows, margin
        )
        for pair in pairs
        if first in (pair.one, pair.other)
    }


def _beside(pair: PairOfModels | PairBeside, turned: bool, rows: int, margin: float) -> BesideFirst:
    """turned: whether the first is the pair's `one`, and the interval is that of the first's."""
    ours, firsts = pair.only_one, pair.only_other
    low, high = pair.interval
    if turned:
        ours, firsts, low, high = firsts, ours, -high, -low
    return BesideFirst(
        mark=_mark(ours, firsts, rows, margin, pair.p_holm),
        difference=(ours - firsts) / rows,
        interval=(low, high),
        p_holm=pair.p_holm,
    )


def _mark(only_this: int, only_first: int, rows: int, margin: float, p: float) -> MarkWord:
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


def resolution(rights: Sequence[Right]) -> SmallestShown:
    """About the smallest difference that the rows show between the first and the next.

    rights: (rows,) of each model, whether it is right, in the order of the ranking; two or more. Of
    the three that follow the first, the one that differs from it on most images counts.
    """
    first, rows = rights[0], len(rights[0])
    differ = max(int((first != other).sum()) for other in rights[1 : 1 + _NEXT])
    return SmallestShown(rows=rows, difference=smallest_shown(differ, rows))


def smallest_shown(differ: int, rows: int) -> float:
    """A share in 0..1. differ: images that only one of two gets right.

    From there on McNemar's test is under 0.05, by its normal approximation, and never under six
    images: 2 * 0.5^6 is the first below. 1 where even all images would not do.
    """
    normal = normal_quantile(LEVEL) * sqrt(differ) / rows
    return min(1.0, max(_LEAST_DISCORDANT / rows, normal))


# Who is shown to be better than always answering the most frequent class.


def above_majority(
    everyone: Sequence[Candidate], evidence: Predictions, classes: Sequence[str]
) -> Majority:
    """Who is better, by McNemar's test on the validation rows, exact and one-sided, Holm over all
    models (first seeds), and by the mean over seeds."""
    label = int(np.bincount(evidence.known, minlength=len(classes)).argmax())
    right = np.asarray(evidence.truths["validation"] == label)
    p = [
        _one_sided(int((each.right & ~right).sum()), int((right & ~each.right).sum()))
        for each in everyone
    ]
    share = float(right.mean())
    above = [
        each.name
        for each, adjusted in zip(everyone, holm(p), strict=True)
        if adjusted < FAMILY_LEVEL and each.accuracy > share
    ]
    return Majority(
        class_=classes[label],
        accuracy=share,
        above=above,
        not_above=[each.name for each in everyone if each.name not in above],
    )


def _one_sided(only_model: int, only_majority: int) -> float:
    return at_most(only_majority, only_model + only_majority)
