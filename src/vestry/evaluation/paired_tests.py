"""Tests of two models on the same images, and what many of them at once may claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, variance
from typing import Literal

from vestry.evaluation.intervals import LEVEL, Interval, t_quantile

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
    differences: Sequence[float], train_rows: float, held_out_rows: float, level: float = LEVEL
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
    half = t_quantile(level, freedom) * error
    p = 2 * float(stdtr(freedom, -abs(mean) / error))
    return ResampledTest(mean, (mean - half, mean + half), p)
