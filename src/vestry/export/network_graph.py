"""A network's layers and weights as ONNX nodes, without torch; each layer adds its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from vestry.members.graph import Graph
from vestry.members.networks.graph_ends import probabilities, scaled_pixels, standardised
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
    values = [_as_trained(graph, weights, pixels)]
    for index, step in enumerate(traced):
        place = f"{index + 1}.{step.layer.key}"
        joined = None if step.joined is None else values[step.joined + 1]
        nodes = Nodes(graph, step, place, weights, joined)
        values.append(step.layer.nodes(nodes, values[-1]))
    return values[-1]


def _as_trained(graph: Graph, weights: Weights, pixels: Value) -> Value:
    """Pixels as z-scores, where the network takes those."""
    if MEAN not in weights:
        return pixels
    return standardised(graph, pixels, weights[MEAN], weights[DEVIATION])


def loaded(tensors: Mapping[str, Any]) -> Weights:
    return {name: np.asarray(value, np.float32) for name, value in tensors.items()}


def stored_network(graph: Graph, folder: Path, card: dict[str, Any]) -> str:
    """Adds the network stored in `folder`; the name of its probabilities of raw `images`."""
    settings = NetworkSettings(**card["settings"])
    shape = tuple(card["image_shape"])
    traced = trace(settings.layers, shape, card["classes"])
    weights = loaded(load_file(folder / WEIGHTS))
    pixels = scaled_pixels(graph, "images", shape)
    is_mirrored = card.get("mirrored_answers", {}).get("used", False)
    return probabilities(
        graph,
        pixels,
        card["classes"],
        is_mirrored,
        lambda value: network_scores(graph, traced, weights, value),
    )
