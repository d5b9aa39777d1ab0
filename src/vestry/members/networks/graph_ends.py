"""What stands before and after a network in an ONNX graph, whatever the network is."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vestry.members.graph import Graph
from vestry.members.networks.layer import DEVIATION, MEAN, Value


def scaled_pixels(graph: Graph, images: str, image_shape: tuple[int, ...]) -> Value:
    """Raw images as a network takes them: 0 to 1, channels last."""
    floats = graph.cast(images, "float")
    unit = graph.add("Mul", floats, graph.number(1 / 255))
    shape = image_shape if len(image_shape) == 3 else (*image_shape, 1)
    if len(image_shape) == 2:
        unit = graph.reshape(unit, -1, *shape)
    return Value(unit, shape, "channels_last")


def standardised(
    graph: Graph, pixels: Value, mean: NDArray[np.float32], deviation: NDArray[np.float32]
) -> Value:
    """Pixels as z-scores by each channel's mean and deviation, both (channels,)."""
    shape = (-1, 1, 1) if pixels.layout == "channels_first" else (-1,)
    means, deviations = (
        graph.constant(value.reshape(shape), name)
        for name, value in ((MEAN, mean), (DEVIATION, deviation))
    )
    name = graph.add("Div", graph.add("Sub", pixels.name, means), deviations)
    return Value(name, pixels.shape, pixels.layout)


def softmax(graph: Graph, scores: Value) -> str:
    return graph.add("Softmax", scores.name, axis=1)


def probabilities(
    graph: Graph,
    pixels: Value,
    classes: int,
    is_mirrored: bool,
    scores: Callable[[Value], Value],
) -> str:
    """The name of the probabilities that follow from `scores` of `pixels`; of mirrored ones the
    means with those of mirror images."""
    if not is_mirrored:
        return softmax(graph, scores(pixels))
    both = Value(_with_mirror_images(graph, pixels.name), pixels.shape, pixels.layout)
    pairs = graph.reshape(softmax(graph, scores(both)), 2, -1, classes)
    total = graph.add("ReduceSum", pairs, graph.integers(0), keepdims=0)
    return graph.add("Mul", total, graph.number(0.5))


def _with_mirror_images(graph: Graph, pixels: str) -> str:
    """All images (n, height, width, channels), and then all of them from right to left."""
    to_the_left = [graph.integers(number) for number in (-1, -(2**62), 2, -1)]
    return graph.add("Concat", pixels, graph.add("Slice", pixels, *to_the_left), axis=0)
