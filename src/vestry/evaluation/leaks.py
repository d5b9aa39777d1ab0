"""Test scores again, without what training had almost seen and without doubted labels."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vestry.data.shared_rows import SharedRows
from vestry.evaluation.comparison import accuracy_interval
from vestry.evaluation.label_issues import FoundIssues
from vestry.evaluation.predictions import EvaluatedModel, ScoredRun
from vestry.schema.exploration import Finding
from vestry.schema.label_issues import AllRows, KeptRows, Leaks, Shared, StandingOnRows, Without

_Mask = NDArray[np.bool_]
_REPEATING = ("duplicates_across", "near_duplicates")
NOT_LOOKED = (
    "the study leaves out the look at the data, so that images which are almost the same are not "
    "known"
)
FAILED = "the look at the data failed, so that images which are almost the same are not known"
TABLES_ALONE = "tables alone were judged, so that repeated images are not known"


def leaks(
    models: Mapping[str, EvaluatedModel],
    ids: NDArray[np.str_],
    doubted: FoundIssues | None,
    run: ScoredRun,
) -> Leaks | None:
    """Every model's test accuracy and rank without repeated images, doubted labels and both.

    ids: (n,) of the test rows. doubted: of these, None where nobody could doubt. run: what is known
    of images that stand in several splits: exactly, and from the look at the data almost. None
    without models.
    """
    if not models:
        return None
    rows = len(ids)
    everything = AllRows(rows=rows, makers=_standings(models, np.ones(rows, dtype=bool)))
    undoubted = ~np.isin(ids, doubted.doubted_ids if doubted else ids[:0])
    findings = run.exploration.findings if run.exploration else None
    repeats = [each for each in findings or () if _repeats(each)]
    known = run.shared is not None or findings is not None
    new = ~np.isin(ids, _repeated_ids(run.shared or (), repeats)) if known else None
    near = [each.of for each in repeats if each.kind == "near_duplicates"]
    return Leaks(
        shared=[
            Shared(splits=(each.one, each.other), count=len(each), of=each.of)
            for each in run.shared or ()
        ],
        learnt_validation=list(run.learnt_validation),
        reason=_reason(run),
        rows=rows,
        searched=near[0] if near else None,
        all=everything,
        without=Without(
            repeated=None if new is None else _kept(models, new, everything),
            doubted=_kept(models, undoubted, everything),
            both=None if new is None else _kept(models, new & undoubted, everything),
        ),
    )


def _reason(run: ScoredRun) -> str | None:
    if run.exploration is not None:
        return None
    if run.shared is None:
        return TABLES_ALONE
    return FAILED if run.look_failed else NOT_LOOKED


def _repeated_ids(shared: Sequence[SharedRows], repeats: Sequence[Finding]) -> list[str]:
    """Of test rows: what stands in another split, exactly or almost."""
    exact = [name for each in shared if each.other == "test" for name in each.ids.tolist()]
    return exact + [name for each in repeats for name in each.ids or ()]


def _repeats(finding: Finding) -> bool:
    """Whether it names test images which stand among the training rows."""
    return finding.kind in _REPEATING and finding.splits == ["training", "test"]


def _standings(
    models: Mapping[str, EvaluatedModel], kept: _Mask
) -> dict[str, StandingOnRows] | None:
    """Every model's accuracy, interval and rank on these rows; None where none are left."""
    if not kept.any():
        return None
    rights = {name: model.rights[:, kept] for name, model in models.items()}
    found = {name: int(each.sum()) / each.size for name, each in rights.items()}
    return {
        name: StandingOnRows(
            accuracy=accuracy,
            interval=accuracy_interval(rights[name]),
            rank=1 + sum(other > accuracy for other in found.values()),
        )
        for name, accuracy in found.items()
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
