"""Names of classes: read from a text file, or chosen by a study."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from vestry.data.image_set import ImageSet, Source
from vestry.errors import DataError, StudyError, did_you_mean
from vestry.storage.regular_file import check_regular

_MOST_BYTES = 2**20


def read_class_names(path: Path) -> tuple[str, ...]:
    """One name a line, in label order; blank lines at the end do not count."""
    try:
        check_regular(path)
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise DataError(f"{path}: longer than {_MOST_BYTES:,} bytes; one class name a line")
        names = [line.strip() for line in content.decode("utf-8-sig").rstrip().splitlines()]
    except UnicodeDecodeError:
        raise DataError(
            f"{path}: not UTF-8 text; store it as UTF-8, one class name a line"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if "" in names:
        raise DataError(f"{path}: line {names.index('') + 1} is empty; one class name a line")
    return tuple(names)


# Some of a source's classes, in an order of the study's own.


def with_classes(source: Source, names: list[str]) -> tuple[Source, str]:
    """The source with the rows of these classes alone, labelled 0.. in this order; and a note.

    Raises StudyError where the source has no class of a name.
    """
    known = source.train.classes
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            raise StudyError(f"data.classes: {source.name} has no class {name!r}{near}")
    kept = {part: _rows_of(rows, names) for part, rows in source.parts.items()}
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


def _rows_of(rows: ImageSet, names: list[str]) -> ImageSet:
    """The rows of the named classes, in the order that they had."""
    label_of = np.full(len(rows.classes), -1, dtype=np.int64)
    label_of[[rows.classes.index(name) for name in names]] = np.arange(len(names))
    labels = label_of[rows.labels]
    kept = np.flatnonzero(labels >= 0)
    return rows.rows(kept).relabelled(labels[kept], tuple(names))
