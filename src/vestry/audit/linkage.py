"""Single linkage: images joined by likeness, the most alike first; and the parts that stand apart.

A part is what had been joined when something of it was joined to the first image outside it. It
stands apart by how much more alike its least alike link is than the most alike one to the outside
(its persistence in the dendrogram, as in Campello, Moulavi and Sander, "Density-based clustering
based on hierarchical density estimates", PAKDD 2013).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_UNJOINED = 0.0
"""The likeness at which a part is taken to be joined that no link leads out of."""


@dataclass(frozen=True, eq=False)
class Links:
    """Between rows. first, second: (m,) rows. likeness: (m,), larger where they are more alike."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    likeness: NDArray[np.float64]

    def __add__(self, more: "Links") -> "Links":
        return Links(
            np.concatenate([self.first, more.first]),
            np.concatenate([self.second, more.second]),
            np.concatenate([self.likeness, more.likeness]),
        )


@dataclass(frozen=True, eq=False)
class _Tree:
    """Parts by number: rows first, each a part of its own, then one for each join.

    parts: (joins, 2) what was joined. size, formed, joined: of every part, how many rows; the
    likeness at which it was made, and at which it was joined to more.
    """

    rows: int
    parts: NDArray[np.int64]
    size: NDArray[np.int64]
    formed: NDArray[np.float64]
    joined: NDArray[np.float64]

    def members(self, part: int) -> NDArray[np.int64]:
        found, open_ones = [], [part]
        while open_ones:
            one = open_ones.pop()
            if one < self.rows:
                found.append(one)
            else:
                open_ones += self.parts[one - self.rows].tolist()
        return np.sort(np.array(found, np.int64))


def parts_apart(
    rows: int, links: Links, margin: float, least: int, most: int
) -> list[NDArray[np.int64]]:
    """The rows of each part of `least` to `most` rows that stands apart by `margin` or more.

    No two of them share a row: of a part and the parts that it is made of, those count whose rows
    times what they stand apart by are more.
    """
    tree = _joined(rows, links)
    apart = tree.formed - tree.joined
    able = (tree.size >= least) & (tree.size <= most) & (apart >= margin)
    own = np.where(able, tree.size * apart, 0.0)
    best = own.copy()
    for join, (one, other) in enumerate(tree.parts.tolist()):
        best[rows + join] = max(own[rows + join], best[one] + best[other])
    inner = np.isin(np.arange(len(own)), tree.parts)
    found, open_ones = [], np.flatnonzero(~inner & (best > 0)).tolist()
    while open_ones:
        part = open_ones.pop()
        if own[part] and own[part] >= best[part]:
            found.append(tree.members(part))
        elif best[part]:
            open_ones += tree.parts[part - rows].tolist()
    return found


def _joined(rows: int, links: Links) -> _Tree:
    first, second, likeness = _spanning(rows, links)
    above = list(range(rows + len(first)))

    def outermost(part: int) -> int:
        while above[part] != part:
            above[part] = above[above[part]]
            part = above[part]
        return part

    parts = np.empty((len(first), 2), np.int64)
    size, formed = np.ones(len(above), np.int64), np.full(len(above), np.inf)
    joined = np.full(len(above), _UNJOINED)
    ends = zip(first.tolist(), second.tolist(), likeness.tolist(), strict=True)
    for number, (one, other, alike) in enumerate(ends, start=rows):
        both = [outermost(one), outermost(other)]
        parts[number - rows] = both
        above[both[0]] = above[both[1]] = number
        size[number], formed[number], joined[both] = size[both].sum(), alike, alike
    return _Tree(rows, parts, size, formed, joined)


def _spanning(
    rows: int, links: Links
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The links of a spanning forest of most likeness, the most alike first."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - heavy
    from scipy.sparse.csgraph import minimum_spanning_tree  # noqa: PLC0415

    low = np.minimum(links.first, links.second)
    high = np.maximum(links.first, links.second)
    _, once = np.unique(low * rows + high, return_index=True)
    costs = 1 + links.likeness.max(initial=0.0) - links.likeness[once]
    graph = coo_array((costs, (low[once], high[once])), shape=(rows, rows))
    forest = minimum_spanning_tree(graph.tocsr()).tocoo()
    order = np.argsort(forest.data, kind="stable")
    likeness = 1 + links.likeness.max(initial=0.0) - forest.data[order]
    return (
        forest.row[order].astype(np.int64),
        forest.col[order].astype(np.int64),
        np.asarray(likeness),
    )
