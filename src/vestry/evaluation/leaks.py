"""Test scores again, without what training had almost seen and without doubted labels."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import share_interval
from vestry.evaluation.label_issues import FoundIssues
from vestry.evaluation.predictions import EvaluatedModel
from vestry.schema.exploration import Finding
from vestry.schema.label_issues import AllRows, KeptRows, Leaks, StandingOnRows, Without

_Mask = NDArray[np.bool_]
_REPEATING = ("duplicates_across", "near_duplicates")
NOT_LOOKED = "the study leaves out the look at the data, so that repeated images are not known"
FAILED = "the look at the data failed, so that repeated images are not known"


def leaks(
    models: Mapping[str, EvaluatedModel],
    issues: FoundIssues | None,
    findings: Sequence[Finding] | None,
    look_failed: bool = False,
) -> Leaks | None:
    """Every model's test accuracy and rank without repeated images, doubted labels and both.

    issues: of the test rows. findings: of the look at the data, which tell the test images that
    stand in the training rows, too, exactly or almost; None where there is none, because the look
    failed or the study leaves it out. None without models.
    """
    if issues is None or not models:
        return None
    ids = issues.ids
    rows = len(ids)
    everything = AllRows(rows=rows, makers=_standings(models, np.ones(rows, dtype=bool)))
    undoubted = ~np.isin(ids, issues.doubted_ids)
    repeats = None if findings is None else [each for each in findings if _repeats(each)]
    new = None
    if repeats is not None:
        new = ~np.isin(ids, [name for each in repeats for name in each.ids or ()])
    near = [each.of for each in repeats or () if each.kind == "near_duplicates"]
    return Leaks(
        reason=None if repeats is not None else FAILED if look_failed else NOT_LOOKED,
        rows=rows,
        searched=near[0] if near else None,
        all=everything,
        without=Without(
            repeated=None if new is None else _kept(models, new, everything),
            doubted=_kept(models, undoubted, everything),
            both=None if new is None else _kept(models, new & undoubted, everything),
        ),
    )


def _repeats(finding: Finding) -> bool:
    """Whether it names test images which stand among the training rows."""
    return finding.kind in _REPEATING and finding.splits == ["training", "test"]


def _standings(
    models: Mapping[str, EvaluatedModel], kept: _Mask
) -> dict[str, StandingOnRows] | None:
    """Every model's accuracy, interval and rank on these rows; None where none are left."""
    rows = int(kept.sum())
    if not rows:
        return None
    right = {name: int((model.right & kept).sum()) for name, model in models.items()}
    return {
        name: StandingOnRows(
            accuracy=count / rows,
            interval=share_interval(count, rows),
            rank=1 + sum(other > count for other in right.values()),
        )
        for name, count in right.items()
    }


def _kept(models: Mapping[str, EvaluatedModel], kept: _Mask, everything: AllRows) -> KeptRows:
    """What is left, how many rows are not, and the models whose rank is another."""
    after, before = _standings(models, kept), everything.makers or {}
    rows = int(kept.sum())
    return KeptRows(
        left_out=everything.rows - rows,
        rows=rows,
        makers=after,
        changed=[name for name, found in (after or {}).items() if found.rank != before[name].rank],
    )
