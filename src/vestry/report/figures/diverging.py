"""Diverging bars: what was lost to the left of a middle line, what was won to its right."""

from dataclasses import dataclass

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
