"""The models of a run - members and committees alike - as the page names and orders them."""

from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """One member or committee.

    rank: 1 for the best by validation.
    series: its place in the study, which gives it the same colour in every figure.
    """

    name: str
    entry: dict[str, Any]
    is_committee: bool
    rank: int
    series: int

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
    rank = {row["name"]: place for place, row in enumerate(results["ranking"], 1)}
    entries = [(name, entry, False) for name, entry in results["members"].items()]
    entries += [(name, entry, True) for name, entry in results["committees"].items()]
    return [
        Model(name, entry, is_committee, rank.get(name, len(rank) + 1), series)
        for series, (name, entry, is_committee) in enumerate(entries)
    ]


def models_by_rank(results: Results) -> list[Model]:
    return sorted(models_in_study_order(results), key=lambda model: model.rank)
