"""A maker as it was tested: its results and its test table, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable

Results = dict[str, Any]


@dataclass(frozen=True)
class Tested:
    """entry: the maker's part of the results. labels: (n,) what it says of each test image.

    truth: (n,) the test images' labels.
    """

    name: str
    entry: Results
    labels: Labels
    truth: Labels

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether it is right on each test image."""
        return np.asarray(self.labels == self.truth)


def tested_makers(
    entries: Mapping[str, Results], tables: Mapping[str, ProbabilityTable], truth: Labels
) -> dict[str, Tested]:
    """Makers by name; `tables` holds the test table of each."""
    return {
        name: Tested(name, entry, tables[name].labels, truth) for name, entry in entries.items()
    }
