"""What a model gains by leaving the images unanswered of which it is least sure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from vestry.evaluation.intervals import share_interval
from vestry.evaluation.predictions import Tables
from vestry.evaluation.selective_threshold import fewest_rows, guaranteed_place, rows_that_would_do
from vestry.predictions.prediction_sets import just_below
from vestry.predictions.table import Labels, ProbabilityTable
from vestry.schema import confidence as schema
from vestry.schema.confidence import Abstention, AtCoverage, RiskCurve, Threshold

_Counts = NDArray[np.int64]
_COVERAGES = (0.95, 0.9, 0.8, 0.5)
_POINTS = 100


class AbstentionSettings(BaseModel):
    """`[abstention]` of a study."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accuracy: float = Field(
        0.98, gt=0, lt=1, description="asked of the images that a model does answer"
    )
    confidence: float = Field(
        0.95, gt=0.5, lt=1, description="with which that accuracy is to be kept on new images"
    )
    coverage: float = Field(
        0.95, gt=0, lt=1, description="how often a set of classes is to hold an image's class"
    )
    unlike: float = Field(
        0.05,
        gt=0,
        le=0.5,
        description="share of images of the study's own kind that may be called unlike them",
    )


DEFAULT = AbstentionSettings()


@dataclass(frozen=True, eq=False)
class Answered:
    """What each threshold answers, the strictest first; a threshold takes every row as sure as it.

    thresholds: falling confidences, no two alike. answered, wrong: rows taken, and wrong ones
    among them, at each. rows: in all.
    """

    thresholds: NDArray[np.float64]
    answered: _Counts
    wrong: _Counts
    rows: int

    @property
    def coverage(self) -> NDArray[np.float64]:
        return np.asarray(self.answered / self.rows)

    @property
    def risk(self) -> NDArray[np.float64]:
        """The share of wrong answers among those given."""
        return np.asarray(self.wrong / self.answered)

    @property
    def accuracy(self) -> NDArray[np.float64]:
        return np.asarray((self.answered - self.wrong) / self.answered)

    def at(self, threshold: float) -> schema.Answered:
        """What is answered with at least this confidence."""
        place = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        if place < 0:
            return schema.Answered(rows=0, coverage=0.0, accuracy=None, interval=None)
        rows, wrong = int(self.answered[place]), int(self.wrong[place])
        return schema.Answered(
            rows=rows,
            coverage=rows / self.rows,
            accuracy=(rows - wrong) / rows,
            interval=share_interval(rows - wrong, rows),
        )


def answered(table: ProbabilityTable, truth: Labels) -> Answered:
    """By confidence, the probability of the most probable class."""
    confidence = table.probabilities.max(axis=1).astype(np.float64)
    thresholds, group = np.unique(-confidence, return_inverse=True)
    wrong = np.bincount(group, weights=table.labels != truth).astype(np.int64)
    return Answered(-thresholds, np.cumsum(np.bincount(group)), np.cumsum(wrong), len(table))


def abstention(
    tables: Tables, truths: Mapping[str, Labels], settings: AbstentionSettings = DEFAULT
) -> Abstention:
    """Risk over coverage on the test rows, and a threshold that the validation rows chose."""
    validation, test = (answered(tables[s], truths[s]) for s in ("validation", "test"))
    area, best = areas(test)
    return Abstention(
        rows=test.rows,
        curve=_curve(test),
        area=area,
        excess_area=area - best,
        at_coverage=[_at_coverage(test, share) for share in _COVERAGES],
        threshold=threshold(validation, test, settings),
    )


def _curve(test: Answered) -> RiskCurve:
    """Risk over coverage at up to 100 of the thresholds, about evenly spread over coverage."""
    wanted = np.arange(1, _POINTS + 1) / _POINTS
    places = np.unique(np.searchsorted(test.coverage, wanted - 1e-12))
    return RiskCurve(coverage=test.coverage[places].tolist(), risk=test.risk[places].tolist())


def areas(test: Answered) -> tuple[float, float]:
    """Area under the risk-coverage curve, and the least that so many mistakes allow.

    The mean of the risk over the first 1 to n answers (Geifman and El-Yaniv 2017); its excess
    over an order that puts every mistake last is that of Geifman, Uziel and El-Yaniv (2019).
    Rows of equal confidence share their mistakes evenly, as the mean over their orders would.
    """
    count = np.arange(1, test.rows + 1)
    wrong = np.interp(count, np.r_[0, test.answered], np.r_[0, test.wrong])
    least = np.maximum(0, count - (test.rows - test.wrong[-1]))
    return float((wrong / count).mean()), float((least / count).mean())


def _at_coverage(test: Answered, share: float) -> AtCoverage:
    """The strictest threshold that answers at least `share` of the rows."""
    limit = float(test.thresholds[int(np.searchsorted(test.coverage, share - 1e-12))])
    return AtCoverage(coverage_asked=share, threshold=limit, **dict(test.at(limit)))


def threshold(
    validation: Answered, test: Answered, settings: AbstentionSettings = DEFAULT
) -> Threshold:
    """The threshold that the validation rows choose, and what it gives on both splits."""
    limit, needed = _chosen_threshold(validation, settings), None
    if limit is None:
        asked = settings.accuracy, settings.confidence
        needed = rows_that_would_do(validation.answered, validation.wrong, *asked)
    return Threshold(
        accuracy_asked=settings.accuracy,
        confidence_asked=settings.confidence,
        threshold=limit,
        validation=None if limit is None else _chosen_by(validation.at(limit), limit),
        test=None if limit is None else test.at(limit),
        validation_rows=validation.rows,
        validation_needed=needed,
        reason=_why_not(validation, settings, needed) if limit is None else None,
    )


def _chosen_by(found: schema.Answered, limit: float) -> schema.Answered:
    """Without an interval where these very rows set the threshold: their figure is a target."""
    return found.model_copy(update={"interval": None}) if limit else found


def _why_not(validation: Answered, settings: AbstentionSettings, needed: int | None) -> str:
    right = 1 - validation.wrong / np.maximum(1, validation.answered)
    if needed is None and not (right >= settings.accuracy).any():
        return "on the validation rows it is not right that often where it is surest"
    least = fewest_rows(settings.accuracy, settings.confidence)
    if validation.rows < least:
        return (
            "the validation rows are too few, for it takes at least "
            f"{least} answers without a mistake"
        )
    return "the validation rows are too few to show it"


def _chosen_threshold(validation: Answered, settings: AbstentionSettings = DEFAULT) -> float | None:
    """The laxest threshold whose answers are right as often as asked, with the confidence asked; 0
    where all may be answered, None where none can be guaranteed.

    It is fit for use: an image is answered where the confidence is not below it.
    """
    if not validation.rows:
        return None
    place = guaranteed_place(
        validation.answered, validation.wrong, settings.accuracy, settings.confidence
    )
    if place is None:
        return None
    everything = place == len(validation.thresholds) - 1
    return 0.0 if everything else just_below(*validation.thresholds[place : place + 2].tolist())
