"""All numbers so far brought to a like scale."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vestry.members.estimators.features.feature_step import Graph, Learnt, Reduction, register


@register
class Scale(Reduction):
    """standard: z-scores of the rows to learn from; what never changes becomes 0."""

    name = "scale"
    scale: Literal["standard"]

    def learn(self, features: NDArray[np.float32], seed: int) -> Learnt:
        deviation = features.std(axis=0, dtype=np.float64)
        deviation[deviation == 0] = 1.0
        mean = features.mean(axis=0, dtype=np.float64)
        return {"mean": mean.astype(np.float32), "deviation": deviation.astype(np.float32)}

    def nodes(self, graph: Graph, features: str, learnt: Learnt) -> str:
        centred = graph.add("Sub", features, graph.constant(learnt["mean"], "mean"))
        return graph.add("Div", centred, graph.constant(learnt["deviation"], "deviation"))
