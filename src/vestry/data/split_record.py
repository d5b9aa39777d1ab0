"""The content of split.json: every row's id in its split, so that the split can be made again."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import Dataset
from vestry.data.sealed import Rows

_NUMBERED = re.compile(r"(.*/)(\d+)")


def split_record(dataset: Dataset) -> dict[str, Any]:
    """JSON-able: source, fingerprint, the split in words, and each split's ids in order.

    Ids that count up are written as [first, last]; `ids_of` gives them all again.
    """
    splits: dict[str, Rows] = {
        "training": dataset.training,
        "validation": dataset.validation,
        "test": dataset.test,
    }
    return {
        "source": dataset.provenance.used,
        "fingerprint": dataset.provenance.fingerprint,
        "split": dataset.provenance.split,
        "rows": dict(dataset.provenance.rows),
        "ids": {name: ranges(rows.ids) for name, rows in splits.items()},
    }


def ranges(ids: NDArray[np.str_]) -> list[str | list[str]]:
    """Runs of ids such as "train/00007", "train/00008" as [first, last]; others one by one."""
    runs: list[list[str]] = []
    expected = None
    for text in ids.tolist():
        if text == expected:
            runs[-1][1] = text
        else:
            runs.append([text, text])
        expected = _successor(text)
    return [run[0] if run[0] == run[1] else run for run in runs]


def _successor(text: str) -> str | None:
    """The id that counts on from `text`, with as many digits; None where there is none."""
    match = _NUMBERED.fullmatch(text)
    if match is None:
        return None
    digits = match[2]
    following = f"{int(digits) + 1:0{len(digits)}d}"
    return match[1] + following if len(following) == len(digits) else None


def ids_of(entries: Iterable[str | list[str]]) -> list[str]:
    """All ids that `ranges` was given, in their order."""
    ids: list[str] = []
    for entry in entries:
        first, last = (entry, entry) if isinstance(entry, str) else entry
        ids.append(first)
        while ids[-1] != last:
            following = _successor(ids[-1])
            if following is None:
                raise ValueError(f"{first} does not count up to {last}")
            ids.append(following)
    return ids
