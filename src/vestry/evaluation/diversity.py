"""How differently a committee's members err: Kuncheva and Whitaker, "Measures of diversity in
classifier ensembles and their relationship with the ensemble accuracy", Machine Learning 51 (2003).
"""

from itertools import combinations
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import wilson
from vestry.evaluation.tested import Tested

Results = dict[str, Any]
Rows = NDArray[np.bool_]
MEASURES = ("disagreement", "q", "double_fault", "correlation")


def diversity(members: list[Tested]) -> Results:
    """Measures of every pair on the test images, their means over pairs, and the oracle.

    A measure that is undefined for a pair is null there and left out of the mean; `undefined`
    counts such pairs. The oracle is right wherever some member is: what a rule that always chose
    the right member would reach.
    """
    pairs: list[Results] = [
        {"members": [one.name, other.name], **measures(one.right, other.right)}
        for one, other in combinations(members, 2)
    ]
    some = int(np.any([member.right for member in members], axis=0).sum())
    rows = len(members[0].truth)
    return {
        "rows": rows,
        "pairs": pairs,
        "mean": {name: mean([pair[name] for pair in pairs]) for name in MEASURES},
        "undefined": {name: sum(pair[name] is None for pair in pairs) for name in MEASURES},
        "oracle": {
            "right": some,
            "accuracy": some / rows,
            "interval": list(wilson(some / rows, rows)),
        },
    }


def measures(one: Rows, other: Rows) -> dict[str, float | None]:
    """Of two members' (n,) right answers.

    disagreement: share of images that exactly one gets right. q: Yule's Q, -1..1. double_fault:
    share that both get wrong. correlation: of the two columns of errors (phi), -1..1; 0 would be
    independent errors. Q and phi are None where a member is right, or wrong, on every image.
    """
    both, neither = int((one & other).sum()), int((~one & ~other).sum())
    first, second = int((one & ~other).sum()), int((other & ~one).sum())
    rows = len(one)
    along, across = both * neither, first * second
    spread = sqrt((both + first) * (second + neither)) * sqrt((both + second) * (first + neither))
    return {
        "disagreement": (first + second) / rows,
        "q": (along - across) / (along + across) if along + across else None,
        "double_fault": neither / rows,
        "correlation": (along - across) / spread if spread else None,
    }


def mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
