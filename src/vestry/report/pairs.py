"""The with-and-without section's data."""

from dataclasses import dataclass
from typing import Any

from vestry.report.models import Results
from vestry.report.sentences import pairs as sentences


@dataclass(frozen=True)
class Pair:
    """sides: without and with it, in that order; empty where one of them came to nothing."""

    what: str
    sentence: str
    sides: list[tuple[str, dict[str, Any]]]
    difference: dict[str, Any] | None


@dataclass(frozen=True)
class Pairs:
    summary: str | None
    rows: list[Pair]


def pairs_data(results: Results) -> Pairs:
    pairs = results.get("pairs") or []
    return Pairs(sentences.summary(pairs), [pair(entry) for entry in pairs])


def pair(entry: dict[str, Any]) -> Pair:
    sides = [] if entry["missing"] else [(key, entry[key]) for key in ("without", "with")]
    return Pair(entry["what"], sentences.sentence(entry), sides, entry["difference"])
