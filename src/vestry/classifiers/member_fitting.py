"""Fitting a committee's members: copies of what was given, on all rows or fold by fold."""

from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing

from vestry.classifiers.member_scores import scores_of
from vestry.classifiers.parameter_error import ParameterError

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
    return {name: scores_of(name, member, X, classes) for name, member in members}


def out_of_fold_scores(members: Named, X: Any, labels: Labels, cv: Any) -> Scores:  # noqa: N803
    """(n, classes) for each member by name, every row's by a clone that was fitted without it.

    cv: a number of folds or a splitter. Raises ParameterError where it does not hold every row out
    once.
    """
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
