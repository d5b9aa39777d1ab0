"""Images whose label the members doubt, as the page shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vestry.report.leaks import Leaks, leaks_data
from vestry.report.models import Results
from vestry.report.numbers import per_cent
from vestry.report.sentences import doubts as sentences

FIRST = 12


@dataclass(frozen=True)
class Vote:
    name: str
    said: str
    confidence: str
    as_given: bool


@dataclass(frozen=True)
class Doubted:
    """One image: the label that it has, what the panel says, and every member's vote."""

    image: str
    given: str
    given_probability: str
    panel: str
    panel_probability: str
    agreeing: str
    votes: list[Vote]


@dataclass(frozen=True)
class SplitDoubts:
    """first: shown at once; more: one click deeper."""

    split: str
    heading: str
    source: str
    remark: str
    first: list[Doubted]
    more: list[Doubted]
    left_out: int


@dataclass(frozen=True)
class Doubts:
    """splits: those with doubted labels, the one to learn from first."""

    summary: str
    splits: list[SplitDoubts]
    leaks: Leaks | None


def doubts_data(results: Results) -> Doubts | None:
    """None for a run that did not look for doubted labels."""
    found = results.get("doubts")
    if not found or not any(found.values()):
        return None
    classes = results["data"]["classes"]
    return Doubts(
        summary=sentences.summary(found),
        splits=[
            split_doubts(split, entry, classes)
            for split, entry in found.items()
            if entry and entry["count"]
        ],
        leaks=leaks_data(results),
    )


def split_doubts(split: str, entry: Results, classes: list[str]) -> SplitDoubts:
    images = [doubted(image, classes) for image in entry["images"]]
    return SplitDoubts(
        split=split,
        heading=sentences.heading(split),
        source=sentences.source(entry),
        remark=sentences.worst_first(len(images[:FIRST]), entry),
        first=images[:FIRST],
        more=images[FIRST:],
        left_out=entry["count"] - len(images),
    )


def doubted(image: dict[str, Any], classes: list[str]) -> Doubted:
    votes = image["votes"]
    agreeing = sum(vote["label"] == image["panel"] for vote in votes.values())
    return Doubted(
        image=image["id"],
        given=classes[image["given"]],
        given_probability=per_cent(image["quality"], 2),
        panel=classes[image["panel"]],
        panel_probability=per_cent(image["panel_probability"]),
        agreeing=sentences.hint(agreeing, len(votes)),
        votes=[
            Vote(
                name,
                classes[vote["label"]],
                per_cent(vote["confidence"]),
                vote["label"] == image["given"],
            )
            for name, vote in votes.items()
        ],
    )


def doubted_images(page: Doubts | None) -> Iterator[str]:
    """Ids of all pictures of the section, those shown at once first."""
    if page is None:
        return
    for shown in page.splits:
        yield from (entry.image for entry in shown.first)
    for shown in page.splits:
        yield from (entry.image for entry in shown.more)
