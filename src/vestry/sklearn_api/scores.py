"""Fitting a committee's members: copies of what was given, on all rows or fold by fold."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing

from vestry.members.estimators.fitted_estimator import decision_scores, softmax
from vestry.predictions.table import ProbabilityTable, Split
from vestry.sklearn_api.checks import ParameterError

# What a fitted scikit-learn classifier says of rows, over all of a committee's classes.


Floats = NDArray[np.float64]


def lacks_probabilities(name: str, estimator: Any) -> bool:
    """Whether its decision scores have to stand in; ParameterError where it has neither."""
    if hasattr(estimator, "predict_proba"):
        return False
    if hasattr(estimator, "decision_function"):
        return True
    raise ParameterError(
        f"member {name}: {type(estimator).__name__} has neither predict_proba nor "
        "decision_function, so it has no probabilities to give a committee; wrap it in "
        "sklearn.calibration.CalibratedClassifierCV, or drop it"
    )


def _scores_of(name: str, estimator: Any, X: Any, classes: int) -> Floats:  # noqa: N803
    """(n, classes) probabilities, or decision scores where it has none.

    The estimator was fitted on labels 0..classes-1. A class that it has not seen gets probability
    0, or the lowest of the row's scores.
    """
    columns = np.asarray(estimator.classes_).astype(np.int64)
    if hasattr(estimator, "predict_proba"):
        known = np.asarray(estimator.predict_proba(X), np.float64)
        full = np.zeros((len(known), classes))
    else:
        known = decision_scores(estimator, X)
        full = np.repeat(known.min(axis=1, keepdims=True), classes, axis=1)
    if known.shape[1] != len(columns):
        raise ParameterError(
            f"member {name}: {known.shape[1]} scores a row for {len(columns)} classes; it must "
            "give one score a class (for an SVC, decision_function_shape='ovr')"
        )
    full[:, columns] = known
    return full


def _probabilities(scores: Floats, temperature: float | None) -> NDArray[np.float32]:
    """temperature: that of decision scores; None where the scores are probabilities."""
    values = scores if temperature is None else softmax(scores / temperature)
    return values.astype(np.float32)


def tables(
    scores: Mapping[str, Floats],
    temperatures: Mapping[str, float],
    classes: NDArray[Any],
    split: Split,
) -> list[ProbabilityTable]:
    """One table a member, in their order, as every committee takes them.

    scores: (n, classes) by the member's name. temperatures: of those without probabilities.
    """
    names = tuple(map(str, classes))
    return [
        ProbabilityTable(
            ids=np.arange(len(found)).astype(str),
            classes=names,
            probabilities=_probabilities(found, temperatures.get(name)),
            maker=name,
            split=split,
        )
        for name, found in scores.items()
    ]


Labels = NDArray[np.int64]
Named = list[tuple[str, Any]]
Scores = dict[str, NDArray[np.float64]]


def fitted(members: Named, X: Any, labels: Labels) -> Named:  # noqa: N803
    """Clones fitted on copies of rows X: what was given stays as it is, whatever they write."""
    return [(name, clone(member).fit(deepcopy(X), labels.copy())) for name, member in members]


def fitted_on(members: Named, X: Any, labels: Labels, rows: Labels) -> Named:  # noqa: N803
    """The same for some of the rows."""
    return fitted(members, _safe_indexing(X, rows), labels[rows])


def member_scores(members: Named, X: Any, classes: int) -> Scores:  # noqa: N803
    """(n, classes) for each fitted member, by name."""
    return {name: _scores_of(name, member, X, classes) for name, member in members}


def out_of_fold_scores(members: Named, X: Any, labels: Labels, cv: Any) -> Scores:  # noqa: N803
    """(n, classes) for each member by name, every row's by a clone that was fitted without it.

    cv: a number of folds or a splitter. Raises ParameterError where it does not hold every row out
    once.
    """
    if isinstance(cv, int) and (most := int(np.bincount(labels).max())) < cv:
        raise ParameterError(
            f"no class has more than {most} rows, too few for cv = {cv} folds; give more rows, "
            f"fewer folds (2 at least), or cv=None"
        )
    folds = list(check_cv(cv, labels, classifier=True).split(X, labels))
    times = np.bincount(np.concatenate([rows for _, rows in folds]), minlength=len(labels))
    if not (times == 1).all():
        raise ParameterError(
            f"cv = {cv!r} does not hold every row out exactly once; give a number of folds, or a "
            "splitter such as StratifiedKFold"
        )
    classes = int(labels.max()) + 1
    scores = {name: np.empty((len(labels), classes)) for name, _ in members}
    for learnt, held_out in folds:
        given = fitted_on(members, X, labels, learnt)
        found = member_scores(given, _safe_indexing(X, held_out), classes)
        for name, part in found.items():
            scores[name][held_out] = part
    return scores
