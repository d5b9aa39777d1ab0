"""Temperature scaling of a whole probability table: as sure as it has a right to be."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vestry.errors import TableError
from vestry.predictions.table import Labels, ProbabilityTable, refuse_test_rows

FLOOR = 1e-7
LOWEST, HIGHEST = 0.05, 20.0
_EDGE = 1e-3

Edge = Literal["low", "high"]


@dataclass(frozen=True)
class Temperature:
    """Temperature scaling (Guo et al. 2017): log probabilities over `value`, made to sum to 1.

    Above 1 it makes a table less sure, below 1 surer. It works on any model's table, as log
    probabilities are a network's scores but for a constant a row. Probabilities under 1e-7 count
    as 1e-7: a forest's zeros would stay zeros at any temperature.
    """

    value: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.value) and self.value > 0):
            raise ValueError(f"a temperature is above 0, not {self.value}")

    @classmethod
    def fit(cls, table: ProbabilityTable, truth: Labels) -> "Temperature":
        """The temperature between 0.05 and 20 at which `table` has the least log loss.

        truth: (n,) the labels of its rows. Raises TableError for a table of test rows, for one
        without rows, and where `truth` is not of its rows.
        """
        refuse_test_rows(table, "a temperature")
        if not len(table) or len(truth) != len(table):
            raise TableError(
                f"a temperature for {table.maker} needs a label for each of at least one row: "
                f"{len(table)} rows, {len(truth)} labels"
            )
        return cls(_least_loss(_below_top(table), truth))

    @property
    def edge(self) -> Edge | None:
        """The end of what was searched at which it lies: a better one may lie beyond."""
        if self.value < LOWEST * (1 + _EDGE):
            return "low"
        return "high" if self.value > HIGHEST * (1 - _EDGE) else None

    def apply(self, table: ProbabilityTable) -> ProbabilityTable:
        """The same rows, as sure as this temperature makes them; of any split."""
        raised = np.exp(_below_top(table) / self.value)
        shares = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
        return replace(table, probabilities=shares)


def _below_top(table: ProbabilityTable) -> NDArray[np.float64]:
    """(n, classes) log probabilities less those of each row's most probable class."""
    logs = np.log(np.maximum(table.probabilities.astype(np.float64), FLOOR))
    return np.asarray(logs - logs.max(axis=1, keepdims=True))


def _least_loss(scores: NDArray[np.float64], truth: Labels) -> float:
    """scores: as `below_top` gives them."""
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - heavy

    rows = np.arange(len(truth))
    given = float(scores[rows, truth].mean())
    # The top class's own score is 0. Without it the loss of a model that is all but never wrong
    # is not lost in rounding, and its minimum is where it should be: at the edge.
    others = scores.copy()
    others[rows, scores.argmax(axis=1)] = -np.inf

    def loss(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        return float(np.log1p(np.exp(others * scale).sum(axis=1)).mean() - given * scale)

    bounds = (np.log(LOWEST), np.log(HIGHEST))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
