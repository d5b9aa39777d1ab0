"""Images that the audit found, side by side with what they repeat, and their ids to take home."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vestry.report.section import Section
from vestry.report.sections.finding_images import Found, finding
from vestry.report.sections.findings import nothing, title
from vestry.report.table import Column, Table, Value, text_column
from vestry.schema.exploration import Exploration, ExplorationResults, Finding, FoundImage
from vestry.schema.results import Results

_REPEATS = ("duplicates_across", "near_duplicates", "bursts", "label_conflict", "duplicates_within")
_ELSEWHERE = ("damaged", "small_classes", "absent_classes", "unbalanced", "constant_pixels")
"""Findings without pictures, which other sections show."""


@dataclass(frozen=True)
class FoundImages:
    """found: each with its pictures. not_found: what was looked for in vain, and how."""

    found: list[Found]
    not_found: list[tuple[str, str]]
    notes: list[str]
    tables: list[Table]


def repeated_images(results: Results | ExplorationResults) -> FoundImages | None:
    look = results.exploration
    if not look:
        return None
    own = [entry for entry in look.findings if entry.kind in _REPEATS]
    classes = look.facts.classes
    tables = [_pairs(own, classes), _all_ids(own)]
    return _found(look, own, look.notes, tables)


def unusual_images(results: Results | ExplorationResults) -> FoundImages | None:
    look = results.exploration
    if not look:
        return None
    own = [entry for entry in look.findings if entry.kind not in (*_REPEATS, *_ELSEWHERE)]
    return _found(look, own, [], [_unusual(own, look.facts.classes)])


def _found(
    look: Exploration, own: Sequence[Finding], notes: list[str], tables: list[Table]
) -> FoundImages:
    classes = look.facts.classes
    return FoundImages(
        found=[finding(entry, classes) for entry in own if entry.count],
        not_found=[(title(entry), nothing(entry, classes)) for entry in own if not entry.count],
        notes=notes,
        tables=[table for table in tables if table.rows],
    )


def _pairs(own: Sequence[Finding], classes: list[str]) -> Table:
    """Each image of a group beside the group's first; of duplicates across, the one that is kept
    apart comes first."""
    rows = [
        (entry.kind, *_image(one, classes), *_image(other, classes), group.value)
        for entry in own
        for group in entry.groups
        for one, other in ((group.images[0], other) for other in group.images[1:])
    ]
    caption = "Images that repeat each other" + _capped(own)
    columns = (
        text_column("finding", "Finding"),
        *(
            text_column(f"{name}_{place}", f"{words}{which}")
            for place, which in ((1, ""), (2, " of the other"))
            for name, words in (("id", "Id"), ("split", "Split"), ("label", "Label"))
        ),
        Column("distance", "Distance"),
    )
    return Table("duplicates", caption, columns, tuple(rows))


def _image(image: FoundImage, classes: list[str]) -> tuple[Value, ...]:
    return image.id, image.split, classes[image.label]


def _capped(own: Sequence[Finding]) -> str:
    """Where a finding keeps fewer groups than it has."""
    cut = [entry for entry in own if len(entry.groups) < entry.groups_found]
    return ", the first groups of each finding that were stored" if cut else ""


def _all_ids(own: Sequence[Finding]) -> Table:
    rows = [
        (image, entry.splits[-1], entry.splits[0], entry.kind)
        for entry in own
        for image in entry.ids or ()
    ]
    columns = (
        text_column("id", "Id"),
        text_column("split", "Split"),
        text_column("repeats", "Repeats an image of"),
        text_column("finding", "Finding"),
    )
    return Table(
        "leaked", "Images that repeat one of another split, all of them", columns, tuple(rows)
    )


def _unusual(own: Sequence[Finding], classes: list[str]) -> Table:
    rows = [
        (*_image(image, classes), entry.kind, group.value)
        for entry in own
        for group in entry.groups
        for image in group.images
    ]
    columns = (
        text_column("id", "Id"),
        text_column("split", "Split"),
        text_column("label", "Label"),
        text_column("finding", "Finding"),
        Column("value", "Value"),
    )
    return Table("unusual", f"Unusual images{_capped(own)}", columns, tuple(rows))


def found_images(page: FoundImages | None) -> Iterator[str]:
    """Ids of all pictures."""
    for entry in page.found if page else ():
        for group in entry.groups:
            yield from (shown.image for shown in group.images)


def _tables(page: FoundImages) -> list[Table]:
    return page.tables


DUPLICATES_SECTION = Section(
    key="duplicates",
    data=repeated_images,
    is_shown=lambda page: page is not None,
    template="duplicates.html.j2",
    title="Duplicates and leaks",
    anchor="duplicates",
    chapter="data",
    tables=_tables,
    images=found_images,
    dispensable=8,
)
UNUSUAL_SECTION = Section(
    key="unusual",
    data=unusual_images,
    is_shown=lambda page: page is not None,
    template="unusual.html.j2",
    title="Unusual images",
    anchor="unusual",
    chapter="data",
    tables=_tables,
    images=found_images,
    dispensable=8,
)
