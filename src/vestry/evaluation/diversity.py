"""How differently a committee's members err: Kuncheva and Whitaker, "Measures of diversity in
classifier ensembles and their relationship with the ensemble accuracy", Machine Learning 51 (2003).
"""

from collections.abc import Mapping
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import share_interval
from vestry.evaluation.predictions import EvaluatedModel
from vestry.schema.ensemble_gain import (
    Diversity,
    DiversityPair,
    Helper,
    InCommon,
    MembersAgree,
    Oracle,
    RepairedClass,
    Repairs,
)
from vestry.schema.significance import Difference

_Rows = NDArray[np.bool_]
MEASURES = ("disagreement", "q", "double_fault", "correlation")


def diversity(members: list[EvaluatedModel]) -> Diversity:
    """Measures of every pair on the test images, their means over pairs, and the oracle.

    The oracle is right wherever some member is: what a rule that always chose the right member
    would reach.
    """
    each = {
        (one.name, other.name): measures(one.right, other.right)
        for one, other in combinations(members, 2)
    }
    columns = {name: [found[name] for found in each.values()] for name in MEASURES}
    some = int(np.any([member.right for member in members], axis=0).sum())
    rows = len(members[0].truth)
    return Diversity(
        rows=rows,
        pairs=[DiversityPair(members=names, **found) for names, found in each.items()],
        mean={name: _mean(values) for name, values in columns.items()},
        undefined={name: values.count(None) for name, values in columns.items()},
        oracle=Oracle(right=some, accuracy=some / rows, interval=share_interval(some, rows)),
    )


def measures(one: _Rows, other: _Rows) -> dict[str, float | None]:
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


# What a committee corrects and what it breaks, beside its best member by validation.


def fixed_and_broken(
    committee: EvaluatedModel,
    members: list[EvaluatedModel],
    differences: Mapping[str, Difference],
    best_by_validation: str,
) -> Repairs:
    """Test images that the committee gets right and its best member wrong, and the other way.

    Images are counted by first seeds. differences: of the committee and each member, by name.
    best_by_validation: name of the member that comes first in the ranking.
    """
    best = next(member for member in members if member.name == best_by_validation)
    fixed, broken = committee.right & ~best.right, best.right & ~committee.right
    said = np.stack([member.labels for member in members])
    return Repairs(
        best_member=best.name,
        rows=len(committee.truth),
        repaired=int(fixed.sum()),
        spoiled=int(broken.sum()),
        net=int(fixed.sum()) - int(broken.sum()),
        per_class=_per_class(committee, fixed, broken, said),
        helped_by=[_help(member, fixed, broken) for member in members if member.name != best.name],
        agreement=_agreement(said, committee),
        in_common=[_in_common(one, other) for one, other in combinations(members, 2)],
        differences=dict(differences),
    )


def _per_class(
    committee: EvaluatedModel, fixed: _Rows, broken: _Rows, said: NDArray[np.int64]
) -> list[RepairedClass]:
    """Counts of every class, in class order."""
    truth = committee.truth
    divided, alike_wrong = _division(said, truth)
    classes = len(committee.entry.scores.test.per_class)
    counts = {
        name: np.bincount(truth[rows], minlength=classes).tolist()
        for name, rows in {
            "support": np.ones(len(truth), dtype=bool),
            "repaired": fixed,
            "spoiled": broken,
            "divided": divided,
            "alike_wrong": alike_wrong,
        }.items()
    }
    return [
        RepairedClass(
            class_=label,
            net=counts["repaired"][label] - counts["spoiled"][label],
            **{name: values[label] for name, values in counts.items()},
        )
        for label in range(classes)
    ]


def _division(said: NDArray[np.int64], truth: NDArray[np.int64]) -> tuple[_Rows, _Rows]:
    """(n,) where members name different classes, and where all name the same wrong one.

    said: (members, n) labels.
    """
    divided = (said != said[0]).any(axis=0)
    return divided, ~divided & (said[0] != truth)


def _agreement(said: NDArray[np.int64], committee: EvaluatedModel) -> MembersAgree:
    """How often members agree, and what the committee makes of the images they do not agree on."""
    divided, alike_wrong = _division(said, committee.truth)
    nobody_right = divided & (said != committee.truth).all(axis=0)
    return MembersAgree(
        all_right=int((~divided & ~alike_wrong).sum()),
        alike_wrong=int(alike_wrong.sum()),
        divided=int(divided.sum()),
        divided_right=int((divided & committee.right).sum()),
        divided_nobody_right=int(nobody_right.sum()),
    )


def _help(member: EvaluatedModel, fixed: _Rows, broken: _Rows) -> Helper:
    return Helper(
        name=member.name,
        right_on_repaired=int((member.right & fixed).sum()),
        wrong_on_spoiled=int((~member.right & broken).sum()),
    )


def _in_common(one: EvaluatedModel, other: EvaluatedModel) -> InCommon:
    both = ~one.right & ~other.right
    return InCommon(
        members=(one.name, other.name),
        either_wrong=int((~one.right | ~other.right).sum()),
        both_wrong=int(both.sum()),
        alike_wrong=int((both & (one.labels == other.labels)).sum()),
    )
