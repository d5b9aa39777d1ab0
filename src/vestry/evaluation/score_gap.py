"""Two models by a score that is no accuracy, on the same rows: how far apart, and how sure."""

from dataclasses import dataclass, replace
from math import exp, sqrt

import numpy as np

from vestry.evaluation.chosen_by import ByScore
from vestry.evaluation.intervals import LEVEL, Interval, t_quantile


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
        half = self.half(1 - LEVEL)
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
