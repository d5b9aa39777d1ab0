"""Logistic regression on more images than memory holds features of: a part of them at a time.

What is minimised, by what, from where and until when is scikit-learn's own (`LogisticRegression`
with the solver lbfgs), so the fitted model is the same but for rounding: features are in single
precision here, sums over rows in double.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.mapped import parts_of
from vestry.members.estimators.kind import Scaling

_ROWS = 1024
_LINE_SEARCH, _ROUNDING = 50, 64
"""Steps of a line search at most, and the gain, in roundings of a double, that ends the fit."""

_Floats = NDArray[np.float64]


def fit_in_parts(
    estimator: Any, scaling: Scaling, images: NDArray[np.uint8], labels: NDArray[np.int64]
) -> None:
    """Fit a LogisticRegression whose settings `kind.is_in_parts` allows, as its `fit` would.

    images: (n, height, width[, 3]). labels: (n,), two classes at least. Raises ValueError for one.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - heavy

    classes, numbers = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"two classes are needed to learn from; all labels are {classes.tolist()}")
    columns = 1 if len(classes) == 2 else len(classes)
    loss = _Loss(scaling, images, numbers, columns, estimator.fit_intercept, float(estimator.C))
    found = minimize(
        loss,
        np.zeros((scaling.width + estimator.fit_intercept) * columns),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": estimator.max_iter,
            "maxls": _LINE_SEARCH,
            "gtol": estimator.tol,
            "ftol": _ROUNDING * np.finfo(np.float64).eps,
        },
    )
    if not found.success:
        _warn(found)
    weights, intercepts = loss.parted(found.x)
    estimator.classes_ = classes
    estimator.coef_, estimator.intercept_ = np.ascontiguousarray(weights.T), intercepts.copy()
    estimator.n_iter_ = np.array([found.nit], np.int32)
    estimator.n_features_in_ = scaling.width


def _warn(found: Any) -> None:
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 - heavy

    text = f"lbfgs failed to converge after {found.nit} iteration(s) (status={found.status})"
    warnings.warn(text, ConvergenceWarning, stacklevel=3)


@dataclass(frozen=True, eq=False)
class _Loss:
    """The mean log loss and |weights|^2 / (2 C n), and their slope, as a function of flat
    (features, columns) weights and (columns,) intercepts; one column for two classes."""

    scaling: Scaling
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    columns: int
    has_intercept: bool
    strength: float

    def __call__(self, flat: _Floats) -> tuple[float, _Floats]:
        weights, intercepts = self.parted(flat)
        single = weights.astype(np.float32)
        slope = np.zeros((self.scaling.width + 1, self.columns))
        cost, start = 0.0, 0
        for features in self._parts():
            own = self.labels[start : start + len(features)]
            start += len(features)
            lost, gap = self._of_scores(features @ single + intercepts, own)
            cost += lost
            slope[:-1] += features.T @ gap.astype(np.float32)
            slope[-1] += gap.sum(axis=0)
        rows, penalty = len(self.labels), 1 / (self.strength * len(self.labels))
        slope /= rows
        slope[:-1] += penalty * weights
        kept = slope if self.has_intercept else slope[:-1]
        return cost / rows + penalty / 2 * float((weights**2).sum()), kept.ravel()

    def parted(self, flat: _Floats) -> tuple[_Floats, _Floats]:
        values = flat.reshape(-1, self.columns)
        if not self.has_intercept:
            return values, np.zeros(self.columns)
        return values[:-1], values[-1]

    def _parts(self) -> Iterator[NDArray[np.float32]]:
        for part in parts_of(self.images):
            for start in range(0, len(part), _ROWS):
                yield self.scaling.single(part[start : start + _ROWS])

    def _of_scores(self, scores: _Floats, labels: NDArray[np.int64]) -> tuple[float, _Floats]:
        """The summed log loss, and (rows, columns) its slope by the scores."""
        if self.columns == 1:
            margin = scores[:, 0]
            lost = np.logaddexp(0.0, margin).sum() - margin[labels == 1].sum()
            chance = np.exp(-np.logaddexp(0.0, -margin))
            return float(lost), np.asarray(chance - labels, np.float64)[:, None]
        rows = np.arange(len(labels))
        scores = scores - scores.max(axis=1, keepdims=True)
        own, gap = scores[rows, labels].sum(), np.exp(scores)
        total = gap.sum(axis=1)
        gap /= total[:, None]
        gap[rows, labels] -= 1
        return float(np.log(total).sum() - own), gap
