"""A network's layers and weights as ONNX nodes, without torch.

Weights come as `weights.safetensors` holds them: kernels as Keras orders them, named by a layer's
place and kind (`3.conv.kernel`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from vestry.export.graph import Graph
from vestry.members.networks import layers as definition
from vestry.members.networks.layers import pair
from vestry.members.networks.network_settings import NetworkSettings
from vestry.members.networks.tracing import TracedLayer, trace

WEIGHTS = "weights.safetensors"
Weights = Mapping[str, NDArray[np.float32]]
Layout = Literal["channels_last", "channels_first", "flat"]
_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}


@dataclass(frozen=True)
class Value:
    """A value in the graph. shape: of one row, (height, width, channels) or (features,), whatever
    the layout."""

    name: str
    shape: tuple[int, ...]
    layout: Layout


class NetworkGraph:
    """Adds a traced network to `graph`, layer by layer."""

    def __init__(self, graph: Graph, traced: Sequence[TracedLayer], weights: Weights) -> None:
        self.graph = graph
        self.traced = traced
        self.weights = weights
        self.known: dict[str, Value] = {}

    def scores(self, pixels: Value) -> Value:
        """What the last layer gives for `pixels`, which are scaled as the network wants them."""
        self.known["input"] = value = pixels
        for index, step in enumerate(self.traced):
            value = self.layer(f"{index + 1}.{step.kind}", step, value)
            if step.layer.name is not None:
                self.known[step.layer.name] = value
        return value

    def layer(self, key: str, step: TracedLayer, value: Value) -> Value:
        match step.layer:
            case definition.Conv() as layer:
                made = self.convolution(key, layer, step, value)
            case definition.Dense() as layer:
                made = self.dense(key, layer, value)
            case definition.Pool() as layer:
                made = self.pool(layer, step, value)
            case definition.GlobalPool() as layer:
                made = self.global_pool(layer, step, value)
            case definition.BatchNorm() as layer:
                made = self.batch_norm(key, layer, value)
            case definition.Flatten():
                made = self.flat(value)
            case definition.Concat() as layer:
                made = self.joined(self.known[layer.concat], value)
            case definition.Dropout():
                made = value  # it does nothing when predicting
            case _:
                raise TypeError(f"no graph stands for {step.layer!r}")
        return made

    def joined(self, other: Value, value: Value) -> Value:
        front, back = self.flat(other), self.flat(value)
        size = front.shape[0] + back.shape[0]
        return Value(self.graph.add("Concat", front.name, back.name, axis=1), (size,), "flat")

    def dense(self, key: str, layer: definition.Dense, value: Value) -> Value:
        kernel, bias = self.weight(key, "kernel"), self.weight(key, "bias")
        name = self.graph.add("Gemm", self.flat(value).name, kernel, bias)
        return Value(self.activated(name, layer.activation), (layer.dense,), "flat")

    def weight(self, key: str, role: str) -> str:
        return self.graph.constant(self.weights[f"{key}.{role}"], f"{key}.{role}")

    def convolution(
        self, key: str, layer: definition.Conv, step: TracedLayer, value: Value
    ) -> Value:
        channels = step.input_shape[2]
        kernel = self.weights[f"{key}.kernel"].reshape(*pair(layer.kernel), channels, layer.conv)
        (top, bottom), (left, right) = layer.pads(step.input_shape)
        name = self.graph.add(
            "Conv",
            self.planes(value).name,
            self.graph.constant(kernel.transpose(3, 2, 0, 1), f"{key}.kernel"),
            self.weight(key, "bias"),
            kernel_shape=pair(layer.kernel),
            strides=pair(layer.stride),
            pads=[top, left, bottom, right],
        )
        return Value(self.activated(name, layer.activation), step.output_shape, "channels_first")

    def pool(self, layer: definition.Pool, step: TracedLayer, value: Value) -> Value:
        name = self.graph.add(
            "MaxPool" if layer.kind == "max" else "AveragePool",
            self.planes(value).name,
            kernel_shape=pair(layer.pool),
            strides=pair(layer.stride or layer.pool),
        )
        return Value(name, step.output_shape, "channels_first")

    def global_pool(self, layer: definition.GlobalPool, step: TracedLayer, value: Value) -> Value:
        kind = "GlobalAveragePool" if layer.global_pool == "average" else "GlobalMaxPool"
        name = self.graph.add(kind, self.planes(value).name)
        return Value(self.graph.reshape(name, -1, *step.output_shape), step.output_shape, "flat")

    def batch_norm(self, key: str, layer: definition.BatchNorm, value: Value) -> Value:
        """With its moving statistics: one factor and one shift a channel."""
        moved = {
            role: self.weights[f"{key}.{role}"].astype(np.float64)
            for role in ("scale", "shift", "moving_mean", "moving_variance")
        }
        factor = moved["scale"] / np.sqrt(moved["moving_variance"] + layer.epsilon)
        shift = moved["shift"] - moved["moving_mean"] * factor
        shape = (-1, 1, 1) if value.layout == "channels_first" else (-1,)
        constants = [
            self.graph.constant(part.astype(np.float32).reshape(shape), f"{key}.{role}")
            for role, part in (("factor", factor), ("shift", shift))
        ]
        scaled = self.graph.add("Mul", value.name, constants[0])
        return Value(self.graph.add("Add", scaled, constants[1]), value.shape, value.layout)

    def activated(self, name: str, activation: str) -> str:
        return name if activation == "none" else self.graph.add(_ACTIVATIONS[activation], name)

    def planes(self, value: Value) -> Value:
        """Channels first, as ONNX convolves."""
        if value.layout == "channels_first":
            return value
        height, width, channels = value.shape
        if channels == 1 or height * width == 1:
            name = self.graph.reshape(value.name, -1, channels, height, width)
        else:
            name = self.graph.add("Transpose", value.name, perm=[0, 3, 1, 2])
        return Value(name, value.shape, "channels_first")

    def flat(self, value: Value) -> Value:
        """Row by row, channels fastest, as the network was trained."""
        if value.layout == "flat":
            return value
        name, size = value.name, int(np.prod(value.shape))
        if value.layout == "channels_first" and value.shape[2] > 1 and size > value.shape[2]:
            name = self.graph.add("Transpose", name, perm=[0, 2, 3, 1])
        return Value(self.graph.reshape(name, -1, size), (size,), "flat")


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
    network = NetworkGraph(graph, traced, loaded(load_file(folder / WEIGHTS)))
    return softmax(graph, network.scores(scaled_pixels(graph, "images", shape)))
