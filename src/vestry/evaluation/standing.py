"""Where models stand: ranks by validation alone, and what test images say beside the first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, isclose, log2, sqrt
from statistics import median

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.candidates import Candidate
from vestry.evaluation.difference import within_margin
from vestry.evaluation.intervals import Interval, holds, normal_quantile
from vestry.evaluation.paired_tests import LEVEL, at_most, holm, strictest
from vestry.evaluation.predictions import Predictions
from vestry.evaluation.seed_pool import SeedPool
from vestry.evaluation.two_way import TwoWay, mean_difference
from vestry.schema.base import MarkWord, Number
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
    only_one: Number
    only_other: Number
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
        mark=_mark(pair.p_holm, (low, high), (ours, firsts), rows, margin),
        difference=(ours - firsts) / rows,
        interval=(low, high),
        p_holm=pair.p_holm,
    )


def _mark(
    p: float, interval: Interval, only: tuple[Number, Number], rows: int, margin: float
) -> MarkWord:
    """only: images that only this one, and that only the first gets right."""
    if p < LEVEL and not holds(interval):
        return "ahead" if interval[0] > 0 else "behind"
    counts = round(only[0]), round(only[1])
    # With few images even an interval that is all inside proves little: the exact test must agree.
    level = (
        -margin <= interval[0]
        and interval[1] <= margin
        and all(within_margin(*each, rows, margin) < LEVEL for each in (counts, counts[::-1]))
    )
    return "level" if level else "unknown"


# The smallest difference of two accuracies that so many images can show.


Rights = NDArray[np.bool_]
"""(seeds, n) whether each seed's model is right on each row."""
NEXT = 3


def resolution(
    rights: Sequence[Rights], tests: int, shown: Sequence[float], pool: SeedPool | None = None
) -> SmallestShown:
    """About the smallest difference that the rows show between the first and the next.

    rights: of each model in the order of the ranking; two or more. Of the three that follow the
    first, the median counts. tests: how many are adjusted together. shown: sizes of the
    differences to the first that are significant. pool: what is known of seeds from all models;
    None: of two each.
    """
    level, rows = strictest(tests), rights[0].shape[1]
    sizes = [_smallest(rights[0], other, level, pool) for other in rights[1 : 1 + NEXT]]
    return SmallestShown(rows=rows, difference=smallest_of(sizes, shown), tests=tests)


def smallest_of(sizes: Sequence[float], shown: Sequence[float]) -> float:
    """What is said of several pairs: one of few seeds must not speak for all. shown: sizes of
    differences that are significant, which can be seen, whatever the approximation says."""
    return min([median(sizes), *shown])


def _smallest(first: Rights, other: Rights, level: float, pool: SeedPool | None) -> float:
    if len(first) == len(other) == 1:
        return smallest_shown(int((first[0] != other[0]).sum()), first.shape[1], level)
    return min(1.0, mean_difference(first, other, pool=pool).half(level))


def smallest_shown(differ: int, rows: int, level: float = LEVEL) -> float:
    """A share in 0..1. differ: images that only one of two gets right.

    From there on McNemar's p is under `level`, by its normal approximation, and never under as many
    images as it takes if one of two wins all of them: n with 2 * 0.5^n below it. 1 where even all
    images would not do.
    """
    fewest = ceil(log2(2 / level) + 1e-9)
    normal = normal_quantile(1 - level) * sqrt(differ)
    return min(1.0, max(fewest, normal) / rows)


# Who is shown to be better than always answering the most frequent class.


def above_majority(
    everyone: Sequence[Candidate], evidence: Predictions, classes: Sequence[str]
) -> Majority:
    """Who is better on the validation rows, one-sided, Holm over all models: by McNemar's exact
    test, or over images and seeds where a model has several."""
    label = int(np.bincount(evidence.known, minlength=len(classes)).argmax())
    right = np.asarray(evidence.truths["validation"] == label)
    adjusted = holm([_better_by_chance(each, right) for each in everyone])
    share = float(right.mean())
    above = [
        each.name
        for each, p in zip(everyone, adjusted, strict=True)
        if p < LEVEL and each.accuracy > share
    ]
    return Majority(
        class_=classes[label],
        accuracy=share,
        above=above,
        not_above=[each.name for each in everyone if each.name not in above],
    )


def _better_by_chance(model: Candidate, constant: NDArray[np.bool_]) -> float:
    """One-sided p that a model is no better than an answer that has no seeds."""
    rights = model.rights
    if len(rights) > 1:
        return _one_sided(mean_difference(rights, constant[None], paired=True, pool=model.pool))
    only_model, only_constant = (rights[0] & ~constant).sum(), (constant & ~rights[0]).sum()
    return at_most(int(only_constant), int(only_model + only_constant))


def _one_sided(found: TwoWay) -> float:
    """p that it is 0 or less."""
    return found.p() / 2 if found.centre > 0 else 1 - found.p() / 2
