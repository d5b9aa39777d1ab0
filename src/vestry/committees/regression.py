"""Multinomial logistic regression with an L2 penalty, for the rule that learns how to combine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.predictions.table import Labels

Floats = NDArray[np.float64]

ITERATIONS = 5000


@dataclass(frozen=True)
class Regression:
    """coefficients: (features, classes). intercepts: (classes,)."""

    coefficients: Floats
    intercepts: Floats
    converged: bool

    def log_probabilities(self, design: Floats) -> Floats:
        """(n, classes) from (n, features)."""
        scores = design @ self.coefficients + self.intercepts
        shifted = scores - scores.max(axis=1, keepdims=True)  # exp must not overflow
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def regress(
    features: Floats,
    labels: Labels,
    classes: int,
    strength: float,
    tolerance: float,
    start: Regression | None = None,
) -> Regression:
    """The minimum of sum(log loss) + |coefficients|^2 / (2 strength), by L-BFGS (Liu and Nocedal
    1989), from zero or from another solution.

    features: (n, d). labels: (n,), every class of 0..classes-1 that has rows. tolerance: the
    largest slope that counts as flat, per row.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - heavy

    n, d = features.shape
    penalty = 1 / (strength * n)  # for means over rows instead of sums
    centre = features.mean(axis=0)
    # Steps are taken in turned features, centred so that the intercept is on its own. With x the
    # centred features and A = `turn`, scores are (x A) w + b, so the coefficients of x are A w.
    turn = _whitening(features - centre, penalty, classes)
    loss = _Loss((features - centre) @ turn, labels, turn, penalty, classes)
    first = np.zeros((d + 1, classes))  # w in the rows, b in the last one
    if start is not None:
        first[:d] = np.linalg.solve(turn, start.coefficients)
        first[d] = start.intercepts + centre @ start.coefficients
    found = minimize(
        loss,
        first.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": ITERATIONS,
            "maxfun": 2 * ITERATIONS,
            "gtol": tolerance,
            "ftol": 1e-15,
        },
    )
    values = found.x.reshape(d + 1, classes)
    coefficients = turn @ values[:d]
    intercepts = values[d] - centre @ coefficients
    # A line search may give up where rounding hides what is left to gain; that is flat enough.
    flat = float(np.abs(found.jac).max()) <= 10 * tolerance
    # The same constant for every class changes no probability; 0 is as good as any mean.
    return Regression(coefficients, intercepts - intercepts.mean(), bool(found.success) or flat)


@dataclass(frozen=True, eq=False)
class _Loss:
    """The mean loss per row and its slope, both at once, as a function of flat (w, b).

    turned: (n, d) turned features; turn: (d, d), what turned them; penalty: on squares, per row.
    """

    turned: Floats
    labels: Labels
    turn: Floats
    penalty: float
    classes: int

    def __call__(self, flat: Floats) -> tuple[float, Floats]:
        n, d = self.turned.shape
        rows = np.arange(n)
        values = flat.reshape(d + 1, self.classes)
        coefficients = self.turn @ values[:d]  # the penalty is on these, not on w
        scores = self.turned @ values[:d] + values[d]  # (n, classes)
        scores -= scores.max(axis=1, keepdims=True)  # exp must not overflow
        gap = np.exp(scores)
        total = gap.sum(axis=1)
        cost = (np.log(total) - scores[rows, self.labels]).sum() / n
        # In place, from here: (probabilities less the truth as 0 and 1) / n, the scores' slope.
        gap /= total[:, None]
        gap[rows, self.labels] -= 1
        gap /= n
        slope = np.empty_like(values)
        slope[:d] = self.turned.T @ gap + self.turn.T @ (self.penalty * coefficients)
        slope[d] = gap.sum(axis=0)
        return float(cost + self.penalty / 2 * (coefficients**2).sum()), slope.ravel()


def _whitening(centred: Floats, penalty: float, classes: int) -> Floats:
    """(d, d): features turned by it have no correlation and scales that suit the penalty.

    Members that agree make features that are nearly the same, along which plain steps would creep;
    this is the inverse root of the loss's curvature where all classes are equally probable.
    """
    curvature = centred.T @ centred / (len(centred) * classes)
    values, vectors = np.linalg.eigh(curvature)
    return np.asarray(vectors / np.sqrt(np.maximum(values, 0) + penalty))
