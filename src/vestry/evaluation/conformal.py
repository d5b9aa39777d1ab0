"""Sets of classes that hold an image's class as often as asked.

Split conformal prediction (Vovk, Gammerman and Shafer 2005) with the score 1 less the probability
(Sadinle, Lei and Wasserman 2019). Scores that sum probabilities from the top (APS: Romano, Sesia
and Candes 2020; RAPS: Angelopoulos et al. 2021) were tried beside it: at the same coverage their
sets were larger in every simulation, and those of a model with sharp probabilities several times as
large. It is a quantile, so there is no library for it here.
"""

from collections.abc import Mapping
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import share_interval
from vestry.evaluation.predictions import Tables
from vestry.predictions.prediction_sets import just_below, prediction_sets
from vestry.predictions.table import Labels, ProbabilityTable
from vestry.schema.confidence import Conformal, Covered, SetRule, SetsOnTest

_Floats = NDArray[np.float64]
_Bools = NDArray[np.bool_]
_ROUNDING = 1e-9


def conformal(tables: Tables, truths: Mapping[str, Labels], coverage: float) -> Conformal:
    """Sets by thresholds that the validation rows choose, and how they do on the test rows."""
    validation, truth = tables["validation"], truths["validation"]
    rules = set_thresholds(validation, truth, coverage)
    counts = np.bincount(truth, minlength=len(validation.classes)).tolist()
    marginal, by_class = (
        SetRule(
            thresholds=thresholds,
            validation_by_class=counts,
            test=_on_test(tables["test"], truths["test"], thresholds),
        )
        for thresholds in rules
    )
    return Conformal(
        coverage_asked=coverage,
        validation_rows=len(validation),
        marginal=marginal,
        by_class=by_class,
        rows_needed=rows_needed_for_sets(coverage),
    )


def set_thresholds(
    validation: ProbabilityTable, truth: Labels, coverage: float
) -> tuple[list[float], list[float]]:
    """One threshold for all classes, as often as there are classes; and one for each class.

    validation: a table of rows that are like those to come and that its model did not learn from.
    truth: (n,) their labels.
    """
    given = validation.probabilities[np.arange(len(truth)), truth].astype(np.float64)
    classes = range(len(validation.classes))
    together = max(0.0, set_threshold(given, coverage))
    return (
        [together for _ in classes],
        [max(0.0, set_threshold(given[truth == label], coverage)) for label in classes],
    )


def set_threshold(given: _Floats, coverage: float) -> float:
    """What at least `coverage` of rows to come lie at or above.

    For sets it is the probability from which on a class is in.

    given: (n,) what the true classes of n rows were given. The true class of one more such row is
    given less than the k-th lowest of these with probability k / (n + 1) at most, so k is the
    largest of which that is not above 1 - `coverage`; 0, which takes every class, where there is
    none.
    """
    place = floor((1 - coverage) * (len(given) + 1) + _ROUNDING)
    if not place:
        return 0.0
    lowest = np.unique(given)
    value = float(np.partition(given, place - 1)[place - 1])
    below = int(np.searchsorted(lowest, value))
    return just_below(value, float(lowest[below - 1]) if below else value - 1)


def rows_needed_for_sets(coverage: float) -> int:
    """Rows without which no threshold but 0 can be promised to cover so many."""
    return ceil(1 / (1 - coverage) - 1 - _ROUNDING)


def _on_test(table: ProbabilityTable, truth: Labels, thresholds: list[float]) -> SetsOnTest:
    rows = np.arange(len(table))
    given = table.probabilities >= np.asarray(thresholds)
    held = prediction_sets(table.probabilities, thresholds)
    covered, sizes = held[rows, truth], held.sum(axis=1)
    return SetsOnTest(
        rows=len(table),
        covered=int(covered.sum()),
        coverage=float(covered.mean()),
        interval=share_interval(int(covered.sum()), len(table)),
        mean_size=float(sizes.mean()),
        sizes=np.bincount(sizes, minlength=len(table.classes) + 1)[1:].tolist(),
        singletons=float((sizes == 1).mean()),
        filled=int((~given.any(axis=1)).sum()),
        unfilled_coverage=float(given[rows, truth].mean()),
        by_class=[_covered(covered[truth == label]) for label in range(len(table.classes))],
    )


def _covered(covered: _Bools) -> Covered:
    if not len(covered):
        return Covered(rows=0, coverage=None, interval=None)
    interval = share_interval(int(covered.sum()), len(covered))
    return Covered(rows=len(covered), coverage=float(covered.mean()), interval=interval)
