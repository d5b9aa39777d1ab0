"""The audit: everything that is looked for in images and labels before any model."""

from collections.abc import Callable, Mapping

from vestry.audit.among_many import CANDIDATES, PAIRS, are_many, can_search
from vestry.audit.bursts import bursts, drawn_note
from vestry.audit.duplicates import duplicate_findings, identical_groups
from vestry.audit.finding import Finding
from vestry.audit.near_duplicates import (
    are_moved,
    near_duplicates,
    near_duplicates_among_many,
)
from vestry.audit.oddities import (
    absent_classes,
    blank_images,
    constant_pixels,
    damaged_files,
    missing_values,
    outliers,
    small_classes,
    unbalanced,
)
from vestry.audit.outlines import has_outlines
from vestry.audit.pictures import MOST_ROWS, small_size
from vestry.audit.unit_vectors import Directions
from vestry.data.damage import Files
from vestry.data.image_set import ImageSet
from vestry.system.parts import install_line

_DRAWN_OF_MANY = 30_000
"""Of each split, where near-duplicates are looked for without them."""
_SEVERITIES = ("high", "medium", "low", "info")


def audit(
    sets: Mapping[str, ImageSet],
    seed: int,
    stage: Callable[[str], None],
    files: Files | None = None,
) -> tuple[list[Finding], list[str]]:
    """Findings, worst first and those that were not found last, and notes on how it was done.

    sets: by split; the first is the one that models learn from. files: what they were read from,
    where that is known.
    """
    first = next(iter(sets))
    stage("looking for duplicates")
    findings = duplicate_findings(sets, identical_groups(sets))
    many = are_many(sets) and can_search()
    most = _DRAWN_OF_MANY if many else MOST_ROWS
    directions = {split: Directions.of_images(rows, seed, most) for split, rows in sets.items()}
    for split in list(sets)[1:]:
        stage(f"looking for near-duplicates between {first} and {split}")
        findings.append(
            near_duplicates_among_many(sets, first, split)
            if many
            else near_duplicates(sets, directions, first, split)
        )
    stage("looking for frames of one object")
    findings.append(bursts(sets, directions, seed))
    stage("looking for images far from their class")
    findings.append(outliers(directions, first, len(sets[first].classes)))
    findings += _oddities(sets, first)
    if files is not None:
        findings.append(damaged_files(files, tuple(sets)))
    findings.sort(key=_order)
    notes = _audit_notes(sets, first, directions, many)
    return findings, [*notes, *drawn_note(directions, seed)]


def _order(found: Finding) -> tuple[bool, int]:
    return not found.count, _SEVERITIES.index(found.severity) if found.count else 0


def _oddities(sets: Mapping[str, ImageSet], first: str) -> list[Finding]:
    return [
        blank_images(sets),
        *(missing_values(split, rows) for split, rows in sets.items()),
        small_classes(first, sets[first]),
        *(absent_classes(split, rows) for split, rows in sets.items()),
        unbalanced(first, sets[first]),
        constant_pixels(first, sets[first]),
    ]


def _audit_notes(
    sets: Mapping[str, ImageSet], first: str, directions: Mapping[str, Directions], many: bool
) -> list[str]:
    """What was compared in a smaller form, in part or not at all. many: near-duplicates were looked
    for among all rows, by approximate neighbours."""
    notes = []
    if len(sets) == 1:
        notes.append(
            f"There are only {first} rows, so that nothing could be compared across splits."
        )
    shape = sets[first].image_shape
    size = small_size(shape)
    if size != shape[:2]:
        notes.append(
            f"For distances, correlation and projections images were averaged down from "
            f"{shape[0]} x {shape[1]} to {size[0]} x {size[1]} pixels."
        )
    if many:
        notes.append(_approximate_note(first))
    else:
        notes += _exact_notes(sets, first, directions)
    searches = "images far from their class"
    searches = searches if many else f"near-duplicates and for {searches}"
    notes += [
        f"Of {found.of:,} {split} images, {len(found.rows):,} drawn by class took part in the "
        f"search for {searches}."
        for split, found in directions.items()
        if found.is_capped
    ]
    return notes


def _approximate_note(first: str) -> str:
    return (
        f"There are more than {PAIRS:,} pairs of images: near-duplicates of {first} images were "
        f"looked for among the {CANDIDATES} that are nearest by approximate search, so that a few "
        "may be missed. Images that are cut, brightened or compressed anew were not looked for."
    )


def _exact_notes(
    sets: Mapping[str, ImageSet], first: str, directions: Mapping[str, Directions]
) -> list[str]:
    notes = [
        f"Images of {split} that are cut or moved by two pixels or more were not looked for in "
        f"{first}: there are too many pairs of images for that."
        for split, found in directions.items()
        if split != first and has_outlines(found.shape) and not are_moved(found, directions[first])
    ]
    if are_many(sets) and any(found.is_capped for found in directions.values()):
        notes.append(
            "Among so many images near-duplicates are looked for in a part of them alone; "
            f"{install_line('many')} brings what looks through all."
        )
    return notes
