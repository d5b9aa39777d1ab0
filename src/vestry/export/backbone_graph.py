"""Frozen backbones with their heads as ONNX nodes: VGG16, ResNet50, an earlier network, a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from vestry.errors import ModelError
from vestry.export.network_graph import WEIGHTS, loaded, network_scores
from vestry.members.backbones.published import PUBLISHED
from vestry.members.backbones.settings import HEAD_FILE, BackboneSettings
from vestry.members.backbones.source import image_size, network_of
from vestry.members.graph import Graph
from vestry.members.networks.graph_ends import softmax
from vestry.members.networks.layer import Value, Weights, flat
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.tracing import trace
from vestry.members.onnx_models.wrapped_graph import POOLS, resize_matrix
from vestry.storage.onnx_file import read_model_bytes, safe_model

_GREY_WEIGHTS = (0.299, 0.587, 0.114)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels / 255; as in `members.backbones.backbone`, which needs torch."""
_VGG16_BLOCKS = (2, 2, 3, 3, 3)
_RESNET50_DEPTHS = (3, 4, 6, 3)
_EPSILON = 1e-5
"""Of torch's batch normalisation."""


def backbone_graph(graph: Graph, folder: Path, card: dict[str, Any]) -> str:
    """Adds the head and backbone stored in `folder`; the name of their probabilities of `images`.

    Raises ModelError where the backbone's file is not there.
    """
    settings = BackboneSettings(**card["settings"])
    suffix = "onnx" if settings.is_graph else "safetensors"
    path = folder / f"backbone-{card['backbone']['sha256'][:16]}.{suffix}"
    if not path.is_file():
        raise ModelError(f"{folder.name} cannot be exported: {path} is not there")
    if settings.is_graph:
        features = _file_features(graph, path, card)
    else:
        frozen = loaded(load_file(path))
        features = backbone_features(graph, "images", settings, card, frozen)
    if settings.estimator is not None:
        return _estimator_head(graph, features, folder)
    head = NetworkSettings(**card["head"]["settings"])
    traced = trace(head.layers, features.shape, card["head"]["classes"])
    weights = loaded(load_file(folder / WEIGHTS))
    return softmax(graph, network_scores(graph, traced, weights, features))


def _file_features(graph: Graph, path: Path, card: Mapping[str, Any]) -> Value:
    """Of a backbone that is a graph already."""
    height, width, channels = card["backbone"]["feature_shape"]
    name = graph.inline(safe_model(read_model_bytes(path)), "images")
    return Value(name, (height, width, channels), "channels_last")


def _estimator_head(graph: Graph, features: Value, folder: Path) -> str:
    """An estimator takes features as they were kept, channels last."""
    name = features.name
    if features.layout == "channels_first":
        name = graph.add("Transpose", name, perm=[0, 2, 3, 1])
    return graph.inline(safe_model(read_model_bytes(folder / HEAD_FILE)), name)


def backbone_features(
    graph: Graph, images: str, settings: BackboneSettings, card: Mapping[str, Any], weights: Weights
) -> Value:
    """The features that the head on a backbone takes.

    card: the model's. weights: the backbone's file, in torchvision's names or those of a network.
    """
    shape = tuple(card["image_shape"])
    planes = _raw_planes(graph, images, shape)
    if not settings.published:
        return _earlier_features(graph, planes, shape, card["earlier_network"], weights)
    size = image_size(settings, shape)
    planes = _normalised(graph, _resized(graph, planes, shape[:2], size))
    module = _TorchNetwork(graph, weights)
    features = module.vgg16(planes) if settings.backbone == "vgg16" else module.resnet50(planes)
    return _pooled(graph, features, settings, size)


def _raw_planes(graph: Graph, images: str, shape: tuple[int, ...]) -> str:
    """(n, channels, height, width) float, 0 to 255."""
    floats = graph.cast(images, "float")
    if len(shape) == 2:
        return graph.reshape(floats, -1, 1, *shape)
    return graph.add("Transpose", floats, perm=[0, 3, 1, 2])


def _resized(graph: Graph, planes: str, shape: tuple[int, ...], size: tuple[int, ...]) -> str:
    if tuple(shape) == tuple(size):
        return planes
    rows = graph.constant(resize_matrix(shape[0], size[0]), "rows")
    columns = graph.constant(resize_matrix(shape[1], size[1]).T, "columns")
    return graph.add("MatMul", graph.add("MatMul", rows, planes), columns)


def _normalised(graph: Graph, planes: str) -> str:
    """ImageNet's normalisation; a grey plane becomes three by it."""
    mean, deviation = (
        graph.constant(np.array(part, np.float32).reshape(3, 1, 1) * np.float32(255), word)
        for part, word in ((MEAN, "mean"), (DEVIATION, "deviation"))
    )
    return graph.add("Div", graph.add("Sub", planes, mean), deviation)


def _pooled(
    graph: Graph, features: str, settings: BackboneSettings, size: tuple[int, int]
) -> Value:
    """An early pool, made where the study's own fit makes it."""
    height, width, channels = PUBLISHED[settings.backbone].feature_map(size)
    pool = settings.early_pool
    if pool is not None and (height, width) != (1, 1):
        return Value(graph.add(POOLS[pool], features), (1, 1, channels), "channels_first")
    return Value(features, (height, width, channels), "channels_first")


def _earlier_features(
    graph: Graph,
    planes: str,
    image_shape: tuple[int, ...],
    card: dict[str, Any],
    weights: Weights,
) -> Value:
    layers, shape, classes = network_of(card)
    if len(image_shape) == 3 and shape[2] == 1:
        grey = graph.constant(np.array(_GREY_WEIGHTS, np.float32).reshape(1, 3, 1, 1), "grey")
        weighted = graph.add("Mul", planes, grey)
        planes = graph.add("ReduceSum", weighted, graph.integers(1), keepdims=1)
    elif len(image_shape) == 2 and shape[2] == 3:
        planes = graph.add("Concat", planes, planes, planes, axis=1)
    planes = _resized(graph, planes, image_shape[:2], shape[:2])
    pixels = Value(graph.add("Mul", planes, graph.number(1 / 255)), shape, "channels_first")
    traced = trace(layers, shape, classes)[:-1]
    features = flat(graph, network_scores(graph, traced, weights, pixels))
    name = graph.reshape(features.name, -1, 1, 1, features.shape[0])
    return Value(name, (1, 1, features.shape[0]), "channels_last")


class _TorchNetwork:
    """Adds torchvision's layers to `graph`; `weights` are in its names."""

    def __init__(self, graph: Graph, weights: Weights) -> None:
        self.graph = graph
        self.weights = weights

    def vgg16(self, planes: str) -> str:
        place = 0
        for count in _VGG16_BLOCKS:
            for _ in range(count):
                planes = self.graph.add("Relu", self.convolution(f"features.{place}", planes, 1))
                place += 2
            planes = self.graph.add("MaxPool", planes, kernel_shape=[2, 2], strides=[2, 2])
            place += 1
        return planes

    def resnet50(self, planes: str) -> str:
        planes = self.normalised("conv1", "bn1", planes, pads=3, stride=2)
        planes = self.graph.add("Relu", planes)
        planes = self.graph.add(
            "MaxPool", planes, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]
        )
        for layer, depth in enumerate(_RESNET50_DEPTHS, 1):
            for block in range(depth):
                stride = 2 if layer > 1 and block == 0 else 1
                planes = self.bottleneck(f"layer{layer}.{block}", planes, stride)
        return planes

    def bottleneck(self, key: str, planes: str, stride: int) -> str:
        add = self.graph.add
        inner = add("Relu", self.normalised(f"{key}.conv1", f"{key}.bn1", planes))
        inner = self.normalised(f"{key}.conv2", f"{key}.bn2", inner, pads=1, stride=stride)
        inner = self.normalised(f"{key}.conv3", f"{key}.bn3", add("Relu", inner))
        if f"{key}.downsample.0.weight" in self.weights:
            names = f"{key}.downsample.0", f"{key}.downsample.1"
            planes = self.normalised(*names, planes, stride=stride)
        return add("Relu", add("Add", inner, planes))

    def convolution(self, key: str, planes: str, pads: int) -> str:
        kernel, bias = (self.weights[f"{key}.{role}"] for role in ("weight", "bias"))
        return self.convolved(key, planes, kernel, bias, pads, 1)

    def normalised(self, key: str, norm: str, planes: str, pads: int = 0, stride: int = 1) -> str:
        """A convolution without bias and the batch normalisation after it, as one convolution."""
        kernel = self.weights[f"{key}.weight"].astype(np.float64)
        roles = ("weight", "bias", "running_mean", "running_var")
        scale, shift, mean, variance = (
            self.weights[f"{norm}.{role}"].astype(np.float64) for role in roles
        )
        factor = scale / np.sqrt(variance + _EPSILON)
        folded = (kernel * factor[:, None, None, None]).astype(np.float32)
        bias = (shift - mean * factor).astype(np.float32)
        return self.convolved(key, planes, folded, bias, pads, stride)

    def convolved(
        self,
        key: str,
        planes: str,
        kernel: NDArray[np.float32],
        bias: NDArray[np.float32],
        pads: int,
        stride: int,
    ) -> str:
        return self.graph.add(
            "Conv",
            planes,
            self.graph.constant(kernel, f"{key}.weight"),
            self.graph.constant(bias, f"{key}.bias"),
            kernel_shape=list(kernel.shape[2:]),
            strides=[stride, stride],
            pads=[pads] * 4,
        )
