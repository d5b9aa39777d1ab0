"""The weight images of a linear model: what each pixel adds to each class's score."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper

from vestry.attribution.budget import Predict

# What a stored estimator's ONNX file holds: one weight a pixel, trees, or something else.


_FEATURES = "estimator_features"
OFFSET, DIVISOR = "v_offset", "v_divisor"
WHITE = 255.0


@dataclass(frozen=True, eq=False)
class Linear:
    """Scores of a linear model on raw pixels.

    weights: (classes, height, width[, 3]) what a pixel adds to each class's score when it goes from
    0 to 255; bias: (classes,) the scores of a black image. The scaling of pixels is folded in.
    output: the name of the scores in the graph. link: what turns weights and bias into these:
    NONE, SOFTMAX or LOGISTIC.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    output: str
    link: str

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(n, classes) before the link."""
        pixels = images.reshape(len(images), -1) / WHITE
        return np.asarray(pixels @ self.weights.reshape(len(self.bias), -1).T + self.bias)

    def linked(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(n, classes) as the graph gives them."""
        scores = self.scores(images)
        if self.link == "SOFTMAX":
            raised = np.exp(scores - scores.max(axis=1, keepdims=True))
            return np.asarray(raised / raised.sum(axis=1, keepdims=True))
        return 1 / (1 + np.exp(-scores)) if self.link == "LOGISTIC" else scores


def read_graph(path: Path) -> onnx.ModelProto:
    return onnx.load(str(path), load_external_data=False)


def has_trees(model: onnx.ModelProto) -> bool:
    return any(node.op_type.startswith("TreeEnsemble") for node in model.graph.node)


def linear(model: onnx.ModelProto, image_shape: tuple[int, ...], classes: int) -> Linear | None:
    """The weights of a model whose scores are linear in the pixels; None for any other.

    Two forms are known: one LinearClassifier, or one product and one sum, right after the features.
    """
    found = _classifier_node(model) or _product_and_sum(model)
    if found is None or found[0].shape[0] not in (1, classes):
        return None
    values = _initializers(model)
    if not {OFFSET, DIVISOR} <= values.keys():  # linear in features, not in pixels
        return None
    weights, bias, output, link = found
    if len(weights) == 1:  # one score of two classes, for the second
        if classes != 2:
            return None
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    offset, divisor = values[OFFSET].astype(np.float64), values[DIVISOR].astype(np.float64)
    folded = weights / divisor
    return Linear(
        (folded * WHITE).reshape(classes, *image_shape), bias - folded @ offset, output, link
    )


_Found = tuple[NDArray[np.float64], NDArray[np.float64], str, str]


def _classifier_node(model: onnx.ModelProto) -> _Found | None:
    nodes = [node for node in model.graph.node if node.op_type == "LinearClassifier"]
    if len(nodes) != 1 or nodes[0].input[0] != _FEATURES:
        return None
    given = {a.name: onnx.helper.get_attribute_value(a) for a in nodes[0].attribute}
    link = given.get("post_transform", b"NONE").decode()
    labels = given.get("classlabels_ints")
    if link not in ("NONE", "SOFTMAX", "LOGISTIC") or not labels:
        return None
    bias = np.array(given["intercepts"], np.float64)
    weights = np.array(given["coefficients"], np.float64).reshape(len(bias), -1)
    order = np.argsort(labels) if len(bias) == len(labels) else np.arange(len(bias))
    return weights[order], bias[order], nodes[0].output[1], link


def _product_and_sum(model: onnx.ModelProto) -> _Found | None:
    products = [node for node in model.graph.node if node.op_type in ("MatMul", "Gemm")]
    if len(products) != 1 or products[0].op_type != "MatMul" or products[0].input[0] != _FEATURES:
        return None
    sums = [
        node
        for node in model.graph.node
        if node.op_type == "Add" and node.input[0] == products[0].output[0]
    ]
    values = _initializers(model)
    if len(sums) != 1 or not {products[0].input[1], sums[0].input[1]} <= values.keys():
        return None
    weights = values[products[0].input[1]].astype(np.float64).T
    bias = values[sums[0].input[1]].astype(np.float64).reshape(-1)
    if weights.ndim != 2 or len(bias) != len(weights):
        return None
    return weights, bias, sums[0].output[0], "NONE"


def _initializers(model: onnx.ModelProto) -> dict[str, NDArray[np.generic]]:
    return {value.name: numpy_helper.to_array(value) for value in model.graph.initializer}


def _graph_scores(
    model: onnx.ModelProto, output: str, images: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """What stands under the name `output` inside the graph when it answers `images`."""
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    opened.graph.output.append(onnx.helper.make_empty_tensor_value_info(output))
    session = onnxruntime.InferenceSession(
        opened.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run([output], {"images": images})[0], np.float64)


_TOLERANCE = 1e-3
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
        return self.gap <= _TOLERANCE and self.labels_equal >= 0.99 * self.rows


def checked(
    model: onnx.ModelProto, linear: Linear, predict: Predict, images: NDArray[np.uint8]
) -> CheckedWeights:
    """Hold `linear` against the stored model on real images."""
    own, ours = _graph_scores(model, linear.output, images), linear.linked(images)
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
