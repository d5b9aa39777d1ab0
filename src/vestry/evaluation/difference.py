"""Two models' test accuracies: their difference, and how sure it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import holds, mean_difference, paired_difference
from vestry.evaluation.predictions import EvaluatedModel
from vestry.schema.significance import Difference

SAME_EVERY_SEED = "neither accuracy moves from seed to seed"


@dataclass(frozen=True)
class Answers:
    """right: (n,) whether each test image is answered right."""

    right: NDArray[np.bool_]


def difference(one: EvaluatedModel, other: EvaluatedModel) -> Difference:
    """The one's test accuracy less the other's, with a 95% interval.

    Over seeds (Welch's t) where both were fitted with two or more and one of them moves; else over
    the test images that both answered (paired, first seeds).
    """
    spreads = [model.entry.spread("test", "accuracy") for model in (one, other)]
    values, others = (spread.values if spread else [] for spread in spreads)
    several = min(len(values), len(others)) > 1
    interval = mean_difference(values, others) if several else None
    if interval is None:
        reason = SAME_EVERY_SEED if several else None
        return by_images(one, other).model_copy(update={"reason": reason})
    ours, theirs = (model.entry.central("test", "accuracy") for model in (one, other))
    return Difference(
        score="accuracy",
        value=ours - theirs,
        interval=interval,
        over="seeds",
        figures=(ours, theirs),
        count=(len(values), len(others)),
        reason=None,
    )


def by_images(one: EvaluatedModel | Answers, other: EvaluatedModel | Answers) -> Difference:
    """The difference on the test images that both answered, by their first seeds."""
    right, others = one.right, other.right
    only_one, only_other = int((right & ~others).sum()), int((others & ~right).sum())
    rows = len(right)
    return Difference(
        score="accuracy",
        value=(only_one - only_other) / rows,
        interval=paired_difference(only_one, only_other, rows),
        over="images",
        figures=(float(right.mean()), float(others.mean())),
        count=rows,
        only_one=only_one,
        only_other=only_other,
        reason=None,
    )


def sign(found: Difference) -> int:
    """1 or -1 where the whole interval lies on one side of 0, else 0."""
    if holds(found.interval):
        return 0
    return 1 if found.value > 0 else -1
