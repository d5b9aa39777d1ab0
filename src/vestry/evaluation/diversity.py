"""How differently a committee's members err: Kuncheva and Whitaker, "Measures of diversity in
classifier ensembles and their relationship with the ensemble accuracy", Machine Learning 51 (2003).
"""

from itertools import combinations
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.difference import by_images
from vestry.evaluation.intervals import wilson
from vestry.evaluation.predictions import EvaluatedModel

Results = dict[str, Any]
Rows = NDArray[np.bool_]
MEASURES = ("disagreement", "q", "double_fault", "correlation")


def diversity(members: list[EvaluatedModel]) -> Results:
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
        "mean": {name: _mean([pair[name] for pair in pairs]) for name in MEASURES},
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


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


# What a committee repairs and what it spoils, beside its best member by validation.


def fixed_and_broken(committee: EvaluatedModel, members: list[EvaluatedModel]) -> Results:
    """Test images that the committee gets right and its best member wrong, and the other way.

    The best member is chosen by validation accuracy. Everything is of the members' first seeds,
    which the committee is made of.
    """
    best = max(members, key=lambda member: member.entry["scores"]["validation"]["accuracy"])
    repaired = committee.right & ~best.right
    spoiled = best.right & ~committee.right
    said = np.stack([member.labels for member in members])
    return {
        "best_member": best.name,
        "rows": len(committee.truth),
        "repaired": int(repaired.sum()),
        "spoiled": int(spoiled.sum()),
        "net": int(repaired.sum()) - int(spoiled.sum()),
        "per_class": per_class(committee, repaired, spoiled, said),
        "helped_by": _helped_by(best, members, repaired, spoiled),
        "agreement": _agreement(said, committee),
        "in_common": [_in_common(one, other) for one, other in combinations(members, 2)],
        "differences": {member.name: by_images(committee, member) for member in members},
    }


def per_class(
    committee: EvaluatedModel, repaired: Rows, spoiled: Rows, said: NDArray[np.int64]
) -> list[Results]:
    """Counts of every class, in class order."""
    divided, alike_wrong = _division(said, committee.truth)
    classes = len(committee.entry["scores"]["test"]["per_class"])
    counts = {
        "support": np.bincount(committee.truth, minlength=classes),
        "repaired": np.bincount(committee.truth[repaired], minlength=classes),
        "spoiled": np.bincount(committee.truth[spoiled], minlength=classes),
        "divided": np.bincount(committee.truth[divided], minlength=classes),
        "alike_wrong": np.bincount(committee.truth[alike_wrong], minlength=classes),
    }
    return [
        {"class": label}
        | {name: int(values[label]) for name, values in counts.items()}
        | {"net": int(counts["repaired"][label] - counts["spoiled"][label])}
        for label in range(classes)
    ]


def _division(said: NDArray[np.int64], truth: NDArray[np.int64]) -> tuple[Rows, Rows]:
    """(n,) where members name different classes, and where all name the same wrong one.

    said: (members, n) labels.
    """
    divided = (said != said[0]).any(axis=0)
    return divided, ~divided & (said[0] != truth)


def _agreement(said: NDArray[np.int64], committee: EvaluatedModel) -> Results:
    """How often members agree, and what the committee makes of the images they do not agree on."""
    divided, alike_wrong = _division(said, committee.truth)
    nobody_right = divided & (said != committee.truth).all(axis=0)
    return {
        "all_right": int((~divided & ~alike_wrong).sum()),
        "alike_wrong": int(alike_wrong.sum()),
        "divided": int(divided.sum()),
        "divided_right": int((divided & committee.right).sum()),
        "divided_nobody_right": int(nobody_right.sum()),
    }


def _helped_by(
    best: EvaluatedModel, members: list[EvaluatedModel], repaired: Rows, spoiled: Rows
) -> list[Results]:
    """Of each other member: on how many repaired images it is right, and wrong on spoiled ones."""
    return [
        {
            "name": member.name,
            "right_on_repaired": int((member.right & repaired).sum()),
            "wrong_on_spoiled": int((~member.right & spoiled).sum()),
        }
        for member in members
        if member.name != best.name
    ]


def _in_common(one: EvaluatedModel, other: EvaluatedModel) -> Results:
    """Errors of two members: images that either, both, and both in the same way get wrong."""
    both = ~one.right & ~other.right
    return {
        "members": [one.name, other.name],
        "either_wrong": int((~one.right | ~other.right).sum()),
        "both_wrong": int(both.sum()),
        "alike_wrong": int((both & (one.labels == other.labels)).sum()),
    }
