"""Two models by a score that is no accuracy: how far apart they are, how sure that is, and marks
beside the first of a ranking.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, sqrt

import numpy as np

from vestry.evaluation.chosen_by import ByScore, ChosenBy
from vestry.evaluation.intervals import LEVEL as INTERVAL_LEVEL
from vestry.evaluation.intervals import Interval, t_quantile
from vestry.evaluation.paired_tests import LEVEL, holm, strictest
from vestry.evaluation.predictions import Predictions
from vestry.evaluation.significance import Significance
from vestry.evaluation.standing import NEXT, smallest_of
from vestry.predictions.table import Split
from vestry.schema.base import MarkWord
from vestry.schema.decision import ScoreDifference
from vestry.schema.significance import BesideFirst, Resolution, SmallestShown


@dataclass(frozen=True)
class ScoreGap:
    """value: the one's score less the other's, so that more is better. error: its standard error,
    with so many degrees of freedom. weight: how many rows of the rarest kind the score rests on."""

    value: float
    error: float
    freedom: float
    weight: float

    @property
    def turned(self) -> "ScoreGap":
        """The other's less the one's."""
        return replace(self, value=-self.value)

    def half(self, level: float) -> float:
        """From which size on a difference is significant at `level`."""
        return t_quantile(1 - level, self.freedom) * self.error

    @property
    def interval(self) -> Interval:
        half = self.half(1 - INTERVAL_LEVEL)
        return self.value - half, self.value + half

    @property
    def p(self) -> float:
        """That it is 0, two-sided."""
        return 2 * _above(abs(self.value) / self.error, self.freedom)

    def p_within(self, margin: float) -> float:
        """That the other is `margin` or more behind the one. Never below the chance that none of so
        many rows shows a kind of image that alone makes up what is left of the margin."""
        left = margin - self.value
        if left <= 0:
            return 1.0
        return max(_above(left / self.error, self.freedom), exp(-left * self.weight))


def score_gap(one: ByScore, other: ByScore) -> ScoreGap:
    """Student's t with the variance of a paired bootstrap of the images, plus that of one image of
    the rarest kind on which the two differ (or models that never do would be level on ten images),
    plus that of the mean over seeds; degrees of freedom by Welch and Satterthwaite."""
    images = float(np.var(one.resampled - other.resampled, ddof=1)) + one.weight**-2
    parts = [(images, max(one.weight - 1, 1.0))]
    parts += [
        (float(np.var(each.seeds, ddof=1)) / len(each.seeds), len(each.seeds) - 1.0)
        for each in (one, other)
        if len(each.seeds) > 1
    ]
    total = sum(variance for variance, _ in parts)
    freedom = total**2 / sum(variance**2 / free for variance, free in parts)
    return ScoreGap(one.figure - other.figure, sqrt(total), freedom, one.weight)


def one_sided(one: ByScore, floor: float) -> float:
    """p that its figure is not above `floor`, which no image moves."""
    images = float(np.var(one.resampled, ddof=1)) + one.weight**-2
    seeds = float(np.var(one.seeds, ddof=1)) / len(one.seeds) if len(one.seeds) > 1 else 0.0
    return _above((one.figure - floor) / sqrt(images + seeds), max(one.weight - 1, 1.0))


def _above(deviations: float, freedom: float) -> float:
    from scipy.special import stdtr  # noqa: PLC0415 - studies are read without it

    return float(stdtr(freedom, -deviations))


# What that says beside the first of a ranking.


def standing_by_score(found: Significance, by: ChosenBy, evidence: Predictions) -> Significance:
    """Marks, and what so many images can show, by the score that orders the models; tests of pairs
    stay those of accuracy."""
    if by.score.name == "accuracy" or found.resolution is None:
        return found
    names, margin = [row.name for row in found.ranking], found.resolution.margin
    beside = beside_first_by_score(names, by, margin)
    return replace(
        found,
        ranking=[row.model_copy(update={"on_test": beside.get(row.name)}) for row in found.ranking],
        resolution=Resolution(
            margin=margin,
            validation=_resolution(names, by, "validation", len(evidence.truths["validation"])),
            test=_resolution(names, by, "test", len(evidence.truths["test"])),
        ),
    )


def _gaps(names: Sequence[str], by: ChosenBy, split: Split) -> list[ScoreGap]:
    """Each other one less the first."""
    first, *others = (by.of(name, split) for name in names)
    return [score_gap(each, first) for each in others]


def beside_first_by_score(
    names: Sequence[str], by: ChosenBy, margin: float
) -> dict[str, BesideFirst]:
    """What the test rows say of each other one beside the first of `names`, by name; Holm over
    these."""
    gaps = _gaps(names, by, "test")
    adjusted = holm([gap.p for gap in gaps])
    return {
        name: BesideFirst(
            mark=_mark(gap, p, margin),
            difference=by.score.sign * gap.value,
            interval=_as_written(gap, by.score.sign),
            p_holm=p,
        )
        for name, gap, p in zip(names[1:], gaps, adjusted, strict=True)
    }


def _as_written(gap: ScoreGap, sign: int) -> tuple[float, float]:
    low, high = gap.interval
    return (low, high) if sign > 0 else (-high, -low)


def _mark(gap: ScoreGap, p: float, margin: float) -> MarkWord:
    if p < LEVEL:
        return "ahead" if gap.value > 0 else "behind"
    low, high = gap.interval
    is_level = -margin <= low and high <= margin
    shown = all(each.p_within(margin) < LEVEL for each in (gap, gap.turned))
    return "level" if is_level and shown else "unknown"


def _resolution(names: Sequence[str], by: ChosenBy, split: Split, rows: int) -> SmallestShown:
    gaps = _gaps(names, by, split)
    adjusted = holm([gap.p for gap in gaps])
    level = strictest(len(gaps))
    shown = [abs(gap.value) for gap, p in zip(gaps, adjusted, strict=True) if p < LEVEL]
    sizes = [gap.half(level) for gap in gaps[:NEXT]]
    return SmallestShown(rows=rows, difference=smallest_of(sizes, shown), tests=len(gaps))


def ahead_by_score(name: str, others: Sequence[str], by: ChosenBy) -> list[str]:
    """Those of `others` that the test images show to be ahead of `name`; Holm over these."""
    gaps = _gaps([name, *others], by, "test")
    adjusted = holm([gap.p for gap in gaps])
    return [
        other
        for other, gap, p in zip(others, gaps, adjusted, strict=True)
        if p < LEVEL and gap.value > 0
    ]


def gap_on_test(one: str, other: str, by: ChosenBy) -> ScoreDifference:
    """The one's test figure less the other's, as the score is written."""
    gap, sign = score_gap(by.of(one, "test"), by.of(other, "test")), by.score.sign
    return ScoreDifference(value=sign * gap.value, interval=_as_written(gap, sign), p=gap.p)
