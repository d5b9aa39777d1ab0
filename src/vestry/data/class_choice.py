"""Some of a source's classes, in an order of the study's own."""

from dataclasses import replace

import numpy as np

from vestry.data.image_set import ImageSet, Source
from vestry.errors import StudyError, did_you_mean


def with_classes(source: Source, names: list[str]) -> tuple[Source, str]:
    """The source with the rows of these classes alone, labelled 0.. in this order; and a note.

    Raises StudyError where the source has no class of a name.
    """
    known = source.train.classes
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            raise StudyError(f"data.classes: {source.name} has no class {name!r}{near}")
    kept = {part: rows_of(rows, names) for part, rows in source.parts.items()}
    counts = [
        f"{len(kept[part]):,} of {len(rows):,} {'training' if part == 'train' else part} rows"
        for part, rows in source.parts.items()
    ]
    left = replace(
        source,
        train=kept["train"],
        validation=kept.get("validation"),
        test=kept.get("test"),
    )
    told = f"{', '.join(counts[:-1])} and {counts[-1]}" if len(counts) > 1 else counts[0]
    return left, f"only {len(names)} of {len(known)} classes, {', '.join(names)}: {told}"


def rows_of(rows: ImageSet, names: list[str]) -> ImageSet:
    """The rows of the named classes, in the order that they had."""
    label_of = np.full(len(rows.classes), -1, dtype=np.int64)
    label_of[[rows.classes.index(name) for name in names]] = np.arange(len(names))
    labels = label_of[rows.labels]
    kept = np.flatnonzero(labels >= 0)
    return replace(rows.rows(kept), labels=labels[kept], classes=tuple(names))
