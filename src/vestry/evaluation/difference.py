"""Two models' test accuracies: their difference, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.families import LEVEL
from vestry.evaluation.intervals import holds, paired_difference
from vestry.evaluation.noninferiority import within_margin
from vestry.evaluation.paired_tests import holm, mcnemar
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
