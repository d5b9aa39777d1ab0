"""The features of a radial kernel, on some rows (Williams and Seeger, "Using the Nystroem method to
speed up kernel machines", NIPS 2001): a linear model after them is nearly a kernel machine."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vestry.members.estimators.features.feature_step import Graph, Learnt, Reduction, register


@register
class Nystroem(Reduction):
    """exp(-gamma * squared distance) to rows that the seed draws, made orthogonal.

    nystroem: how many rows; all where there are fewer, which is then said. gamma: left out, 1 over
    the sum of all variances, as SVC has it.
    """

    name = "nystroem"
    nystroem: Annotated[int, Field(ge=2, le=20_000)]
    gamma: Annotated[float, Field(gt=0)] | None = None

    def width(self, given: int) -> int:
        return self.nystroem

    def left(self, given: int, learnt: Learnt) -> int:
        return int(learnt["projection"].shape[1])

    def learn(self, features: NDArray[np.float32], seed: int) -> Learnt:
        from sklearn.kernel_approximation import Nystroem as Approximation  # noqa: PLC0415 - heavy

        variance = float(features.var(dtype=np.float64)) or 1.0
        gamma = self.gamma or 1 / (features.shape[1] * variance)
        count = min(self.nystroem, len(features))
        found = Approximation(gamma=gamma, n_components=count, random_state=seed).fit(features)
        return {
            "gamma": np.array(gamma, np.float32),
            "rows": found.components_.T.astype(np.float32),
            "projection": found.normalization_.T.astype(np.float32),
        }

    def nodes(self, graph: Graph, features: str, learnt: Learnt) -> str:
        rows, gamma = learnt["rows"], learnt["gamma"]
        squares = graph.add("ReduceSumSquare", features, graph.integers(1), keepdims=1)
        product = graph.add("MatMul", features, graph.constant(-2 * rows, "rows"))
        lengths = np.square(rows.astype(np.float64)).sum(axis=0, keepdims=True).astype(np.float32)
        distance = graph.add(
            "Add", graph.add("Add", product, squares), graph.constant(lengths, "lengths")
        )
        near = graph.add("Exp", graph.add("Mul", distance, graph.constant(-gamma, "gamma")))
        return graph.add("MatMul", near, graph.constant(learnt["projection"], "projection"))

    def notes(self, learnt: Learnt) -> list[str]:
        count = learnt["rows"].shape[1]
        if count == self.nystroem:
            return []
        return [f"nystroem {self.nystroem} became {count}: it learnt from no more rows."]
