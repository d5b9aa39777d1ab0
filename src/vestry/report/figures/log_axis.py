"""A scale on which equal factors are equally far apart."""

import math
from dataclasses import dataclass

LEAST_GAP = 0.12


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
        apart = all(abs(axis.place(tick) - axis.place(other)) >= LEAST_GAP for other in kept)
        if low <= tick <= high and apart:
            kept.append(tick)
    return LogAxis(low, high, tuple(sorted(kept)))
