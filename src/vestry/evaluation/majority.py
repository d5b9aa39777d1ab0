"""Who is shown to be better than always answering the most frequent class."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vestry.evaluation.candidate import Candidate
from vestry.evaluation.evidence import Evidence
from vestry.evaluation.paired_tests import at_most, holm

Results = dict[str, Any]
LEVEL = 0.05


def above_majority(
    everyone: Sequence[Candidate], evidence: Evidence, classes: Sequence[str]
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
        if adjusted < LEVEL and each.accuracy > share
    ]
    return {
        "class": classes[label],
        "accuracy": share,
        "above": above,
        "not_above": [each.name for each in everyone if each.name not in above],
    }


def _one_sided(only_maker: int, only_majority: int) -> float:
    return at_most(only_majority, only_maker + only_majority)
