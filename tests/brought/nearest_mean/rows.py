"""A step of `features` that Vestry does not have: how bright each row of an image is."""

from typing import Literal

from vestry.members.estimators.features.feature_step import Extractor


class RowMeans(Extractor):
    name = "row_means"
    row_means: Literal[True]

    def width(self, shape):
        return shape[0]

    def nodes(self, graph, planes, shape, learnt):
        means = graph.add("ReduceMean", planes, graph.integers(1, 3), keepdims=0)
        return graph.reshape(means, 0, -1)
