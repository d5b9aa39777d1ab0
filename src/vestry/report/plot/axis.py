"""A linear scale with round ticks, and labels moved apart; all places are shares of the figure."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, with round `ticks` between."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Where `value` stands: 0 at `low`, 1 at `high`, kept within the figure."""
        share = (value - self.low) / (self.high - self.low)
        return round(min(1.0, max(0.0, share)), 4)


def round_axis(values: list[float], tick_count: int = 4) -> Axis:
    """An axis whose ends are round numbers just outside `values`."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high - low < 1e-6:
        low, high = low - 0.005, high + 0.005
    step = _round_step((high - low) / tick_count)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 10) for number in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def share_axis(values: list[float], tick_count: int = 4) -> Axis:
    """As `round_axis`, but never outside 0..1."""
    axis = round_axis(values, tick_count)
    low, high = max(0.0, axis.low), min(1.0, axis.high)
    return Axis(low, high, tuple(tick for tick in axis.ticks if low <= tick <= high))


def _round_step(rough: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    factor = next(f for f in (1, 2, 5, 10) if f * power >= rough * (1 - 1e-9))
    return factor * power


def moved_apart(places: list[float], gap: float) -> list[float]:
    """`places` (0..1) moved as little as keeps their order and `gap` between neighbours.

    Where they do not all fit, the gap shrinks to what does.
    """
    if not places:
        return []
    gap = min(gap, 1 / len(places))
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [places[i] for i in order]
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + gap)
    moved[-1] = min(moved[-1], 1.0)
    for i in range(len(moved) - 2, -1, -1):
        moved[i] = min(moved[i], moved[i + 1] - gap)
    result = [0.0] * len(places)
    for i, place in zip(order, moved, strict=True):
        result[i] = round(max(0.0, place), 4)
    return result


# A scale on which equal factors are equally far apart.


_LEAST_GAP = 0.12


@dataclass(frozen=True)
class LogAxis:
    """From `low` to `high`, both above 0, with `ticks` in rising order."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Where `value` stands: 0 at `low`, 1 at `high`, kept within the figure."""
        if self.high <= self.low:
            return 0.5
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(min(1.0, max(0.0, share)), 4)


def log_axis(low: float, high: float) -> LogAxis:
    """Its ends and the powers of ten between, but none so near that numbers would touch."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = [10.0**power for power in range(first, last + 1)]
    return with_ticks(low, high, [low, high, *powers])


def with_ticks(low: float, high: float, wanted: list[float]) -> LogAxis:
    """An axis with those of `wanted` that leave each other room; earlier ones come first."""
    axis = LogAxis(low, high, ())
    kept: list[float] = []
    for tick in wanted:
        apart = all(abs(axis.place(tick) - axis.place(other)) >= _LEAST_GAP for other in kept)
        if low <= tick <= high and apart:
            kept.append(tick)
    return LogAxis(low, high, tuple(sorted(kept)))


def jitter(number: int) -> float:
    """A fixed offset in -0.5..0.5 that differs for neighbouring numbers (golden ratio)."""
    return (number * 0.6180339887) % 1 - 0.5
