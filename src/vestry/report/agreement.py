"""The section on agreement by image: who misses what, and the images that all miss."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vestry.report.figures.patterns import Patterns, pattern_columns
from vestry.report.models import Results
from vestry.report.sentences import agreement as sentences


@dataclass(frozen=True)
class MissedImage:
    """said: what the members say, in words. committees: those right in spite of them, in words."""

    image: str
    truth: str
    said: str
    committees: str | None
    is_doubted: bool


@dataclass(frozen=True)
class Lone:
    """Images that one member alone gets right, each with its class and what the others say."""

    name: str
    sentence: str
    images: list[MissedImage]


@dataclass(frozen=True)
class Agreement:
    """rows: every pattern that the results hold: who is wrong, how many images."""

    sentences: list[str]
    patterns: Patterns
    shown: str
    drawn: str
    rows: list[tuple[str, int]]
    rows_remark: str | None
    missed: list[MissedImage]
    missed_remarks: list[str]
    lone: list[Lone]


def agreement_data(results: Results) -> Agreement | None:
    """None for a single member, and for the results of an older version."""
    found = results.get("agreement")
    if not found:
        return None
    patterns = pattern_columns(found)
    missed = found["all_wrong"]
    doubts = doubted_ids(results)
    shown = [image(row, found, results, doubts) for row in missed["images"]]
    remarks = [
        sentences.surest(missed["count"], len(shown)),
        sentences.doubted(sum(each.is_doubted for each in shown), len(shown)),
    ]
    rows = [
        (", ".join(found["members"][place] for place in row["wrong"]), row["count"])
        for row in found["patterns"]
    ]
    return Agreement(
        sentences=sentences.summary(found),
        patterns=patterns,
        shown=sentences.shown(found, patterns),
        drawn=sentences.drawn(patterns),
        rows=rows,
        rows_remark=sentences.kept(found, len(rows)),
        missed=shown,
        missed_remarks=[text for text in remarks if text],
        lone=[lone(row, found, results, doubts) for row in found["one_right"]["members"]],
    )


def doubted_ids(results: Results) -> set[str]:
    """Ids of test images that are shown as doubted labels."""
    found = (results.get("doubts") or {}).get("test") or {}
    return {row["id"] for row in found.get("images", [])}


def image(
    row: dict[str, Any], found: dict[str, Any], results: Results, doubts: set[str]
) -> MissedImage:
    names, classes = found["members"], results["data"]["classes"]
    return MissedImage(
        image=row["id"],
        truth=classes[row["truth"]],
        said=sentences.said(row["said"], names, classes),
        committees=sentences.right_committees(row["said"], names, row["truth"]),
        is_doubted=row["id"] in doubts,
    )


def lone(row: dict[str, Any], found: dict[str, Any], results: Results, doubts: set[str]) -> Lone:
    shown = [image(each, found, results, doubts) for each in row["images"]]
    return Lone(row["name"], sentences.one_alone(row["name"], row["count"], len(shown)), shown)


def agreement_images(shown: Agreement | None) -> Iterator[str]:
    """Ids of the pictures, those that all miss first."""
    if shown is None:
        return
    yield from (row.image for row in shown.missed)
    for group in shown.lone:
        yield from (row.image for row in group.images)
