"""Two makers' test accuracies: their difference, and how sure it is."""

from typing import Any

from vestry.evaluation.comparison import central
from vestry.evaluation.intervals import holds, mean_difference, paired_difference
from vestry.evaluation.predictions import EvaluatedModel

Results = dict[str, Any]
SAME_EVERY_SEED = "neither accuracy moves from seed to seed"


def difference(one: EvaluatedModel, other: EvaluatedModel) -> Results:
    """The one's test accuracy less the other's, with a 95% interval.

    Over seeds (Welch's t) where both were fitted with two or more and one of them moves; else over
    the test images that both answered (paired, first seeds). `over` says which; `figures` are the
    two accuracies that were subtracted; `count` the seeds of each, or the images.
    """
    values, others = _seed_values(one), _seed_values(other)
    several = min(len(values), len(others)) > 1
    interval = mean_difference(values, others) if several else None
    if interval is None:
        return by_images(one, other) | {"reason": SAME_EVERY_SEED if several else None}
    figures = [central(tested.entry, "test", "accuracy") for tested in (one, other)]
    return {
        "score": "accuracy",
        "value": figures[0] - figures[1],
        "interval": list(interval),
        "over": "seeds",
        "figures": figures,
        "count": [len(values), len(others)],
        "reason": None,
    }


def by_images(one: EvaluatedModel, other: EvaluatedModel) -> Results:
    """The difference on the test images that both answered, by their first seeds."""
    right, others = one.right, other.right
    only_one, only_other = int((right & ~others).sum()), int((others & ~right).sum())
    rows = len(right)
    return {
        "score": "accuracy",
        "value": (only_one - only_other) / rows,
        "interval": list(paired_difference(only_one, only_other, rows)),
        "over": "images",
        "figures": [float(right.mean()), float(others.mean())],
        "count": rows,
        "only_one": only_one,
        "only_other": only_other,
        "reason": None,
    }


def _seed_values(tested: EvaluatedModel) -> list[float]:
    """Test accuracies, one a seed; empty where there is only one."""
    several = tested.entry.get("over_seeds")
    return list(several["test"]["accuracy"]["values"]) if several else []


def sign(found: Results) -> int:
    """1 or -1 where the whole interval lies on one side of 0, else 0."""
    if holds(found["interval"]):
        return 0
    return 1 if found["value"] > 0 else -1
