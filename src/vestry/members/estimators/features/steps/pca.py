"""Principal components of all numbers so far."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vestry.members.estimators.features.feature_step import Graph, Learnt, Reduction, register

Solver = Literal["covariance_eigh", "auto"]


@register
class Pca(Reduction):
    """The directions in which the rows to learn from vary most.

    pca: how many; fewer where the rows or the numbers before it allow no more, which is then said.
    whiten: whether each is divided by its deviation.
    """

    name = "pca"
    pca: Annotated[int, Field(ge=1, le=65536)]
    whiten: bool = False

    def width(self, given: int) -> int:
        return min(self.pca, given)

    def left(self, given: int, learnt: Learnt) -> int:
        return int(learnt["directions"].shape[1])

    def learn(self, features: NDArray[np.float32], seed: int) -> Learnt:
        from sklearn.decomposition import PCA  # noqa: PLC0415 - heavy

        rows, width = features.shape
        count = max(1, min(self.pca, width, rows - 1))
        solver: Solver = "covariance_eigh" if rows > width else "auto"
        found = PCA(count, svd_solver=solver, random_state=seed).fit(features)
        directions = found.components_.T
        if self.whiten:  # of what does not vary there is nothing to be divided
            deviation = np.sqrt(found.explained_variance_)
            directions = directions / np.where(deviation > 0, deviation, 1)
        return {
            "mean": found.mean_.astype(np.float32),
            "directions": directions.astype(np.float32),
        }

    def nodes(self, graph: Graph, features: str, learnt: Learnt) -> str:
        centred = graph.add("Sub", features, graph.constant(learnt["mean"], "mean"))
        return graph.add("MatMul", centred, graph.constant(learnt["directions"], "directions"))

    def notes(self, learnt: Learnt) -> list[str]:
        width, count = learnt["directions"].shape
        if count == min(self.pca, width):
            return []
        return [
            f"pca {self.pca} became {count}: the rows that it learnt from have no more components."
        ]
