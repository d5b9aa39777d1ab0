"""What an exported file's answers are held against: thresholds that validation images chose."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import Dataset
from vestry.data.sealed import Rows
from vestry.evaluation.abstention import AbstentionSettings, answered, threshold
from vestry.evaluation.conformal import rows_needed_for_sets, set_threshold, set_thresholds
from vestry.evaluation.intervals import share_interval
from vestry.export.bundle import Bundle
from vestry.pipeline.export_reference import at_temperature, judged_validation
from vestry.pipeline.stored_run import StoredRun
from vestry.predictions.table import ProbabilityTable
from vestry.serve.known_images import KnownSet

Facts = dict[str, Any]

_MOST = 2000
"""Images of a split whose likeness is computed: more would hardly move the threshold."""


def limits(run: StoredRun, maker: str, dataset: Dataset, temperature: float) -> tuple[Facts, Facts]:
    """A bundle's `abstention` and `sets`, chosen on validation rows at the file's temperature."""
    settings = settings_of(run)
    table = at_temperature(judged_validation(run, maker, dataset), temperature)
    truth = dataset.validation.labels
    by_folds = {"out_of_fold": dataset.folds is not None}
    sets = _sets(table, truth, settings.coverage)
    return _abstention(table, truth, settings) | by_folds, sets and sets | by_folds


def settings_of(run: StoredRun) -> AbstentionSettings:
    """As the run's study has them; the defaults for what it did not know yet."""
    given: Mapping[str, Any] = run.study.get("abstention", {})
    return AbstentionSettings(**given)


def _abstention(
    table: ProbabilityTable, truth: NDArray[np.int64], settings: AbstentionSettings
) -> Facts:
    judged = answered(table, truth)
    found = threshold(judged, judged, settings).as_json()
    return {key: value for key, value in found.items() if key != "test"}


def _sets(table: ProbabilityTable, truth: NDArray[np.int64], coverage: float) -> Facts:
    """Empty where there are too few rows for a threshold over all classes."""
    marginal, by_class = set_thresholds(table, truth, coverage)
    if not marginal[0]:
        return {}
    return {
        "coverage_asked": coverage,
        "validation_rows": len(table),
        "thresholds": marginal,
        "by_class": by_class,
    }


def novelty(bundle: Bundle, dataset: Dataset, share: float) -> Facts:
    """The likeness to the known images under which `share` of validation images are at most.

    The bundle's known images must be there. Likeness hangs on images alone, not on the model. Of
    the test images, whose labels are not looked at, it is counted how many are turned away. Empty
    where there are no known images, or too few others to choose by.
    """
    if bundle.known is None or len(bundle.known.labels) == 0:
        return {}
    known = KnownSet.of(bundle.known, bundle)
    validation, test = (_likeness(known, rows) for rows in (dataset.validation, dataset.test))
    if len(validation) < rows_needed_for_sets(1 - share):
        return {}
    limit = set_threshold(validation, 1 - share)
    away = int((test < limit).sum())
    return {
        "share_asked": share,
        "threshold": limit,
        "known": len(known.ids),
        "validation_rows": len(validation),
        "test": {
            "rows": len(test),
            "unlike": away,
            "interval": list(share_interval(away, len(test))),
        },
    }


def _likeness(known: KnownSet, rows: Rows) -> NDArray[np.float64]:
    """(n,) of at most 2,000 of the rows, evenly spread."""
    some = np.linspace(0, len(rows) - 1, min(_MOST, len(rows))).astype(np.int64)
    return known.likeness(rows.images[some], rows.ids[some]).astype(np.float64)
