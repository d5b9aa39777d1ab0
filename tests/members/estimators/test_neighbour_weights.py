"""Neighbours export as they answer, however they count: a copy of a training image, too."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from vestry.members.estimators.estimator_onnx import converted
from vestry.members.estimators.onnx_member import session

PIXELS = load_digits().images.reshape(-1, 64).astype(np.float32) / 16
LABELS = load_digits().target


@pytest.mark.parametrize("weights", ["distance", "uniform"])
@pytest.mark.parametrize("count", [1, 3, 7])
def test_the_graph_says_what_the_estimator_says(weights: str, count: int) -> None:
    estimator = KNeighborsClassifier(count, weights=weights).fit(PIXELS[:500], LABELS[:500])
    asked = PIXELS[400:600]  # half of them copies
    graph = session(converted(estimator, PIXELS.shape[1]).SerializeToString())
    names = [output.name for output in graph.get_outputs()]
    given = graph.run(names, {"features": asked})[1]
    assert np.abs(given - estimator.predict_proba(asked)).max() < 1e-3
