"""Two models' test accuracies: their difference, how sure it is, whether it is within a margin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import holds, paired_difference
from vestry.evaluation.paired_tests import LEVEL, holm, mcnemar
from vestry.evaluation.predictions import EvaluatedModel
from vestry.evaluation.seed_pool import SeedPool
from vestry.evaluation.two_way import TwoWay, mean_difference
from vestry.schema.models import ScoredCommittee
from vestry.schema.significance import Difference


@dataclass(frozen=True)
class Answers:
    """rights: (seeds, n) whether each test image is answered right. pool: what is known of seeds
    from all models that were tested on these; None: of the two that are compared."""

    rights: NDArray[np.bool_]
    pool: SeedPool | None = None


def difference(one: EvaluatedModel | Answers, other: EvaluatedModel | Answers) -> Difference:
    """The one's test accuracy less the other's: a 95% interval and a test, of the images that both
    answered, and of seeds where one of them has several."""
    rights, others = one.rights, other.rights
    if len(rights) == len(others) == 1:
        return _of_images(rights[0], others[0])
    found = over_seeds(one, other)
    only_one, only_other = _discordant(rights, others)
    return Difference(
        score="accuracy",
        value=found.value,
        interval=found.interval(),
        over="images and seeds",
        figures=(float(rights.mean()), float(others.mean())),
        count=rights.shape[1],
        seeds=(len(rights), len(others)),
        only_one=only_one,
        only_other=only_other,
        p=found.p(),
        method="two-way",
    )


def _of_images(right: NDArray[np.bool_], others: NDArray[np.bool_]) -> Difference:
    only_one, only_other = int((right & ~others).sum()), int((others & ~right).sum())
    test, rows = mcnemar(only_one, only_other), len(right)
    return Difference(
        score="accuracy",
        value=(only_one - only_other) / rows,
        interval=paired_difference(only_one, only_other, rows),
        over="images",
        figures=(float(right.mean()), float(others.mean())),
        count=rows,
        seeds=(1, 1),
        only_one=only_one,
        only_other=only_other,
        p=test.p,
        method=test.method,
    )


def over_seeds(one: EvaluatedModel | Answers, other: EvaluatedModel | Answers) -> TwoWay:
    """As `difference` takes it where one of the two has several seeds."""
    return mean_difference(one.rights, other.rights, _share_fits(one, other), one.pool)


def _share_fits(one: EvaluatedModel | Answers, other: EvaluatedModel | Answers) -> bool:
    """Whether a seed of the one is made of the same fits as that of the other: a committee and a
    member of it, or two committees with a member in common."""
    if isinstance(one, Answers) or isinstance(other, Answers):
        return False
    if len({len(one.rights), len(other.rights)} - {1}) > 1 or not (
        one.is_committee or other.is_committee
    ):
        return False
    return bool(_parts(one) & _parts(other)) and _lends(one, other) and _lends(other, one)


def _parts(model: EvaluatedModel) -> set[str]:
    entry = model.entry
    return set(entry.members) if isinstance(entry, ScoredCommittee) else {model.name}


def _lends(one: EvaluatedModel, other: EvaluatedModel) -> bool:
    """Whether the one, where it has a single seed and the other several, is that in every one of
    them: not a committee of first seeds."""
    return len(one.rights) == len(other.rights) or len(one.rights) > 1 or not one.is_committee


def _discordant(rights: NDArray[np.bool_], others: NDArray[np.bool_]) -> tuple[float, float]:
    """Images that only the one, and that only the other gets right: the mean of every two seeds."""
    ours, theirs = rights.mean(axis=0), others.mean(axis=0)
    return float((ours * (1 - theirs)).sum()), float((theirs * (1 - ours)).sum())


def p_within(
    one: EvaluatedModel | Answers, other: EvaluatedModel | Answers, within: float
) -> float:
    """One-sided p that the one is `within` or more ahead of the other; small: shown not to be. Over
    seeds both have to show it: the exact test of the images, on mean counts, and the interval of
    images and seeds."""
    pair = difference(one, other)
    exact = within_margin(round(pair.only_one), round(pair.only_other), pair.count, within)
    if pair.method != "two-way":
        return exact
    found = over_seeds(one, other)
    beyond = replace(found, centre=found.centre - within)
    return max(exact, beyond.p() / 2 if beyond.centre < 0 else 1 - beyond.p() / 2)


def adjusted(found: Sequence[Difference]) -> list[Difference]:
    """The differences of one family, with Holm's p."""
    tests = holm([each.p for each in found])
    return [each.model_copy(update={"p_holm": p}) for each, p in zip(found, tests, strict=True)]


def sign(found: Difference) -> int:
    """1 or -1 where the difference is significant, among its family where it is in one, and its
    interval leaves out 0; else 0."""
    p = found.p if found.p_holm is None else found.p_holm
    if p >= LEVEL or holds(found.interval):
        return 0
    return 1 if found.value > 0 else -1


# Whether one of the two is within a margin of the other.


_Floats = NDArray[np.float64]
_Counts = NDArray[np.int64]

_NUISANCES = 120
"""At so many values the share is tried that only the other model gets right, which is not known."""
_DEVIATIONS = 9.0
_ROUNDING = 1e-9


@lru_cache(maxsize=4096)
def within_margin(only_best: int, only_other: int, rows: int, margin: float) -> float:
    """One-sided p that the other is `margin` or more behind the best; small: shown that it is not.

    only_best, only_other: images of `rows` that only the best, only the other gets right. margin: a
    share in 0..1; nothing is ever shown to be within 0.

    An exact unconditional test: outcomes are ordered by the score of Tango, "Equivalence test and
    confidence interval for the difference in proportions for the paired-sample design", Statistics
    in Medicine 17 (1998), and p is the largest chance of one as extreme, over all shares that only
    the other may get right: Hsueh, Liu and Chen, "Unconditional exact tests for equivalence or
    noninferiority for paired binary endpoints", Biometrics 57 (2001). So it keeps its level with
    few images, where the score's normal approximation does not: no difference on n images shows a
    margin of 0.01 from n = 299 on, where 0.99^n falls under 0.05. Raises ValueError for counts
    that cannot be.
    """
    if min(only_best, only_other) < 0 or only_best + only_other > rows or rows < 1:
        raise ValueError(f"of {rows} images {only_best} and {only_other} cannot differ")
    if margin <= 0 or only_best - only_other >= margin * rows:
        return 1.0
    best, other = np.array([only_best]), np.array([only_other])
    reached = float(_score(best, other, rows, margin)[0]) - _ROUNDING
    most = _most_only_best(rows, margin, reached)
    shares = [0.0, *np.geomspace(0.01 / rows, (1 - margin) / 2, _NUISANCES).tolist()]
    return min(1.0, max(_chance(most, rows, margin, share) for share in shares))


def _score(only_best: _Counts, only_other: _Counts, rows: int, margin: float) -> _Floats:
    """Tango's score: above 0 where the best is less than `margin` ahead."""
    linear = only_best + only_other + (only_best - only_other - 2 * rows) * margin
    root = np.sqrt(linear**2 + 8 * rows * only_other * margin * (1 - margin))
    # The share that only the other gets right, most likely were the difference the margin.
    share = np.maximum((linear + root) / (4 * rows), 0.0)
    spread = np.sqrt(rows * (2 * share + margin * (1 - margin)))
    return np.asarray((rows * margin - only_best + only_other) / spread)


def _most_only_best(rows: int, margin: float, reached: float) -> _Counts:
    """(rows + 1,) by the number of images on which the two differ: the most of them that only the
    best may get right for a score of `reached` or more; -1 where none does."""
    differ = np.arange(rows + 1)
    low, high = np.full(rows + 1, -1), differ.copy()
    while (low < high).any():
        middle = (low + high + 1) // 2
        enough = _score(middle, differ - middle, rows, margin) >= reached
        low, high = np.where(enough, middle, low), np.where(enough, high, middle - 1)
    return low


def _chance(most: _Counts, rows: int, margin: float, share: float) -> float:
    """Of an outcome as extreme, where only the other gets `share` right and the best is `margin`
    ahead."""
    from scipy.special import bdtr, gammaln, xlog1py, xlogy  # noqa: PLC0415 - studies are read without it

    both = min(1.0, 2 * share + margin)
    reach = _DEVIATIONS * sqrt(rows * both * (1 - both)) + _DEVIATIONS**2
    first, last = max(0, int(rows * both - reach)), min(rows, int(rows * both + reach))
    differ = np.arange(first, last + 1)
    ways = gammaln(rows + 1) - gammaln(differ + 1) - gammaln(rows - differ + 1)
    weights = np.exp(ways + xlogy(differ, both) + xlog1py(rows - differ, -both))
    kept = most[first : last + 1]
    below = np.where(kept < 0, 0.0, bdtr(np.maximum(kept, 0), differ, (share + margin) / both))
    return float(weights @ below)
