"""Committee rules that average probabilities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Mean:
    """The plain mean of the members' probability vectors; every member counts alike."""

    def fit(self, stacked: NDArray[np.float64], truth: NDArray[np.int64]) -> "Mean":  # noqa: ARG002
        return self

    def combine(self, stacked: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(stacked.mean(axis=0))

    def card(self) -> dict[str, Any]:
        return {}
