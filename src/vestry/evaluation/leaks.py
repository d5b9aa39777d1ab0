"""Test scores again, without what training had almost seen and without doubted labels."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import wilson
from vestry.evaluation.label_issues import LabelIssues
from vestry.evaluation.predictions import EvaluatedModel

Results = dict[str, Any]
_Mask = NDArray[np.bool_]
_REPEATING = ("duplicates_across", "near_duplicates")
NOT_LOOKED = "the study leaves out the look at the data, so that repeated images are not known"
FAILED = "the look at the data came to nothing, so that repeated images are not known"


def leaks(
    results: Results, makers: Mapping[str, EvaluatedModel], doubts: LabelIssues | None
) -> Results | None:
    """Every maker's test accuracy and rank without repeated images, doubted labels and both.

    results: with `exploration`, which tells the test images that stand in the training rows, too,
    exactly or almost. doubts: of the test rows. None without makers.
    """
    if doubts is None or not makers:
        return None
    ids = doubts.ids
    repeated, reason = _repeated_ids(results)
    without_doubts = ~np.isin(ids, doubts.doubted_ids)
    kept: dict[str, _Mask | None] = {
        "repeated": None if repeated is None else ~np.isin(ids, repeated),
        "doubted": without_doubts,
        "both": None if repeated is None else without_doubts & ~np.isin(ids, repeated),
    }
    everything = _scored(makers, np.ones(len(ids), dtype=bool))
    return {
        "reason": reason,
        "rows": len(ids),
        "searched": _searched(results),
        "all": everything,
        "without": {
            name: None if mask is None else _beside(everything, _scored(makers, mask))
            for name, mask in kept.items()
        },
    }


def _repeated_ids(results: Results) -> tuple[list[str] | None, str | None]:
    """Ids of test images that are training images, exactly or almost; or why none are known."""
    found = results.get("exploration")
    if not found:
        failed = any(entry["name"] == "exploration" for entry in results.get("failures", []))
        return None, FAILED if failed else NOT_LOOKED
    return sorted({name for entry in _repeats(found) for name in entry["ids"]}), None


def _repeats(exploration: Results) -> list[Results]:
    """The findings that name test images which stand among the training rows."""
    return [
        entry
        for entry in exploration["findings"]
        if entry["kind"] in _REPEATING and entry["splits"] == ["training", "test"]
    ]


def _searched(results: Results) -> int | None:
    """How many test images took part in the search for near-duplicates."""
    found = results.get("exploration")
    rows = [e["of"] for e in _repeats(found) if e["kind"] == "near_duplicates"] if found else []
    return int(rows[0]) if rows else None


def _scored(makers: Mapping[str, EvaluatedModel], kept: _Mask) -> Results:
    """rows, and every maker's accuracy, interval and rank on them; None where none are left."""
    rows = int(kept.sum())
    if not rows:
        return {"rows": 0, "makers": None}
    right = {name: int((maker.right & kept).sum()) for name, maker in makers.items()}
    return {
        "rows": rows,
        "makers": {
            name: {
                "accuracy": count / rows,
                "interval": list(wilson(count / rows, rows)),
                "rank": 1 + sum(other > count for other in right.values()),
            }
            for name, count in right.items()
        },
    }


def _beside(before: Results, after: Results) -> Results:
    """`after`, how many rows it leaves out, and the makers whose rank is another."""
    changed = [
        name
        for name, entry in (after["makers"] or {}).items()
        if entry["rank"] != before["makers"][name]["rank"]
    ]
    return {"left_out": before["rows"] - after["rows"], **after, "changed": changed}
