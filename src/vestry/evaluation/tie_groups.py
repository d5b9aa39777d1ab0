"""Shared ranks for makers that the test images cannot tell apart."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

Results = dict[str, Any]


def tie_groups(names: Sequence[str], pairs: Sequence[Results]) -> list[Results]:
    """Groups of makers, best first; each shares the rank of its leader.

    names: the ranking by validation, best first. pairs: `one`, `other`, `difference` and
    `told_apart` of all of them. The first without a rank leads a group; whoever comes after it and
    cannot be told apart from it shares its rank, and the next without one leads the next group. So
    the order stays that of validation, and test images only say where it is not sure.
    `inside_differs` lists pairs of a group that are told apart from each other though not from its
    leader; `better_on_test` makers without a rank so far that are told apart from the leader and
    right more often on test images.
    """
    known = {frozenset((pair["one"], pair["other"])): pair for pair in pairs}
    left, groups = list(names), []
    while left:
        leader, *others = left
        pair_of = {name: known[frozenset((leader, name))] for name in others}
        makers = [leader, *(name for name in others if not pair_of[name]["told_apart"])]
        groups.append(
            {
                "rank": len(names) - len(left) + 1,
                "leader": leader,
                "makers": makers,
                "inside_differs": [
                    list(two)
                    for two in combinations(makers[1:], 2)
                    if known[frozenset(two)]["told_apart"]
                ],
                "better_on_test": [
                    name
                    for name, pair in pair_of.items()
                    if pair["told_apart"] and gain(pair, name) > 0
                ],
            }
        )
        left = [name for name in others if name not in makers]
    return groups


def gain(pair: Results, name: str) -> float:
    """The difference of a pair, seen from one of the two."""
    return float(pair["difference"] if pair["one"] == name else -pair["difference"])


def with_ranks(ranking: Sequence[Results], groups: Sequence[Results]) -> list[Results]:
    """The ranking's rows, each with the `rank` that it shares."""
    rank = {name: group["rank"] for group in groups for name in group["makers"]}
    return [row | {"rank": rank[row["name"]]} for row in ranking]
