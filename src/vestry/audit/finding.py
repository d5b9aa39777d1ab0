"""One thing that the audit looked for: how often it was found, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vestry.data.image_set import ImageSet
from vestry.schema import exploration as schema

Severity = Literal["high", "medium", "low", "info"]
MOST_SHOWN = 24


@dataclass(frozen=True)
class Place:
    """One image: its split, and its row there."""

    split: str
    row: int


@dataclass(frozen=True)
class Group:
    """Images that belong together, such as a pair; value: a distance or count, by the kind."""

    places: tuple[Place, ...]
    value: float | None = None


@dataclass(frozen=True)
class Finding:
    """What was looked for, and all that was found of it, the most telling first.

    splits: where it was looked for. count: how many of the `of` there are; 0 says that it was
    looked for and not found. facts: other numbers, such as the threshold. repeated: a split whose
    images stand in another one too, so that all their ids are told.
    """

    kind: str
    splits: tuple[str, ...]
    severity: Severity
    count: int
    of: int
    groups: list[Group] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    repeated: str | None = None

    def as_record(self, sets: Mapping[str, ImageSet]) -> schema.Finding:
        """With at most MOST_SHOWN groups of as many images; `ids` of all images of the split
        `repeated`, None where there is no such split."""
        return schema.Finding(
            kind=self.kind,
            splits=list(self.splits),
            severity=self.severity if self.count else "info",
            count=self.count,
            of=self.of,
            facts=self.facts,
            groups_found=len(self.groups),
            groups=[
                schema.FoundGroup(
                    images=[_picture(sets[p.split], p) for p in group.places[:MOST_SHOWN]],
                    found=len(group.places),
                    value=group.value,
                )
                for group in self.groups[:MOST_SHOWN]
            ],
            ids=self._repeated_ids(sets),
        )

    def _repeated_ids(self, sets: Mapping[str, ImageSet]) -> list[str] | None:
        if self.repeated is None:
            return None
        rows = {p.row for group in self.groups for p in group.places if p.split == self.repeated}
        return [str(sets[self.repeated].ids[row]) for row in sorted(rows)]


def _picture(rows: ImageSet, place: Place) -> schema.FoundImage:
    return schema.FoundImage(
        id=str(rows.ids[place.row]), split=place.split, label=int(rows.labels[place.row])
    )


def by_share(count: int, of: int, often: Severity, seldom: Severity, limit: float) -> Severity:
    """`often` where more than the share `limit` is affected."""
    return often if of and count / of > limit else seldom
