"""Models on worse images: accuracy at each severity, and whether their order is still the same."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vestry.committees.committee import Committee
from vestry.errors import VestryError, one_line
from vestry.evaluation.intervals import LEVEL, share_interval, t_quantile
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.predictions.table import ProbabilityTable
from vestry.robustness.corrupted_predictions import CorruptedPredictions
from vestry.robustness.corruption import ALL, CLEAN, CORRUPTIONS, LEVELS, severities, versions
from vestry.schema.base import Interval
from vestry.schema.robustness import (
    AlteredDifference,
    AlteredImage,
    AlteredPair,
    Corruption,
    OrderChange,
    Robustness,
    RobustnessOfModel,
    UnaskedModel,
)

# Whether models keep their order on corrupted images, and the intervals of means over images.


_Right = NDArray[np.float64]
"""(versions, images) 1 where a model is right about a version of an image, else 0."""

_CHANCE = 0.05
_CONDITIONS = (CLEAN, *CORRUPTIONS, ALL)


class _Gap(NamedTuple):
    """The first's accuracy less the second's, before p is adjusted."""

    value: float
    interval: Interval
    p: float


class _Pair(NamedTuple):
    """Two models, how many images both have, and their differences by condition."""

    one: str
    other: str
    rows: int
    by_condition: dict[str, AlteredDifference]


def _compared(right: Mapping[str, _Right]) -> list[_Pair]:
    """Every two models on the images that both have, as they are and corrupted; p values are Holm's
    over all comparisons together."""
    pairs = [
        (one, other, min(right[one].shape[1], right[other].shape[1]))
        for one, other in combinations(right, 2)
    ]
    gaps = [
        _gap(_score(right[one][:, :rows], condition), _score(right[other][:, :rows], condition))
        for one, other, rows in pairs
        for condition in _CONDITIONS
    ]
    adjusted = holm([gap.p for gap in gaps])
    found = iter(
        AlteredDifference(**gap._asdict(), p_holm=p) for gap, p in zip(gaps, adjusted, strict=True)
    )
    return [_Pair(*pair, {condition: next(found) for condition in _CONDITIONS}) for pair in pairs]


def _score(right: _Right, condition: str) -> _Right:
    """(rows,) the share of an image's versions that the model is right about."""
    if condition == CLEAN:
        return np.asarray(right[0])
    if condition == ALL:
        return np.asarray(right[1:].mean(axis=0))
    place = 1 + LEVELS * list(CORRUPTIONS).index(condition)
    return np.asarray(right[place : place + LEVELS].mean(axis=0))


def _gap(one: _Right, other: _Right) -> _Gap:
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
    return _Gap(value, (max(-1.0, value - half), min(1.0, value + half)), p)


def _changes(pair: _Pair) -> list[OrderChange]:
    """Where the model that is behind on clean images is ahead of the other on corrupted ones,
    beyond chance: under one corruption, or all."""
    clean = pair.by_condition[CLEAN]
    return [
        _change(pair, condition, clean, corrupted)
        for condition, corrupted in pair.by_condition.items()
        if clean.value * corrupted.value < 0 and corrupted.p_holm < _CHANCE
    ]


def _change(
    pair: _Pair, condition: str, clean: AlteredDifference, corrupted: AlteredDifference
) -> OrderChange:
    """Signs are those of the model that is ahead at last: `clean` negative, `altered` positive."""
    sign = 1 if corrupted.value > 0 else -1
    ahead, behind = (pair.one, pair.other) if sign > 0 else (pair.other, pair.one)
    return OrderChange(
        kind=condition,
        ahead=ahead,
        behind=behind,
        rows=pair.rows,
        clean=_turned(clean, sign),
        altered=_turned(corrupted, sign),
        clean_beyond_chance=clean.p_holm < _CHANCE,
    )


def _turned(found: AlteredDifference, sign: int) -> AlteredDifference:
    low, high = sorted(sign * end for end in found.interval)
    return found.model_copy(update={"value": sign * found.value, "interval": (low, high)})


def _mean_interval(values: _Right) -> Interval:
    """Student's 95% interval of a mean of shares, within 0..1."""
    half = _half_width(values)
    return max(0.0, float(values.mean()) - half), min(1.0, float(values.mean()) + half)


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
) -> Robustness | None:
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
    first = next(iter(predictions.values()), None)
    facts = first.facts if first else {"asked": 0, "there": 0, "seed": None, "seconds": None}
    asked = {name: _robustness_of(each, predictions.get(name)) for name, each in right.items()}
    pairs = _compared(right)
    return Robustness(
        rows=facts["asked"],
        there=facts["there"],
        seed=facts["seed"],
        seconds=facts["seconds"],
        image=_shown(str(first.ids[0]), truth) if first else None,
        kinds=_kinds(),
        makers=asked | {name: UnaskedModel(rows=0, reason=why) for name, why in without.items()},
        comparisons=len(pairs) * len(_CONDITIONS),
        pairs=[_written(pair) for pair in pairs],
        changes=[change for pair in pairs for change in _changes(pair)],
    )


def _kinds() -> list[Corruption]:
    return [
        Corruption(kind=name, unit=each.unit, strengths=list(each.strengths))
        for name, each in CORRUPTIONS.items()
    ]


def _written(pair: _Pair) -> AlteredPair:
    return AlteredPair(
        names=(pair.one, pair.other),
        rows=pair.rows,
        clean=pair.by_condition[CLEAN],
        all=pair.by_condition[ALL],
    )


def _shown(image: str, truth: Mapping[str, int]) -> AlteredImage:
    """The image that is shown at every severity."""
    pictures = {
        name: [each.picture for each in severities() if each.corruption == name]
        for name in CORRUPTIONS
    }
    return AlteredImage(id=image, label=int(truth[image]), pictures=pictures)


def _rightness(made: CorruptedPredictions, truth: Mapping[str, int]) -> _Right:
    """(versions, rows) 1 where the model is right about a version of an image, else 0."""
    labels = np.array([truth[name] for name in made.ids.tolist()])
    return np.asarray(made.probabilities.argmax(axis=2) == labels, np.float64)


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


def _robustness_of(right: _Right, made: CorruptedPredictions | None) -> RobustnessOfModel:
    """A model's accuracies. made: a member's predictions; None of a committee."""
    rows = right.shape[1]
    shares = right.mean(axis=1)
    intervals = [share_interval(int(count), rows) for count in right.sum(axis=1)]
    by_kind = {
        kind: slice(1 + LEVELS * k, 1 + LEVELS * (k + 1)) for k, kind in enumerate(CORRUPTIONS)
    }
    each = right[1:].mean(axis=0)
    return RobustnessOfModel(
        rows=rows,
        clean=float(shares[0]),
        clean_interval=intervals[0],
        accuracy={kind: shares[part].tolist() for kind, part in by_kind.items()},
        intervals={kind: intervals[part] for kind, part in by_kind.items()},
        area={kind: float(shares[part].mean()) for kind, part in by_kind.items()},
        mean_area=float(each.mean()),
        mean_area_interval=_mean_interval(each),
        reason=made.facts["reason"] if made else None,
        milliseconds_per_image=made.facts["milliseconds_per_image"] if made else None,
    )
