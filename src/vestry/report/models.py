"""The models of a run - members and committees alike - as the page names and orders them."""

from dataclasses import dataclass
from typing import Any

Results = Any
"""Typed records (`vestry.schema`) that most sections still read as dicts, by key."""


@dataclass(frozen=True)
class Model:
    """One member or committee.

    rank: its place in the page's order, from 1, which is that of validation.
    series: its place in the study, which gives it the same colour in every figure.
    place: the rank as it is shown, "1=" where others have the same validation figures.
    on_test: what the test images say of it beside the first; None for the first, and in the
    results of an older version.
    """

    name: str
    entry: dict[str, Any]
    is_committee: bool
    rank: int
    series: int
    place: str = ""
    on_test: dict[str, Any] | None = None

    @property
    def mark(self) -> str | None:
        """ "ahead", "behind", "level" or "unknown"; None where `on_test` is."""
        return str(self.on_test["mark"]) if self.on_test else None

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
    rows = {row["name"]: row for row in results["ranking"]}
    rank = {name: place for place, name in enumerate(rows, 1)}
    entries = [(name, entry, False) for name, entry in results["members"].items()]
    entries += [(name, entry, True) for name, entry in results["committees"].items()]
    return [
        Model(
            name,
            entry,
            is_committee,
            rank.get(name, len(rank) + 1),
            series,
            shown_rank(rows[name], results["ranking"]) if name in rows else "",
            rows.get(name, {}).get("on_test"),
        )
        for series, (name, entry, is_committee) in enumerate(entries)
    ]


def shown_rank(row: Any, rows: list[Any]) -> str:
    """ "3", or "3=" where others have the same validation figures.

    Results of an older version shared ranks by test images: of these it is the place in the list.
    """
    if "on_test" not in row:
        return str(rows.index(row) + 1)
    rank = row["rank"]
    return f"{rank}=" if sum(other["rank"] == rank for other in rows) > 1 else str(rank)


def models_by_rank(results: Results) -> list[Model]:
    return sorted(models_in_study_order(results), key=lambda model: model.rank)
