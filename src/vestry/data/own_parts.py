"""What a source's own validation rows are used for, and whether its parts hold the same classes."""

from dataclasses import replace
from typing import Literal

import numpy as np

from vestry.data.image_set import ImageSet, Source
from vestry.errors import DataError, did_you_mean

Use = Literal["validation", "test", "unused"]


def with_own_validation(source: Source, use: Use | None) -> tuple[Source, tuple[str, ...]]:
    """The source with its own validation rows where they are used, and notes.

    use: None leaves them what they are. Raises DataError where they are to be the test rows of a
    source that has such already.
    """
    rows = source.validation
    if rows is None:
        asked = use == "test"
        note = f"source_validation was not used: {source.name} has no validation rows of its own"
        return source, (note,) if asked else ()
    if use == "test":
        if source.test is not None:
            raise DataError(
                f'source_validation = "test": {source.name} has {len(source.test):,} test rows of '
                'its own beside its validation rows; take "validation" or "unused"'
            )
        note = (
            f"the source's own {len(rows):,} validation rows are the test rows, as the study asks"
        )
        return replace(source, test=rows, validation=None), (note,)
    if use == "unused":
        note = (
            f"the source's own {len(rows):,} validation rows are not used: the study cuts "
            'validation rows off the training rows; source_validation = "validation" takes them'
        )
        return replace(source, validation=None), (note,)
    return source, ()


def own_rows_said(source: Source, whole: bool) -> list[str]:
    """In words, where validation rows are the source's own, and training rows where nothing is
    taken from them. whole: the study asks for all training rows."""
    words = [f"validation: the source's own {len(source.parts['validation']):,} rows"]
    if source.test is not None and whole:
        words.append(f"training: the source's own {len(source.train):,} rows")
    return words


def refuse_unlearnt(source: Source) -> None:
    """DataError where validation or test rows are of a class that has no training rows."""
    learnt = _classes_of(source.train)
    for part, rows in source.parts.items():
        unknown = sorted(_classes_of(rows) - learnt)
        if unknown:
            raise DataError(
                f"{source.name}: there are {part} images of {', '.join(unknown)} and no training "
                f"images{did_you_mean(unknown[0], learnt)}; a class that was never learnt cannot "
                "be tested. Add training images, name the other classes in `classes`, or let "
                "`split` cut all rows anew"
            )


def _classes_of(rows: ImageSet) -> set[str]:
    return {rows.classes[label] for label in np.flatnonzero(rows.class_counts())}
