"""Decision scores to probabilities: a softmax whose temperature is learnt on validation rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def decision_scores(estimator: Any, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, classes) decision scores; a two-class estimator's single score becomes two."""
    scores = np.asarray(estimator.decision_function(features), dtype=np.float64)
    return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, classes) scores to probabilities; rows sum to 1."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit_temperature(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """The temperature at which softmax(scores / temperature) has the least log loss.

    Temperature scaling (Guo et al. 2017); searched between 1/100 and 100 times the scores' spread.
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - heavy

    spread = float(scores.std()) or 1.0

    def loss(log_temperature: float) -> float:
        given = softmax(scores / np.exp(log_temperature))[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(given, 1e-300)).mean())

    low, high = np.log(spread / 100), np.log(spread * 100)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))
