"""What a fitted scikit-learn classifier says of rows, over all of a committee's classes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.classifiers.parameter_error import ParameterError
from vestry.members.estimators.decision_scores import decision_scores, softmax
from vestry.predictions.table import ProbabilityTable, Split

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


def scores_of(name: str, estimator: Any, X: Any, classes: int) -> Floats:  # noqa: N803
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


def probabilities(scores: Floats, temperature: float | None) -> NDArray[np.float32]:
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
            probabilities=probabilities(found, temperatures.get(name)),
            maker=name,
            split=split,
        )
        for name, found in scores.items()
    ]
