"""The models of a run - members and committees alike - as the page names and orders them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vestry.schema import results as schema
from vestry.schema.base import Interval, Spread
from vestry.schema.models import Committee, Member
from vestry.schema.run_comparison import RankedOfRuns
from vestry.schema.scores import Mistakes
from vestry.schema.significance import BesideFirst, Ranked

Results = Any
"""Typed records that some sections still read as dicts, by key; goes with the last of them."""


@dataclass(frozen=True)
class Model:
    """One member or committee.

    rank: its place in the page's order, from 1, which is that of validation.
    series: its place in the study, which gives it the same colour in every figure.
    place: the rank as it is shown, "1=" where others have the same validation figures.
    on_test: what the test images say of it beside the first; None for the first.
    """

    name: str
    entry: Member | Committee
    is_committee: bool
    rank: int
    series: int
    place: str = ""
    on_test: BesideFirst | None = None

    @property
    def mark(self) -> str | None:
        """ "ahead", "behind", "level" or "unknown"; None where `on_test` is."""
        return self.on_test.mark if self.on_test else None

    @property
    def anchor(self) -> str:
        """A name for HTML ids; the user's name could hold anything."""
        return f"m{self.series}"

    def score(self, split: str, score: str) -> float:
        return self.entry.scores.on(split).number(score)

    def accuracy(self, split: str) -> float:
        return self.entry.scores.on(split).accuracy

    def interval(self, split: str) -> Interval:
        return self.entry.accuracy_interval(split)

    @property
    def reported(self) -> dict[str, float]:
        return self.entry.reported

    @property
    def mistakes(self) -> Mistakes:
        return self.entry.mistakes

    def over_seeds(self, split: str, score: str) -> Spread | None:
        """Of a score; None where one seed was fitted."""
        return self.entry.spread(split, score)


def models_in_study_order(results: schema.Results) -> list[Model]:
    """Members as the study lists them, then committees."""
    rows = results.ranking
    places = {row.name: place for place, row in enumerate(rows)}
    entries: dict[str, Member | Committee] = {**results.members, **results.committees}
    return [
        Model(
            name,
            entry,
            isinstance(entry, Committee),
            places[name] + 1,
            series,
            shown_rank(rows[places[name]], rows),
            rows[places[name]].on_test,
        )
        for series, (name, entry) in enumerate(entries.items())
    ]


def shown_rank(row: Ranked | RankedOfRuns, rows: Sequence[Ranked | RankedOfRuns]) -> str:
    """ "3", or "3=" where others have the same validation figures."""
    return f"{row.rank}=" if sum(other.rank == row.rank for other in rows) > 1 else str(row.rank)


def models_by_rank(results: schema.Results) -> list[Model]:
    return sorted(models_in_study_order(results), key=lambda model: model.rank)
