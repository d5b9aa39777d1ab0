"""The last layers of a backbone's graph as a torch module, so that they can go on learning.

Each operator is computed as ONNX's specification says; the whole is held against onnxruntime
before anything learns. Batch normalisation keeps its statistics.
"""

from collections.abc import Callable, Mapping
from typing import Any

import onnx
import torch
from onnx import helper
from torch import Tensor, nn
from torch.nn import functional

from vestry.errors import MemberError
from vestry.members.backbones.graph_tail import GraphTail

_Attributes = Mapping[str, Any]
_Operator = Callable[..., Tensor]
"""Takes the node's attributes and the values that it takes, None where one is left out."""
_CONVOLUTIONS: dict[int, Callable[..., Tensor]] = {
    1: functional.conv1d,
    2: functional.conv2d,
    3: functional.conv3d,
}
"""By the number of an image's sides."""
_TOLERANCE = 1e-3
"""Of the largest feature."""


class TailModule(nn.Module):
    """Takes the values `tail.inputs`, gives the graph's features; what may change are parameters.

    Raises MemberError for an operator that is not computed here.
    """

    def __init__(self, tail: GraphTail) -> None:
        super().__init__()
        self.tail = tail
        unknown = sorted({node.op_type for node in tail.nodes if _operator(node) is None})
        if unknown:
            raise MemberError(
                f"unfreeze: the last layers hold {', '.join(unknown)}, which cannot be trained "
                "here; give a smaller unfreeze, or fine-tune the network elsewhere and give what "
                "it became as onnx:FILE"
            )
        self.constants = {
            name: torch.from_numpy(value.copy()) for name, value in tail.constants.items()
        }
        self.weights = nn.ParameterList(
            nn.Parameter(self.constants.pop(name)) for name in tail.learning
        )

    def forward(self, *inputs: Tensor) -> Tensor:
        values = dict(zip(self.tail.inputs, inputs, strict=True)) | self.constants
        values |= dict(zip(self.tail.learning, self.weights, strict=True))
        for node in self.tail.nodes:
            operator = _operator(node)
            assert operator is not None  # noqa: S101 - looked up when it was made
            attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            given = (values[name] if name else None for name in node.input)
            values[node.output[0]] = operator(attributes, *given)
        return values[self.tail.nodes[-1].output[0]]

    def content(self) -> bytes:
        """The whole graph with these weights."""
        learnt = zip(self.tail.learning, self.weights, strict=True)
        return self.tail.with_weights({name: each.detach().numpy() for name, each in learnt})

    def check(self, inputs: list[Tensor], features: Tensor) -> None:
        """Raise MemberError where it gives something else than onnxruntime did."""
        with torch.no_grad():
            gap = float((self(*inputs) - features).abs().max())
        if not gap <= _TOLERANCE * max(1.0, float(features.abs().max())):
            raise MemberError(
                f"unfreeze: computed by torch, the last layers give features that are up to "
                f"{gap:.1e} off; give a smaller unfreeze"
            )


def _operator(node: onnx.NodeProto) -> _Operator | None:
    return None if node.domain or len(node.output) > 1 else _OPERATORS.get(node.op_type)


def _conv(given: _Attributes, values: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    sides = weight.ndim - 2
    strides = given.get("strides", [1] * sides)
    dilations = given.get("dilations", [1] * sides)
    kernel = [(size - 1) * step + 1 for size, step in zip(weight.shape[2:], dilations, strict=True)]
    padded = _padded(given, values, kernel, strides)
    run = _CONVOLUTIONS[sides]
    return run(padded, weight, bias, strides, 0, dilations, given.get("group", 1))


def _padded(
    given: _Attributes,
    values: Tensor,
    kernel: list[int],
    strides: list[int],
    value: float = 0.0,
) -> Tensor:
    """With what ONNX's `pads` or `auto_pad` ask for on the sides of an image."""
    sides = len(kernel)
    automatic = given.get("auto_pad", b"NOTSET")
    before_after = given.get("pads", [0] * 2 * sides)
    pads = list(zip(before_after[:sides], before_after[sides:], strict=True))
    if automatic in (b"SAME_UPPER", b"SAME_LOWER"):
        pads = []
        for side, size, step in zip(values.shape[2:], kernel, strides, strict=True):
            total = max((-(-side // step) - 1) * step + size - side, 0)
            less, more = total // 2, total - total // 2
            pads.append((less, more) if automatic == b"SAME_UPPER" else (more, less))
    flat = [int(size) for pair in reversed(pads) for size in pair]
    return functional.pad(values, flat, value=value) if any(flat) else values


def _max_pool(given: _Attributes, values: Tensor) -> Tensor:
    kernel = list(given["kernel_shape"])
    strides = list(given.get("strides", [1] * len(kernel)))
    padded = _padded(given, values, kernel, strides, float("-inf"))
    has_ceiling = bool(given.get("ceil_mode"))
    found: Tensor = functional.max_pool2d(padded, kernel, strides, ceil_mode=has_ceiling)
    return found


def _gemm(given: _Attributes, left: Tensor, right: Tensor, added: Tensor | None = None) -> Tensor:
    left = left.t() if given.get("transA") else left
    right = right.t() if given.get("transB") else right
    product: Tensor = given.get("alpha", 1.0) * (left @ right)
    return product if added is None else product + given.get("beta", 1.0) * added


def _batch_norm(
    given: _Attributes, values: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, var: Tensor
) -> Tensor:
    return functional.batch_norm(
        values, mean, var, scale, shift, training=False, eps=given.get("epsilon", 1e-5)
    )


def _layer_norm(
    given: _Attributes, values: Tensor, scale: Tensor, shift: Tensor | None = None
) -> Tensor:
    sides = values.shape[given.get("axis", -1) :]
    return functional.layer_norm(values, sides, scale, shift, given.get("epsilon", 1e-5))


def _reshape(given: _Attributes, values: Tensor, shape: Tensor) -> Tensor:
    kept = not given.get("allowzero", 0)
    sides = [values.shape[place] if kept and not s else s for place, s in enumerate(shape.tolist())]
    return values.reshape(sides)


def _flatten(given: _Attributes, values: Tensor) -> Tensor:
    axis = given.get("axis", 1)
    return values.flatten(axis).reshape(values.shape[:axis].numel(), -1)


def _reduce_mean(given: _Attributes, values: Tensor, axes: Tensor | None = None) -> Tensor:
    over = given.get("axes") if axes is None else axes.tolist()
    return values.mean(over, keepdim=bool(given.get("keepdims", 1)))


def _cast(given: _Attributes, values: Tensor) -> Tensor:
    if given["to"] != onnx.TensorProto.FLOAT:
        raise MemberError("unfreeze: the last layers compute in other numbers than floats")
    return values.float()


def _clip(_: _Attributes, values: Tensor, low: Any = None, high: Any = None) -> Tensor:
    return torch.clamp(values, low, high)


def _gelu(given: _Attributes, values: Tensor) -> Tensor:
    return functional.gelu(values, approximate=given.get("approximate", b"none").decode())


def _over_images(values: Tensor) -> tuple[int, ...]:
    return tuple(range(2, values.ndim))


_OPERATORS: dict[str, _Operator] = {
    "Add": lambda _, left, right: left + right,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": lambda given, *parts: torch.cat(parts, given["axis"]),
    "Conv": _conv,
    "Div": lambda _, left, right: left / right,
    "Dropout": lambda _, values, *__: values,
    "Erf": lambda _, values: torch.erf(values),
    "Flatten": _flatten,
    "Gelu": _gelu,
    "Gemm": _gemm,
    "GlobalAveragePool": lambda _, values: values.mean(_over_images(values), keepdim=True),
    "GlobalMaxPool": lambda _, values: values.amax(_over_images(values), keepdim=True),
    "HardSigmoid": lambda given, values: (
        given.get("alpha", 0.2) * values + given.get("beta", 0.5)
    ).clamp(0, 1),
    "HardSwish": lambda _, values: functional.hardswish(values),
    "Identity": lambda _, values: values,
    "LayerNormalization": _layer_norm,
    "LeakyRelu": lambda given, values: functional.leaky_relu(values, given.get("alpha", 0.01)),
    "MatMul": lambda _, left, right: left @ right,
    "MaxPool": _max_pool,
    "Mul": lambda _, left, right: left * right,
    "ReduceMean": _reduce_mean,
    "Relu": lambda _, values: torch.relu(values),
    "Reshape": _reshape,
    "Sigmoid": lambda _, values: torch.sigmoid(values),
    "Sqrt": lambda _, values: torch.sqrt(values),
    "Sub": lambda _, left, right: left - right,
    "Tanh": lambda _, values: torch.tanh(values),
    "Transpose": lambda given, values: values.permute(given["perm"]),
}
