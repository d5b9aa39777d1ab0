"""Where makers stand: ranks by validation alone, and what test images say beside the first."""

from collections.abc import Sequence
from math import isclose
from typing import Any, Literal

from vestry.evaluation.noninferiority import within_margin
from vestry.evaluation.power import LEVEL

Results = dict[str, Any]
Mark = Literal["ahead", "behind", "level", "unknown"]
SAME = 1e-6
"""Figures nearer to each other than this are the same; what differs is rounding."""


def ranks(figures: Sequence[Sequence[float]]) -> list[int]:
    """figures: what orders the makers, best first. Makers of the same figures share a rank, and
    the next one's counts all before it (1, 1, 3)."""
    found: list[int] = []
    for place, own in enumerate(figures):
        same = place > 0 and all(
            isclose(a, b, rel_tol=0, abs_tol=SAME)
            for a, b in zip(own, figures[place - 1], strict=True)
        )
        found.append(found[-1] if same else place + 1)
    return found


def beside_first(
    first: str, pairs: Sequence[Results], rows: int, margin: float
) -> dict[str, Results]:
    """What `rows` test images say of each other maker beside the first of the ranking, by name.

    pairs: `one`, `other`, `only_one`, `only_other`, `interval` (of the one less the other) and
    `p_holm` of all of them. `mark` is "ahead" or "behind" where the test tells the two apart among
    all pairs, "level" where both are shown to be within `margin` of each other, else "unknown":
    that says nothing of the two but that these images are too few for it.
    """
    found = {}
    for pair in pairs:
        if first in (pair["one"], pair["other"]):
            turned = pair["one"] == first
            name = pair["other" if turned else "one"]
            found[name] = _beside(pair, turned, rows, margin)
    return found


def _beside(pair: Results, turned: bool, rows: int, margin: float) -> Results:
    """turned: whether the first is the pair's `one`, and the interval is that of the first's."""
    ours, firsts = pair["only_one"], pair["only_other"]
    low, high = pair["interval"]
    if turned:
        ours, firsts, low, high = firsts, ours, -high, -low
    return {
        "mark": _mark(ours, firsts, rows, margin, pair["p_holm"]),
        "difference": (ours - firsts) / rows,
        "interval": [low, high],
        "p_holm": pair["p_holm"],
    }


def _mark(only_this: int, only_first: int, rows: int, margin: float, p: float) -> Mark:
    if p < LEVEL:
        return "ahead" if only_this > only_first else "behind"
    both_ways = ((only_this, only_first), (only_first, only_this))
    level = all(within_margin(*pair, rows, margin) < LEVEL for pair in both_ways)
    return "level" if level else "unknown"
