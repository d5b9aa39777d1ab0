"""The audit's findings as the page shows them: sentences, and images side by side."""

from dataclasses import dataclass
from typing import Any

from vestry.report.sentences import findings


@dataclass(frozen=True)
class Shown:
    """One image of a finding, with the words under it."""

    image: str
    words: str
    split: str


@dataclass(frozen=True)
class Together:
    """Images shown side by side. value: a distance or the like. more: how many are left out."""

    images: list[Shown]
    value: str | None
    more: int
    conflict: bool


@dataclass(frozen=True)
class Found:
    severity: str
    word: str
    count: int
    title: str
    sentence: str
    groups: list[Together]
    shown: str | None


def finding(entry: dict[str, Any], classes: list[str]) -> Found:
    return Found(
        severity=entry["severity"],
        word=findings.SEVERITY_WORDS[entry["severity"]],
        count=entry["count"],
        title=findings.title(entry),
        sentence=findings.sentence(entry, classes),
        groups=[together(entry, group, classes) for group in entry["groups"]],
        shown=findings.shown(entry),
    )


def together(entry: dict[str, Any], group: dict[str, Any], classes: list[str]) -> Together:
    images = [
        Shown(image["id"], classes[image["label"]], image["split"]) for image in group["images"]
    ]
    return Together(
        images=images,
        value=findings.value_words(entry, group["value"]),
        more=group["found"] - len(images),
        conflict=len({image.words for image in images}) > 1,
    )
