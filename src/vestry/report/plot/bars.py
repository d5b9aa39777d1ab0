"""Grouped bars: several scores of each model on one scale from 0 to 100%."""

from dataclasses import dataclass

from vestry.report.formatting import signed
from vestry.report.models import Model
from vestry.report.plot.axis import Axis, round_axis

_SCORES = (
    ("accuracy", "accuracy"),
    ("precision_macro", "precision"),
    ("recall_macro", "recall"),
    ("f1_macro", "F1"),
)


@dataclass(frozen=True)
class Bar:
    """A score of the test images, as a share; `interval` where it has one."""

    name: str
    value: float
    interval: tuple[float, float] | None
    style: str


@dataclass(frozen=True)
class Group:
    """All bars of one model."""

    name: str
    is_committee: bool
    bars: list[Bar]


def bar_groups(models: list[Model]) -> list[Group]:
    return [Group(model.name, model.is_committee, _bars(model)) for model in models]


def _bars(model: Model) -> list[Bar]:
    """Accuracy with its interval, then macro precision, recall and F1."""
    found = []
    for number, (score, name) in enumerate(_SCORES):
        value = model.score("test", score)
        if value is not None:
            interval = model.interval("test") if score == "accuracy" else None
            found.append(Bar(name, value, interval, f"bar{number}"))
    return found


# Diverging bars: what was lost to the left of a middle line, what was won to its right.


ROWS_SHOWN = 25


@dataclass(frozen=True)
class Diverging:
    """lost, won: counts of one class, and the lengths of their bars as shares of the longest."""

    name: str
    lost: int
    won: int
    lost_length: float
    won_length: float

    @property
    def net(self) -> int:
        return self.won - self.lost


def diverging(rows: list[tuple[str, int, int]]) -> list[Diverging]:
    """rows: (name, lost, won), in order; rows without either are left out.

    Where more than 25 are left, those with the largest changes are drawn, in the same order.
    """
    changed = [row for row in rows if row[1] + row[2]]
    kept = sorted(changed, key=lambda row: -(row[1] + row[2]))[:ROWS_SHOWN]
    longest = max((max(lost, won) for _, lost, won in kept), default=1)
    return [
        Diverging(name, lost, won, round(lost / longest, 4), round(won / longest, 4))
        for name, lost, won in changed
        if (name, lost, won) in kept
    ]


# Changes with their intervals on one scale that always holds 0.


@dataclass(frozen=True)
class DrawnChange:
    """Places on the scale, 0 at its left end and 1 at its right."""

    dot: float
    left: float
    right: float


@dataclass(frozen=True)
class ChangeScale:
    """ticks: (place, text in points); zero: the place of no change."""

    axis: Axis
    zero: float
    ticks: list[tuple[float, str]]


def change_scale(intervals: list[tuple[float, float]]) -> ChangeScale:
    """intervals: (low, high) of differences of shares."""
    axis = round_axis([0.0, *(end for interval in intervals for end in interval)], 3)
    step = axis.ticks[1] - axis.ticks[0]
    digits = 0 if step > 0.0099 else 1 if step > 0.00099 else 2
    ticks = [(axis.place(tick), signed(100 * tick, digits)) for tick in axis.ticks]
    return ChangeScale(axis, axis.place(0.0), ticks)


def draw_change(value: float, interval: tuple[float, float], scale: ChangeScale) -> DrawnChange:
    low, high = interval
    place = scale.axis.place
    return DrawnChange(place(value), place(low), place(high))
