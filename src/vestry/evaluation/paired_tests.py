"""Tests of two models on the same images, what many of them at once may claim, and what it takes.

A test finds a difference between equal models in 5% of cases, so that among many one is found
nearly always. The tests that answer one question are a family: Holm's procedure (1979) adjusts them
together, and a page that speaks of any difference among them speaks falsely in at most 5% of cases.
Sentences that say of two models "significant", "ahead", "behind", "better", "worse" or "worth" rest
on a test of one of these families. A model's own calibration is judged by itself, 5% a model.
Whatever is looked at beside these (altered images, pictures, further scores) is exploratory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist, fmean, variance
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import LEVEL as INTERVAL_LEVEL
from vestry.evaluation.intervals import Interval, t_quantile
from vestry.schema.significance import TestFamily

LEVEL: Final = 0.05
"""The chance of any false alarm in a family, at most."""
_WHAT: Final = {
    "pairs": "every two models on the test images, by accuracy; claims, and marks of a ranking by "
    "accuracy, among them",
    "first": "each other model beside the first on the test images, by the score that orders them",
    "committees": "each committee against each of its members",
    "without": "a committee made without each of its members, of all committees",
    "steps": "each member against the first of the study",
    "changes": "the study\u2019s own pairs, with and without",
    "sizes": "learning curves, every two at every size that they share",
    "folds": "every two members on the same folds",
    "majority": "each model against the most frequent class, on the validation rows",
    "decision": "the best by validation against each other one, on the validation rows",
}


def families(tests: Mapping[str, int]) -> list[TestFamily]:
    """tests: how many there were, by the family's key; those with none are left out."""
    return [
        TestFamily(name=name, what=what, tests=tests[name], level=LEVEL)
        for name, what in _WHAT.items()
        if tests.get(name)
    ]


def strictest(tests: int) -> float:
    """The level at which Holm's procedure finds a difference whatever the others come to."""
    return LEVEL / max(1, tests)


FEW_DISCORDANT = 25
Method = Literal["exact", "mid-p"]


@dataclass(frozen=True)
class PairedTest:
    """p: two-sided, 0..1. method: which of McNemar's tests it is."""

    p: float
    method: Method


@dataclass(frozen=True)
class ResampledTest:
    """mean: of the differences, with its 95% interval; p: two-sided, that it is 0."""

    mean: float
    interval: Interval
    p: float


def mcnemar(only_one: int, only_other: int) -> PairedTest:
    """McNemar's test (1947) that two models are right equally often on the same images.

    only_one, only_other: images that only the one, only the other gets right (discordant pairs).
    Under 25 of them the exact binomial test, which never rejects too often; else its mid-p version,
    which keeps the level in practice and is less timid: Fagerland, Lydersen and Laake, "The McNemar
    test for binary matched-pairs data", BMC Medical Research Methodology 13 (2013). The mid-p value
    is twice the one-sided one, so equal counts give 1. Raises ValueError for negative counts.
    """
    few, total = min(only_one, only_other), only_one + only_other
    if few < 0:
        raise ValueError("counts of images cannot be negative")
    up_to = at_most(few, total)
    if total < FEW_DISCORDANT:
        return PairedTest(min(1.0, 2 * up_to), "exact")
    return PairedTest(min(1.0, up_to + at_most(few - 1, total)), "mid-p")


def at_most(count: int, of: int) -> float:
    """How probable up to `count` heads are in `of` throws of a fair coin."""
    if count < 0:
        return 0.0
    from scipy.special import bdtr  # noqa: PLC0415 - studies are read without it

    return float(bdtr(count, of, 0.5))


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p values, in the order given, of Holm's step-down procedure (Holm 1979).

    Rejecting where one is below a level keeps the chance of any false rejection among all of them
    under that level, however the tests depend on each other.
    """
    adjusted, worst = [0.0] * len(p), 0.0
    for place, index in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        worst = max(worst, min(1.0, (len(p) - place) * p[index]))
        adjusted[index] = worst
    return adjusted


def corrected_resampled_t(
    differences: Sequence[float], train_rows: float, held_out_rows: float
) -> ResampledTest | None:
    """Student's test for differences of scores over folds or repeated splits, with the variance
    corrected for training rows in common: Nadeau and Bengio, "Inference for the generalization
    error", Machine Learning 52 (2003).

    differences: one a fold, of two models on the same folds. train_rows, held_out_rows: rows of one
    fold's model, and rows that it was scored on. None where the differences do not vary, so that
    they say nothing of chance. Raises ValueError for fewer than two differences.
    """
    if len(differences) < 2:
        raise ValueError("a test over folds needs at least two of them")
    mean, spread = fmean(differences), variance(differences)
    if not spread:
        return None
    from scipy.special import stdtr  # noqa: PLC0415 - studies are read without it

    freedom = len(differences) - 1
    error = sqrt((1 / len(differences) + held_out_rows / train_rows) * spread)
    half = t_quantile(INTERVAL_LEVEL, freedom) * error
    p = 2 * float(stdtr(freedom, -abs(mean) / error))
    return ResampledTest(mean, (mean - half, mean + half), p)


# How many images a test would need to see a difference as large as the one found.


POWER: Final = 0.8
MOST_ROWS: Final = 10_000_000
_EXACT_UP_TO = 20_000
"""Discordant pairs; with more of them the normal approximation is as good."""
_DEVIATIONS = 8.0
_STEP = 1.01


def rows_needed(
    only_one: int, only_other: int, rows: int, level: float, power: float = POWER
) -> int | None:
    """Images in all that show the difference at `level`, two-sided, with probability `power`.

    only_one, only_other: of `rows` images, those that only the one, only the other gets right;
    their shares are taken for the truth. Where the normal approximation of Connor ("Sample size for
    testing differences in proportions for the paired-sample design", Biometrics 43, 1987) falls
    short, as it does where a few images decide, more are taken until the test that is made here has
    the power. None where the two are level, or more than 10 million images would be needed.
    """
    one, other = only_one / rows, only_other / rows
    if one == other:
        return None
    needed = _connor(one, other, level, power)
    while needed * (one + other) <= _EXACT_UP_TO and _power(one, other, needed, level) < power:
        needed = ceil(_STEP * needed)
    return needed if needed <= MOST_ROWS else None


def _connor(one: float, other: float, level: float, power: float) -> int:
    normal, difference, discordant = NormalDist(), abs(one - other), one + other
    chance, success = normal.inv_cdf(1 - level / 2), normal.inv_cdf(power)
    spread = sqrt(discordant - difference**2)
    return ceil(((chance * sqrt(discordant) + success * spread) / difference) ** 2)


def _power(one: float, other: float, rows: int, level: float) -> float:
    """The chance that McNemar's test is below `level` on so many images. one, other: the shares
    that only the one, only the other gets right."""
    from scipy.special import bdtr, gammaln, xlog1py, xlogy  # noqa: PLC0415 - studies are read without it

    both = min(1.0, one + other)
    reach = _DEVIATIONS * sqrt(rows * both * (1 - both)) + _DEVIATIONS**2
    first, last = max(0, int(rows * both - reach)), min(rows, int(rows * both + reach))
    differ = np.arange(first, last + 1)
    ways = gammaln(rows + 1) - gammaln(differ + 1) - gammaln(rows - differ + 1)
    weights = np.exp(ways + xlogy(differ, both) + xlog1py(rows - differ, -both))
    few = _most_of_fewer(differ, level)
    share = one / both
    seen = bdtr(np.maximum(few, 0), differ, share) + bdtr(np.maximum(few, 0), differ, 1 - share)
    return float(weights @ np.where(few < 0, 0.0, seen))


def _most_of_fewer(differ: NDArray[np.int64], level: float) -> NDArray[np.int64]:
    """Of so many discordant images, the most that the loser may win for a p below `level`; -1 where
    none is."""
    low, high = np.full(len(differ), -1), differ // 2
    while (low < high).any():
        middle = (low + high + 1) // 2
        enough = _mcnemar_p(middle, differ) < level
        low, high = np.where(enough, middle, low), np.where(enough, high, middle - 1)
    return low


def _mcnemar_p(few: NDArray[np.int64], differ: NDArray[np.int64]) -> NDArray[np.float64]:
    """`paired_tests.mcnemar` of many counts at once."""
    from scipy.special import bdtr  # noqa: PLC0415 - studies are read without it

    up_to, below = (
        bdtr(few, differ, 0.5),
        np.where(few > 0, bdtr(np.maximum(few - 1, 0), differ, 0.5), 0.0),
    )
    return np.asarray(np.where(differ < FEW_DISCORDANT, 2 * up_to, up_to + below))
