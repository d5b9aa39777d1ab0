"""Accuracies with their intervals on one common scale."""

from dataclasses import dataclass

from vestry.report.figures.axis import Axis, share_axis
from vestry.report.models import Model


@dataclass(frozen=True)
class Whisker:
    """Shares in 0..1: a test accuracy, its 95% interval, and what a report gave (or None)."""

    accuracy: float
    low: float
    high: float
    reported: float | None


@dataclass(frozen=True)
class DrawnWhisker:
    """Places on the scale, 0 at its left end and 1 at its right."""

    dot: float
    left: float
    right: float
    reported: float | None


def whisker(model: Model) -> Whisker:
    return Whisker(model.accuracy("test"), *model.interval("test"), model.reported.get("accuracy"))


def whisker_axis(whiskers: list[Whisker]) -> Axis:
    """A scale that holds every interval and every reported figure; it need not start at 0."""
    values = [v for w in whiskers for v in (w.low, w.high, w.reported) if v is not None]
    return share_axis(values, tick_count=4)


def draw_whisker(whisker: Whisker, axis: Axis) -> DrawnWhisker:
    reported = None if whisker.reported is None else axis.place(whisker.reported)
    return DrawnWhisker(
        axis.place(whisker.accuracy), axis.place(whisker.low), axis.place(whisker.high), reported
    )
