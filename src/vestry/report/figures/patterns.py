"""Which members are wrong together: patterns as columns, members as rows, counts as bars.

The layout is that of UpSet (Lex, Gehlenborg, Strobelt, Vuillemot and Pfister 2014).
"""

from dataclasses import dataclass
from typing import Any

COLUMNS_SHOWN = 16


@dataclass(frozen=True)
class PatternColumn:
    """height: of the bar, as a share of the longest. kind: "all", "one" (wrong) or "some".

    dots: one a member, in study order: whether it is wrong. first, last: the places of the first
    and the last that is, between which a line is drawn.
    """

    count: int
    height: float
    kind: str
    dots: list[bool]
    first: int
    last: int
    wrong: list[str]


@dataclass(frozen=True)
class Patterns:
    """rows: (member, how many images it gets wrong). held: images of the columns that are shown."""

    rows: list[tuple[str, int]]
    columns: list[PatternColumn]
    held: int


def pattern_columns(found: dict[str, Any]) -> Patterns:
    """found: `agreement` of the results. The most frequent patterns, and "all wrong" among them
    wherever there is such an image."""
    names = found["members"]
    shown = found["patterns"][:COLUMNS_SHOWN]
    every = list(range(len(names)))
    everyone = [row for row in found["patterns"] if row["wrong"] == every]
    if everyone and everyone[0] not in shown:
        shown = [*shown[: COLUMNS_SHOWN - 1], everyone[0]]
    longest = max((row["count"] for row in shown), default=1)
    return Patterns(
        rows=list(zip(names, found["wrong"], strict=True)),
        columns=[column(row, names, longest) for row in shown],
        held=sum(row["count"] for row in shown),
    )


def column(row: dict[str, Any], names: list[str], longest: int) -> PatternColumn:
    wrong = row["wrong"]
    kind = "all" if len(wrong) == len(names) else "one" if len(wrong) == 1 else "some"
    return PatternColumn(
        count=row["count"],
        height=round(row["count"] / longest, 4),
        kind=kind,
        dots=[place in wrong for place in range(len(names))],
        first=wrong[0],
        last=wrong[-1],
        wrong=[names[place] for place in wrong],
    )
