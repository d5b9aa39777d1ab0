"""The images of a finding, side by side, with what stands under them."""

from dataclasses import dataclass

from vestry.report.formatting import whole
from vestry.report.sections.findings import SEVERITY_WORDS, sentence, title
from vestry.schema.exploration import Finding, FoundGroup


def _value_words(finding: Finding, value: float | None) -> str | None:
    """What the number beside a group of images is."""
    if value is None:
        return None
    return {
        "near_duplicates": f"distance {value:.3f}",
        "far_from_class": f"z {value:.1f}",
        "missing": f"{whole(value)} missing",
        "blank": f"value {whole(value)}",
    }.get(finding.kind)


def shown(finding: Finding) -> str | None:
    """How many of the groups are pictured, where not all are."""
    groups, found = len(finding.groups), finding.groups_found
    return f"The first {groups} of {whole(found)} are shown." if groups < found else None


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


def finding(entry: Finding, classes: list[str]) -> Found:
    return Found(
        severity=entry.severity,
        word=SEVERITY_WORDS[entry.severity],
        count=entry.count,
        title=title(entry),
        sentence=sentence(entry, classes),
        groups=[_together(entry, group, classes) for group in entry.groups],
        shown=shown(entry),
    )


def _together(entry: Finding, group: FoundGroup, classes: list[str]) -> Together:
    images = [Shown(image.id, classes[image.label], image.split) for image in group.images]
    return Together(
        images=images,
        value=_value_words(entry, group.value),
        more=group.found - len(images),
        conflict=len({image.words for image in images}) > 1,
    )
