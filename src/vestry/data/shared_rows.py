"""Images that stand in two of a study's parts, byte for byte: known before anything is fitted."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import Dataset
from vestry.data.mapped import parts_of
from vestry.data.sealed import Rows


@dataclass(frozen=True, eq=False)
class SharedRows:
    """ids: rows of the split `other` whose image stands in the split `one`, too. of: rows that
    `other` has."""

    one: str
    other: str
    ids: NDArray[np.str_]
    of: int

    def __len__(self) -> int:
        return len(self.ids)


def shared_rows(dataset: Dataset) -> list[SharedRows]:
    """Of each two parts; labels play no part in it. Where a study chooses by folds, its validation
    rows are the training rows, and where it tests by folds, so are its test rows: they count once.
    """
    parts: dict[str, Rows] = {"training": dataset.training}
    if dataset.validation is not dataset.training:
        parts["validation"] = dataset.validation
    if dataset.folds is None or not dataset.folds.tests:
        parts["test"] = dataset.test
    digests = {name: _digests(rows) for name, rows in parts.items()}
    return [
        SharedRows(
            one,
            other,
            parts[other].ids[np.isin(digests[other], digests[one])],
            len(parts[other]),
        )
        for one, other in combinations(parts, 2)
    ]


def _digests(rows: Rows) -> NDArray[np.bytes_]:
    """(n,) 16 bytes of BLAKE2b of each image, as the digits that they are written in."""

    def made() -> dict[str, NDArray[np.bytes_]]:
        found = [
            hashlib.blake2b(image.data, digest_size=16).hexdigest().encode()
            for part in parts_of(rows.images)
            for image in np.ascontiguousarray(part)
        ]
        return {"digests": np.array(found, dtype="S32")}

    found = made() if rows.kept is None else rows.kept.remembered("digests", made)
    return found["digests"]


def _that_hold(learnt: SharedRows, chosen_by: SharedRows | None) -> str:
    """Of test rows that were learnt from, or chosen by."""
    seen = set(learnt.ids.tolist()) | set(chosen_by.ids.tolist() if chosen_by else [])
    if len(seen) == learnt.of:
        return "No test figure holds"
    return "Test figures that hold are those without them"


def leak_warnings(shared: list[SharedRows], learnt_validation: list[str]) -> list[str]:
    """What each says of the figures. learnt_validation: models that have learnt validation rows,
    too."""
    by_parts: Mapping[tuple[str, str], SharedRows] = {(s.one, s.other): s for s in shared}
    said = []
    if found := by_parts.get(("training", "test")):
        said.append(
            f"{_rows(found, 'training')}, byte for byte: what a model scores on them "
            f"says what it remembers. {_that_hold(found, by_parts.get(('validation', 'test')))}"
        )
    if found := by_parts.get(("validation", "test")):
        text = f"{_rows(found, 'validation')}: models were chosen by them"
        if learnt_validation:
            text += f", and {', '.join(learnt_validation)} learnt them (refit)"
        said.append(text)
    if found := by_parts.get(("training", "validation")):
        said.append(
            f"{_rows(found, 'training')}: the order by validation, early stopping and "
            "whatever is fitted on validation favour what learns by heart"
        )
    return said


def _rows(found: SharedRows, part: str) -> str:
    """ "1 of 300 test images is a training image, too", "All 300 test images are ..."."""
    count, of = len(found), found.of
    noun = f"{found.other} image{'s' if of > 1 else ''}"
    what = f"is a {part} image, too" if count == 1 else f"are {part} images, too"
    return f"All {of:,} {noun} {what}" if count == of > 1 else f"{count:,} of {of:,} {noun} {what}"
