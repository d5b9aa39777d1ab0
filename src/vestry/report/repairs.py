"""What each committee repairs and spoils: data of its figure and tables."""

from dataclasses import dataclass
from typing import Any

from vestry.report.figures.diverging import ROWS_SHOWN, Diverging, diverging
from vestry.report.models import Model
from vestry.report.sentences import repairs as sentences


@dataclass(frozen=True)
class Against:
    """The committee beside one of its members, on the same test images."""

    name: str
    is_best: bool
    difference: dict[str, Any]


@dataclass(frozen=True)
class CommitteeRepairs:
    """bars: spoiled (lost) and repaired (won) per class. classes: every class with its counts."""

    model: Model
    best: str
    sentences: list[str]
    reasons: list[str]
    bars: list[Diverging]
    left_out: int
    classes: list[tuple[str, dict[str, Any]]]
    against: list[Against]


def committee_repairs(model: Model, names: list[str]) -> CommitteeRepairs:
    found = model.entry["repairs"]
    is_judged = bool(model.entry.get("worth"))
    first = sentences.counts(found) if is_judged else sentences.result(model.name, found)
    said = [first, sentences.by_class(found, names)]
    rows = found["per_class"]
    changed = sum(bool(row["repaired"] + row["spoiled"]) for row in rows)
    return CommitteeRepairs(
        model=model,
        best=found["best_member"],
        sentences=[text for text in said if text],
        reasons=sentences.reasons(found, names),
        bars=diverging([(names[r["class"]], r["spoiled"], r["repaired"]) for r in rows]),
        left_out=max(0, changed - ROWS_SHOWN),
        classes=[(names[row["class"]], row) for row in rows],
        against=[
            Against(name, name == found["best_member"], difference)
            for name, difference in found["differences"].items()
        ],
    )
