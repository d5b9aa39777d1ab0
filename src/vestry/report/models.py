"""The models of a run - members and committees alike - as the page names and orders them."""

from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """One member or committee.

    rank: its place in the page's order, from 1: by the rank that it shares, then by validation.
    series: its place in the study, which gives it the same colour in every figure.
    place: the rank as it is shown, "1=" where others share it; empty in results without such.
    """

    name: str
    entry: dict[str, Any]
    is_committee: bool
    rank: int
    series: int
    place: str = ""

    @property
    def anchor(self) -> str:
        """A name for HTML ids; the user's name could hold anything."""
        return f"m{self.series}"

    def score(self, split: str, score: str) -> float | None:
        value: float | None = self.entry["scores"][split].get(score)
        return value

    def accuracy(self, split: str) -> float:
        return float(self.entry["scores"][split]["accuracy"])

    def interval(self, split: str) -> tuple[float, float]:
        low, high = self.entry["intervals"][split]["accuracy"]
        return float(low), float(high)

    @property
    def reported(self) -> dict[str, float]:
        return self.entry.get("reported") or {}

    @property
    def mistakes(self) -> dict[str, Any]:
        return self.entry.get("mistakes") or {"cells": [], "hardest": []}

    def over_seeds(self, split: str, score: str) -> dict[str, Any] | None:
        """`mean`, `deviation` and `values` of a score, or None where one seed was fitted."""
        spread: dict[str, Any] | None = (
            (self.entry.get("over_seeds") or {}).get(split, {}).get(score)
        )
        return spread


def models_in_study_order(results: Results) -> list[Model]:
    """Members as the study lists them, then committees."""
    rows = ranked_rows(results)
    rank = {row["name"]: place for place, row in enumerate(rows, 1)}
    places = {row["name"]: shown_rank(row, rows) for row in rows}
    entries = [(name, entry, False) for name, entry in results["members"].items()]
    entries += [(name, entry, True) for name, entry in results["committees"].items()]
    return [
        Model(
            name, entry, is_committee, rank.get(name, len(rank) + 1), series, places.get(name, "")
        )
        for series, (name, entry, is_committee) in enumerate(entries)
    ]


def ranked_rows(results: Results) -> list[dict[str, Any]]:
    """The ranking as it is listed: by shared rank, within it by validation."""
    return sorted(results["ranking"], key=lambda row: row.get("rank") or 0)


def shown_rank(row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """ "3", or "3=" where others share it; the place in the list where none is shared."""
    rank = row.get("rank")
    if rank is None:
        return str(rows.index(row) + 1)
    return f"{rank}=" if sum(other.get("rank") == rank for other in rows) > 1 else str(rank)


def models_by_rank(results: Results) -> list[Model]:
    return sorted(models_in_study_order(results), key=lambda model: model.rank)
