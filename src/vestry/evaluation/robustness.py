"""Models on worse images: accuracy rung by rung, and whether their order is still the same."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.committees.committee import Committee
from vestry.errors import VestryError, one_line
from vestry.evaluation.intervals import wilson
from vestry.evaluation.order_changes import Right, compared, mean_interval
from vestry.predictions.table import ProbabilityTable
from vestry.robustness.ladder import Ladder
from vestry.robustness.rungs import KINDS, LEVELS, RUNGS, STRENGTHS, UNITS

Results = dict[str, Any]
Members = Mapping[str, Ladder]
Committees = Mapping[str, tuple[Sequence[str], Committee]]


def robustness(
    ladders: Members,
    committees: Committees,
    truth: Mapping[str, int],
    classes: Sequence[str],
    reasons: Mapping[str, str] | None = None,
) -> Results | None:
    """`robustness` of the results; None where nobody was asked about altered images.

    ladders: members' answers; committees: each one's members and its fitted rule, which is applied
    to the rows that all of them have. truth: label by the id of a test image. reasons: why a
    member has no ladder. Models are compared on the rows that both have: all ladders have the
    same rows in the same order, some fewer of them.
    """
    without = dict(reasons or {})
    right = {name: rightness(ladder, truth) for name, ladder in ladders.items()}
    for name, (members, committee) in committees.items():
        try:
            ladder = committee_ladder(committee, members, ladders, tuple(classes))
            right[name] = rightness(ladder, truth)
        except VestryError as error:
            without[name] = one_line(error)
    if not ladders and not reasons:
        return None
    facts = {name: facts_of(ladders[name]) for name in ladders}
    makers = {name: maker(each, facts.get(name)) for name, each in right.items()}
    return {
        **drawn(ladders, truth),
        "kinds": [
            {"kind": kind, "unit": UNITS[kind], "strengths": list(STRENGTHS[kind])}
            for kind in KINDS
        ],
        "makers": makers | {name: {"rows": 0, "reason": why} for name, why in without.items()},
        **compared(right),
    }


def drawn(ladders: Members, truth: Mapping[str, int]) -> Results:
    """Which images were asked about; `image` is the one that is shown on every rung."""
    if not ladders:
        return {"rows": 0, "there": 0, "seed": None, "seconds": None, "image": None}
    first = next(iter(ladders.values()))
    name = str(first.ids[0])
    return {
        "rows": first.facts["asked"],
        **{key: first.facts[key] for key in ("there", "seed", "seconds")},
        "image": {
            "id": name,
            "label": int(truth[name]),
            "pictures": {
                kind: [f"altered/{rung.name}" for rung in RUNGS if rung.kind == kind]
                for kind in KINDS
            },
        },
    }


def rightness(ladder: Ladder, truth: Mapping[str, int]) -> Right:
    """(36, rows) 1 where the model is right about a version of an image, else 0."""
    labels = np.array([truth[name] for name in ladder.ids.tolist()])
    return np.asarray(ladder.probabilities.argmax(axis=2) == labels, np.float64)


def facts_of(ladder: Ladder) -> Results:
    return {key: ladder.facts[key] for key in ("reason", "milliseconds_per_image")}


def committee_ladder(
    committee: Committee, members: Sequence[str], ladders: Members, classes: tuple[str, ...]
) -> Ladder:
    """Its rule on every rung's tables; raises VestryError where a member was not asked."""
    missing = [name for name in members if name not in ladders]
    if missing:
        raise VestryError(f"its member {', '.join(missing)} was not asked")
    rows = min(len(ladders[name]) for name in members)
    ids = ladders[members[0]].ids[:rows]

    def combined(version: int) -> NDArray[np.float32]:
        tables = [
            ProbabilityTable(ids, classes, ladders[n].probabilities[version, :rows], n, "test")
            for n in members
        ]
        return committee.table(tables).probabilities

    made = np.stack([combined(version) for version in range(len(RUNGS) + 1)])
    return Ladder(ids, made, {})


def maker(right: Right, facts: Results | None) -> Results:
    """A model's accuracies with Wilson's intervals; `area` is the mean over a kind's strengths,
    `mean_area` that over all kinds, with Student's interval over images."""
    rows = right.shape[1]
    shares = right.mean(axis=1)
    intervals = [wilson(float(share), rows) for share in shares]
    by_kind = {kind: slice(1 + LEVELS * k, 1 + LEVELS * (k + 1)) for k, kind in enumerate(KINDS)}
    each = right[1:].mean(axis=0)
    return {
        "rows": rows,
        "clean": float(shares[0]),
        "clean_interval": list(intervals[0]),
        "accuracy": {kind: shares[part].tolist() for kind, part in by_kind.items()},
        "intervals": {kind: [list(i) for i in intervals[part]] for kind, part in by_kind.items()},
        "area": {kind: float(shares[part].mean()) for kind, part in by_kind.items()},
        "mean_area": float(each.mean()),
        "mean_area_interval": mean_interval(each),
        **(facts or {"reason": None, "milliseconds_per_image": None}),
    }
