"""The weight images of a linear model: what each pixel adds to each class's score."""

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from vestry.explanation.budget import Predict
from vestry.explanation.model_graph import Linear, graph_scores

TOLERANCE = 1e-3
"""Largest difference to the model's own scores, by their spread."""


@dataclass(frozen=True, eq=False)
class CheckedWeights:
    """linear: the weights. rows: images on which they were held against the model; gap: the largest
    difference of scores there, as a part of the scores' spread; labels_equal: on how many the
    highest score is the model's answer.
    """

    linear: Linear
    rows: int
    gap: float
    labels_equal: int

    @property
    def is_right(self) -> bool:
        """Whether they are the model's own: a score may tie where a label then differs."""
        return self.gap <= TOLERANCE and self.labels_equal >= 0.99 * self.rows


def checked(
    model: onnx.ModelProto, linear: Linear, predict: Predict, images: NDArray[np.uint8]
) -> CheckedWeights:
    """Hold `linear` against the stored model on real images."""
    own, ours = graph_scores(model, linear.output, images), linear.linked(images)
    if own.shape != ours.shape:  # one score of two classes
        own = np.concatenate([-own, own], axis=1)
    spread = float(own.std()) or 1.0
    labels = predict(images).argmax(axis=1)
    return CheckedWeights(
        linear,
        len(images),
        float(np.abs(own - ours).max() / spread),
        int((linear.scores(images).argmax(axis=1) == labels).sum()),
    )
