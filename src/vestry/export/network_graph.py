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
    known: dict[str | None, Value] = {"input": value}
    for index, step in enumerate(traced):
        layer = step.layer
        place = f"{index + 1}.{layer.key}"
        value = layer.nodes(Nodes(graph, step, place, weights, known.get(layer.joins)), value)
        if layer.name is not None:
            known[layer.name] = value
    return value


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
    return softmax(graph, network_scores(graph, traced, weights, pixels))
