"""What the scores become without repeated test images and without doubted labels."""

from dataclasses import dataclass
from typing import Any

from vestry.report.models import Model, Results, models_by_rank
from vestry.report.sentences import leaks as sentences

HEADINGS = {
    "repeated": "Without repeated",
    "doubted": "Without doubted",
    "both": "Without both",
}


@dataclass(frozen=True)
class Score:
    """accuracy and interval are fractions; `moved` says that the rank is another than on all."""

    accuracy: float
    interval: tuple[float, float]
    rank: int
    moved: bool


@dataclass(frozen=True)
class LeakRow:
    """scores: on all test images, then one for each column."""

    model: Model
    scores: list[Score]


@dataclass(frozen=True)
class Leaks:
    """columns: (heading, rows left)."""

    leader: str
    ranks: str
    repeated: str
    remark: str | None
    columns: list[tuple[str, int]]
    rows: list[LeakRow]


def leaks_data(results: Results) -> Leaks | None:
    found = results.get("leaks")
    known = found["all"]["makers"] if found else {}
    models = [m for m in models_by_rank(results) if m.name in known]
    if not found or not models:
        return None
    kinds = told_apart(found["without"])
    return Leaks(
        leader=sentences.leader(found, models[0].name),
        ranks=sentences.ranks(found),
        repeated=sentences.repeated(found),
        remark=sentences.FLATTERING if "doubted" in kinds else None,
        columns=[("All test images", found["rows"])]
        + [(HEADINGS[kind], found["without"][kind]["rows"]) for kind in kinds],
        rows=[leak_row(model, found, kinds) for model in models] if kinds else [],
    )


def told_apart(without: Results) -> list[str]:
    """What was left out and left something; both only where each of the two left out some."""
    kinds = [k for k, entry in without.items() if entry and entry["left_out"] and entry["makers"]]
    return kinds if len(kinds) == len(HEADINGS) else [kind for kind in kinds if kind != "both"]


def leak_row(model: Model, found: Results, kinds: list[str]) -> LeakRow:
    before = found["all"]["makers"][model.name]
    after = [found["without"][kind]["makers"][model.name] for kind in kinds]
    return LeakRow(model, [score(entry, before) for entry in (before, *after)])


def score(entry: dict[str, Any], before: dict[str, Any]) -> Score:
    low, high = entry["interval"]
    moved = entry["rank"] != before["rank"]
    return Score(entry["accuracy"], (low, high), entry["rank"], moved)
