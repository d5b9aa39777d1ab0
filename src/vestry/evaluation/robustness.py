"""Models on worse images: accuracy at each severity, and whether their order is still the same."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.committees.committee import Committee
from vestry.errors import VestryError, one_line
from vestry.evaluation.intervals import LEVEL, t_quantile, wilson
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.predictions.table import ProbabilityTable
from vestry.robustness.corrupted_predictions import CorruptedPredictions
from vestry.robustness.corruption import ALL, CLEAN, CORRUPTIONS, LEVELS, severities, versions

# Whether models keep their order on corrupted images, and the intervals of means over images.


Results = dict[str, Any]
_Right = NDArray[np.float64]
"""(versions, images) 1 where a model is right about a version of an image, else 0."""

_CHANCE = 0.05


def _compared(right: Mapping[str, _Right]) -> Results:
    """Every two models on the images that both have, as they are and corrupted.

    `pairs`: their differences on clean images and over all corruptions. `changes`: where the one
    that is behind on clean images is ahead of the other on corrupted ones, beyond chance: under
    one corruption, or all. p values are Holm's over all comparisons together.
    """
    conditions = (CLEAN, *CORRUPTIONS, ALL)
    pairs = [
        (one, other, min(right[one].shape[1], right[other].shape[1]))
        for one, other in combinations(right, 2)
    ]
    found = [
        [
            _difference(
                _score(right[one][:, :rows], condition), _score(right[other][:, :rows], condition)
            )
            for condition in conditions
        ]
        for one, other, rows in pairs
    ]
    adjusted = iter(holm([entry["p"] for row in found for entry in row]))
    for entry in (entry for row in found for entry in row):
        entry["p_holm"] = next(adjusted)
    by_condition = [dict(zip(conditions, row, strict=True)) for row in found]
    return {
        "comparisons": len(pairs) * len(conditions),
        "pairs": [
            {"names": [one, other], "rows": rows, CLEAN: row[CLEAN], ALL: row[ALL]}
            for (one, other, rows), row in zip(pairs, by_condition, strict=True)
        ],
        "changes": [
            _change(pair, condition, row)
            for pair, row in zip(pairs, by_condition, strict=True)
            for condition in conditions[1:]
            if _is_reversed(row[CLEAN], row[condition])
        ],
    }


def _score(right: _Right, condition: str) -> _Right:
    """(rows,) the share of an image's versions that the model is right about."""
    if condition == CLEAN:
        return np.asarray(right[0])
    if condition == ALL:
        return np.asarray(right[1:].mean(axis=0))
    place = 1 + LEVELS * list(CORRUPTIONS).index(condition)
    return np.asarray(right[place : place + LEVELS].mean(axis=0))


def _difference(one: _Right, other: _Right) -> Results:
    """The one's mean less the other's: Student's interval and test for pairs; McNemar's test where
    all differences are alike or each is one image right or wrong."""
    gaps = one - other
    value, half = float(gaps.mean()), _half_width(gaps)
    if set(np.unique(gaps).tolist()) <= {-1.0, 0.0, 1.0} or not half:
        p = mcnemar(int((gaps > 0).sum()), int((gaps < 0).sum())).p
    else:
        from scipy.special import stdtr  # noqa: PLC0415 - studies are read without it

        error = float(gaps.std(ddof=1)) / sqrt(len(gaps))
        p = 2 * float(stdtr(len(gaps) - 1, -abs(value) / error))
    return {"value": value, "interval": [max(-1.0, value - half), min(1.0, value + half)], "p": p}


def _is_reversed(clean: Results, corrupted: Results) -> bool:
    return bool(clean["value"] * corrupted["value"] < 0 and corrupted["p_holm"] < _CHANCE)


def _change(pair: tuple[str, str, int], condition: str, row: Mapping[str, Results]) -> Results:
    """Signs are those of the model that is ahead at last: `clean` negative, `altered` positive."""
    one, other, rows = pair
    sign = 1 if row[condition]["value"] > 0 else -1
    ahead, behind = (one, other) if sign > 0 else (other, one)
    return {
        "kind": condition,
        "ahead": ahead,
        "behind": behind,
        "rows": rows,
        CLEAN: _turned(row[CLEAN], sign),
        "altered": _turned(row[condition], sign),
        "clean_beyond_chance": row[CLEAN]["p_holm"] < _CHANCE,
    }


def _turned(found: Results, sign: int) -> Results:
    low, high = sorted(sign * end for end in found["interval"])
    return found | {"value": sign * found["value"], "interval": [low, high]}


def _mean_interval(values: _Right) -> list[float]:
    """Student's 95% interval of a mean of shares, within 0..1."""
    half = _half_width(values)
    return [max(0.0, float(values.mean()) - half), min(1.0, float(values.mean()) + half)]


def _half_width(values: _Right) -> float:
    if len(values) < 2:
        return 1.0
    return t_quantile(LEVEL, len(values) - 1) * float(values.std(ddof=1)) / sqrt(len(values))


Members = Mapping[str, CorruptedPredictions]
Committees = Mapping[str, tuple[Sequence[str], Committee]]


def robustness(
    predictions: Members,
    committees: Committees,
    truth: Mapping[str, int],
    classes: Sequence[str],
    reasons: Mapping[str, str] | None = None,
) -> Results | None:
    """`robustness` of the results; None where nobody was asked about corrupted images.

    predictions: of members; committees: each one's members and its fitted rule, which is applied
    to the rows that all of them have. truth: label by the id of a test image. reasons: why a
    member has none. Models are compared on the rows that both have: all predictions are of the
    same rows in the same order, some of fewer.
    """
    without = dict(reasons or {})
    right = {name: _rightness(made, truth) for name, made in predictions.items()}
    for name, (members, committee) in committees.items():
        try:
            made = _committee_predictions(committee, members, predictions, tuple(classes))
            right[name] = _rightness(made, truth)
        except VestryError as error:
            without[name] = one_line(error)
    if not predictions and not reasons:
        return None
    facts = {name: _facts_of(made) for name, made in predictions.items()}
    makers = {name: _maker(each, facts.get(name)) for name, each in right.items()}
    return {
        **_drawn(predictions, truth),
        "kinds": [
            {"kind": name, "unit": corruption.unit, "strengths": list(corruption.strengths)}
            for name, corruption in CORRUPTIONS.items()
        ],
        "makers": makers | {name: {"rows": 0, "reason": why} for name, why in without.items()},
        **_compared(right),
    }


def _drawn(predictions: Members, truth: Mapping[str, int]) -> Results:
    """Which images were asked about; `image` is the one that is shown at every severity."""
    if not predictions:
        return {"rows": 0, "there": 0, "seed": None, "seconds": None, "image": None}
    first = next(iter(predictions.values()))
    image = str(first.ids[0])
    return {
        "rows": first.facts["asked"],
        **{key: first.facts[key] for key in ("there", "seed", "seconds")},
        "image": {
            "id": image,
            "label": int(truth[image]),
            "pictures": {
                name: [each.picture for each in severities() if each.corruption == name]
                for name in CORRUPTIONS
            },
        },
    }


def _rightness(made: CorruptedPredictions, truth: Mapping[str, int]) -> _Right:
    """(versions, rows) 1 where the model is right about a version of an image, else 0."""
    labels = np.array([truth[name] for name in made.ids.tolist()])
    return np.asarray(made.probabilities.argmax(axis=2) == labels, np.float64)


def _facts_of(made: CorruptedPredictions) -> Results:
    return {key: made.facts[key] for key in ("reason", "milliseconds_per_image")}


def _committee_predictions(
    committee: Committee, members: Sequence[str], predictions: Members, classes: tuple[str, ...]
) -> CorruptedPredictions:
    """Its rule on the tables of every version; raises VestryError where a member was not asked."""
    missing = [name for name in members if name not in predictions]
    if missing:
        raise VestryError(f"its member {', '.join(missing)} was not asked")
    rows = min(len(predictions[name]) for name in members)
    ids = predictions[members[0]].ids[:rows]

    def combined(version: int) -> NDArray[np.float32]:
        tables = [
            ProbabilityTable(ids, classes, predictions[n].probabilities[version, :rows], n, "test")
            for n in members
        ]
        return committee.table(tables).probabilities

    made = np.stack([combined(version) for version in range(len(versions()))])
    return CorruptedPredictions(ids, made, {})


def _maker(right: _Right, facts: Results | None) -> Results:
    """A model's accuracies with Wilson's intervals; `area` is the mean over a kind's strengths,
    `mean_area` that over all kinds, with Student's interval over images."""
    rows = right.shape[1]
    shares = right.mean(axis=1)
    intervals = [wilson(float(share), rows) for share in shares]
    by_kind = {
        kind: slice(1 + LEVELS * k, 1 + LEVELS * (k + 1)) for k, kind in enumerate(CORRUPTIONS)
    }
    each = right[1:].mean(axis=0)
    return {
        "rows": rows,
        "clean": float(shares[0]),
        "clean_interval": list(intervals[0]),
        "accuracy": {kind: shares[part].tolist() for kind, part in by_kind.items()},
        "intervals": {kind: [list(i) for i in intervals[part]] for kind, part in by_kind.items()},
        "area": {kind: float(shares[part].mean()) for kind, part in by_kind.items()},
        "mean_area": float(each.mean()),
        "mean_area_interval": _mean_interval(each),
        **(facts or {"reason": None, "milliseconds_per_image": None}),
    }
