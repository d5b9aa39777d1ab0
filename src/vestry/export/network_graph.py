"""A network's layers and weights as ONNX nodes, without torch; each layer adds its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from vestry.members.graph import Graph
from vestry.members.networks.layer import DEVIATION, MEAN, Nodes, TracedLayer, Value, Weights
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.tracing import trace

WEIGHTS = "weights.safetensors"


def network_scores(
    graph: Graph, traced: Sequence[TracedLayer], weights: Weights, pixels: Value
) -> Value:
    """What the last layer gives for `pixels`, 0 to 1, or the features that a head takes.

    weights: as `weights.safetensors` holds them, named by a layer's place and key
    (`3.conv.kernel`).
    """
    value = _standardised(graph, weights, pixels)
    values = [value]
    for index, step in enumerate(traced):
        place = f"{index + 1}.{step.layer.key}"
        joined = None if step.joined is None else values[step.joined + 1]
        nodes = Nodes(graph, step, place, weights, joined)
        values.append(step.layer.nodes(nodes, values[-1]))
    return values[-1]


def _standardised(graph: Graph, weights: Weights, pixels: Value) -> Value:
    """Pixels as z-scores, where the network takes those."""
    if MEAN not in weights:
        return pixels
    shape = (-1, 1, 1) if pixels.layout == "channels_first" else (-1,)
    mean, deviation = (
        graph.constant(weights[name].reshape(shape), name) for name in (MEAN, DEVIATION)
    )
    name = graph.add("Div", graph.add("Sub", pixels.name, mean), deviation)
    return Value(name, pixels.shape, pixels.layout)


def scaled_pixels(graph: Graph, images: str, image_shape: tuple[int, ...]) -> Value:
    """Raw images as a network takes them: 0 to 1, channels last."""
    floats = graph.cast(images, "float")
    unit = graph.add("Mul", floats, graph.number(1 / 255))
    shape = image_shape if len(image_shape) == 3 else (*image_shape, 1)
    if len(image_shape) == 2:
        unit = graph.reshape(unit, -1, *shape)
    return Value(unit, shape, "channels_last")


def softmax(graph: Graph, scores: Value) -> str:
    return graph.add("Softmax", scores.name, axis=1)


def loaded(tensors: Mapping[str, Any]) -> Weights:
    return {name: np.asarray(value, np.float32) for name, value in tensors.items()}


def stored_network(graph: Graph, folder: Path, card: dict[str, Any]) -> str:
    """Adds the network stored in `folder`; the name of its probabilities of raw `images`."""
    settings = NetworkSettings(**card["settings"])
    shape = tuple(card["image_shape"])
    traced = trace(settings.layers, shape, card["classes"])
    weights = loaded(load_file(folder / WEIGHTS))
    pixels = scaled_pixels(graph, "images", shape)
    if not card.get("mirrored_answers", {}).get("used", False):
        return softmax(graph, network_scores(graph, traced, weights, pixels))
    both = Value(_with_mirror_images(graph, pixels.name), pixels.shape, pixels.layout)
    answers = softmax(graph, network_scores(graph, traced, weights, both))
    pairs = graph.reshape(answers, 2, -1, card["classes"])
    total = graph.add("ReduceSum", pairs, graph.integers(0), keepdims=0)
    return graph.add("Mul", total, graph.number(0.5))


def _with_mirror_images(graph: Graph, pixels: str) -> str:
    """All images (n, height, width, channels), and then all of them from right to left."""
    to_the_left = [graph.integers(number) for number in (-1, -(2**62), 2, -1)]
    return graph.add("Concat", pixels, graph.add("Slice", pixels, *to_the_left), axis=0)
