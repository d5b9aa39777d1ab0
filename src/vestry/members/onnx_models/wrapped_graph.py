"""The graph around a user's model: raw images to what it takes, what it gives to probabilities
or features.

Only operators that have meant the same since opset 7 stand around it, so that it can stay at its
own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, numpy_helper, version_converter

from vestry.errors import MemberError, one_line
from vestry.members.onnx_models.image_form import ImageForm
from vestry.members.onnx_models.model_file import FLOATS, ModelFile
from vestry.storage.onnx_file import DOMAINS

# A file's own model, nothing around it: what its scores need, at the opset that is asked for.


def own_graph(file: ModelFile) -> onnx.ModelProto:
    """The file's model with its scores alone, as it was."""
    model = onnx.ModelProto()
    model.CopyFrom(file.model)
    for output in [info for info in model.graph.output if info.name != file.output.name]:
        model.graph.output.remove(output)
    _keep_needed(model.graph, file)
    return model


def _keep_needed(graph: onnx.GraphProto, file: ModelFile) -> None:
    """Take out of `graph` what its scores are not computed from."""
    wanted, kept = {file.output.name}, []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(_all_inputs(node))
    wanted.add(file.input.name)
    weights = [tensor for tensor in graph.initializer if tensor.name in wanted]
    inputs = [info for info in graph.input if info.name in wanted]  # old files list weights, too
    for part in (graph.node, graph.initializer, graph.input):
        del part[:]
    graph.node.extend(kept[::-1])
    graph.initializer.extend(weights)
    graph.input.extend(inputs)


def _all_inputs(node: onnx.NodeProto) -> set[str]:
    """Of a node and whatever its own graphs take from around it."""
    names = set(node.input)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                names |= _all_inputs(inner)
            names |= {info.name for info in graph.output}
    return names


def at_opset(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """The same model in operators of `opset`; MemberError where there is no way."""
    try:
        return version_converter.convert_version(model, opset)
    except Exception as error:  # it raises whatever it likes
        raise MemberError(one_line(error)[:200]) from None


# Resizing as two matrix products, so that every runtime computes it alike.


def resize_matrix(size: int, wanted: int) -> NDArray[np.float32]:
    """(wanted, size): each row holds what a new pixel takes of the old ones; rows sum to 1.

    Bilinear with aligned pixel centres and, where it shrinks, a filter as wide as a new pixel:
    what torch does with `antialias=True`, and Pillow by default.
    """
    scale = size / wanted
    width = max(scale, 1.0)
    centres = scale * (np.arange(wanted) + 0.5)
    distances = (np.arange(size) + 0.5 - centres[:, None]) / width
    weights = np.maximum(0.0, 1.0 - np.abs(distances))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


OPSET, IR_VERSION, OLDEST = 21, 10, 7
_GREY_WEIGHTS = (0.299, 0.587, 0.114)
"""ITU-R BT.601, as Pillow turns colour to grey."""
FILE_PREFIX = "file/"
"""Of the names of a file's own values, in the graph around it."""
POOLS = {"average": "GlobalAveragePool", "max": "GlobalMaxPool"}
"""Operators that make one number of each channel's map."""


@dataclass
class _Nodes:
    """Nodes and weights of a graph under construction; `add` gives the name of what it made."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[TensorProto] = field(default_factory=list)

    def add(self, operator: str, *inputs: str | NDArray[Any], **attributes: Any) -> str:
        names = [self.weight(given) if not isinstance(given, str) else given for given in inputs]
        output = f"around/{len(self.nodes) + 1}-{operator.lower()}"
        self.nodes.append(helper.make_node(operator, names, [output], name=output, **attributes))
        return output

    def weight(self, value: NDArray[Any]) -> str:
        name = f"around/weight-{len(self.weights) + 1}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def rename(self, value: str, name: str) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name], name=f"as {name}"))


@dataclass(frozen=True)
class Framing:
    """What stands between raw images of `image_shape` and what a file takes."""

    form: ImageForm
    image_shape: tuple[int, ...]


@dataclass(frozen=True)
class Wrapping(Framing):
    """What stands between raw images of `image_shape` and the probabilities of `classes` classes.

    order: for each class of the data the column of the file's output that holds it; None where
    both have one order.
    """

    classes: int
    logits: bool
    order: tuple[int, ...] | None


def _before(around: _Nodes, wrapping: Framing, type_: int) -> str:
    """From `images`, (rows, height, width[, 3]) uint8, to what the file takes."""
    form = wrapping.form
    planes = _with_channels(around, around.add("Cast", "images", to=TensorProto.FLOAT), wrapping)
    planes = _resized(around, planes, wrapping.image_shape[:2], form.size)
    if form.scale == "unit":
        planes = around.add("Div", planes, np.array(255, np.float32))
    if form.mean:
        planes = around.add("Sub", planes, np.array(form.mean, np.float32).reshape(-1, 1, 1))
    if form.deviation:
        planes = around.add("Div", planes, np.array(form.deviation, np.float32).reshape(-1, 1, 1))
    laid = _laid_out(around, planes, form)
    if type_ == TensorProto.FLOAT:
        return laid
    if type_ not in FLOATS:  # a cast alone would cut off what follows the point
        laid = around.add("Floor", around.add("Add", laid, np.array(0.5, np.float32)))
    return around.add("Cast", laid, to=type_)


def _with_channels(around: _Nodes, pixels: str, wrapping: Framing) -> str:
    """(rows, channels, height, width), the file's channels in its order."""
    height, width, *colour = wrapping.image_shape
    form = wrapping.form
    if form.depth == 1:
        if colour:
            pixels = around.add("MatMul", pixels, np.array(_GREY_WEIGHTS, np.float32)[:, None])
        return _reshaped(around, pixels, 1, height, width)
    if not colour:
        grey = _reshaped(around, pixels, 1, height, width)
        return around.add("Concat", grey, grey, grey, axis=1)
    planes = around.add("Transpose", pixels, perm=[0, 3, 1, 2])
    if form.channels == "bgr":
        return around.add("Gather", planes, np.array([2, 1, 0]), axis=1)
    return planes


def _resized(around: _Nodes, planes: str, given: Sequence[int], wanted: Sequence[int]) -> str:
    if tuple(given) == tuple(wanted):
        return planes
    (height, width), (new_height, new_width) = given, wanted
    across = around.add("MatMul", planes, resize_matrix(width, new_width).T)
    return around.add("MatMul", resize_matrix(height, new_height), across)


def _laid_out(around: _Nodes, planes: str, form: ImageForm) -> str:
    height, width = form.size
    if form.layout != "channels_first":
        planes = around.add("Transpose", planes, perm=[0, 2, 3, 1])
    if form.layout == "flat":
        return _reshaped(around, planes, height * width * form.depth)
    return planes if form.channel_axis else _reshaped(around, planes, height, width)


def _reshaped(around: _Nodes, value: str, *sides: int) -> str:
    """Rows stay as they are: 0 copies their number."""
    return around.add("Reshape", value, np.array([0, *sides], np.int64))


def _after(around: _Nodes, given: str, type_: int, wrapping: Wrapping) -> str:
    """From what the file gives to probabilities in the data's order of classes."""
    if type_ != TensorProto.FLOAT:
        given = around.add("Cast", given, to=TensorProto.FLOAT)
    if wrapping.logits:
        given = around.add("Softmax", given, axis=1)
    elif type_ == TensorProto.FLOAT16:  # their rounded sum is up to a thousandth off
        total = around.add("MatMul", given, np.ones((wrapping.classes, 1), np.float32))
        given = around.add("Div", given, total)
    if wrapping.order is not None:
        given = around.add("Gather", given, np.array(wrapping.order, np.int64), axis=1)
    return given


def inputs_graph(file: ModelFile, wrapping: Framing) -> onnx.ModelProto:
    """The first part alone: raw images to `given`."""
    around = _Nodes()
    around.rename(_before(around, wrapping, file.input.type), "given")
    output = helper.make_tensor_value_info("given", file.input.type, None)
    return _model_of(around, [output], wrapping.image_shape, {"": OPSET}, IR_VERSION)


def whole_graph(file: ModelFile, model: onnx.ModelProto, wrapping: Wrapping) -> onnx.ModelProto:
    """`model`, the file's own at whatever opset, between raw images and probabilities."""
    around = _around(file, model, wrapping)
    scores = _after(around, FILE_PREFIX + file.output.name, file.output.type, wrapping)
    return _named(around, model, wrapping, scores, "probabilities", ["rows", wrapping.classes])


def features_graph(
    file: ModelFile, model: onnx.ModelProto, framing: Framing, given: Sequence[int], pool: str
) -> onnx.ModelProto:
    """`model`, the file's own at whatever opset, between raw images and `features`, (rows, height,
    width, channels) float.

    given: the shape of one image's output; two sides are places and channels, one is channels.
    pool: "average" or "max" of each channel's map, or "none".
    """
    around = _around(file, model, framing)
    value = around.add("Cast", FILE_PREFIX + file.output.name, to=TensorProto.FLOAT)
    if len(given) < 3:
        value = _reshaped(around, value, *[1] * (3 - len(given)), *given)
    first = has_planes(framing.form, given)
    if pool != "none":
        planes = value if first else around.add("Transpose", value, perm=[0, 3, 1, 2])
        value, first = around.add(POOLS[pool], planes), True
    if first:
        value = around.add("Transpose", value, perm=[0, 2, 3, 1])
    return _named(around, model, framing, value, "features", ["rows", None, None, None])


def has_planes(form: ImageForm, sides: Sequence[int]) -> bool:
    """Whether what a file gives for an image, of these sides, has its channels first."""
    return len(sides) == 3 and form.layout != "channels_last"


def _around(file: ModelFile, model: onnx.ModelProto, framing: Framing) -> _Nodes:
    """Raw images, made into what the file takes, and its own nodes."""
    inner = compose.add_prefix(model, FILE_PREFIX)
    around = _Nodes()
    fed = _before(around, framing, file.input.type)
    around.rename(fed, FILE_PREFIX + file.input.name)
    around.nodes.extend(inner.graph.node)
    around.weights.extend(inner.graph.initializer)
    return around


def _named(
    around: _Nodes,
    model: onnx.ModelProto,
    framing: Framing,
    value: str,
    name: str,
    shape: list[str | int | None],
) -> onnx.ModelProto:
    """The whole, with `value` under the name that it promises."""
    around.rename(value, name)
    output = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    versions = {
        entry.domain: entry.version for entry in model.opset_import if entry.domain in DOMAINS
    }
    versions[""] = versions.pop("ai.onnx", versions.get("", OPSET))
    return _model_of(
        around, [output], framing.image_shape, versions, max(model.ir_version, IR_VERSION)
    )


def _model_of(
    around: _Nodes,
    outputs: list[onnx.ValueInfoProto],
    image_shape: tuple[int, ...],
    versions: dict[str, int],
    ir_version: int,
) -> onnx.ModelProto:
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["rows", *image_shape])
    graph = helper.make_graph(around.nodes, "vestry-onnx", [images], outputs, around.weights)
    opsets = [helper.make_opsetid(domain, version) for domain, version in versions.items()]
    return helper.make_model(
        graph, opset_imports=opsets, ir_version=ir_version, producer_name="vestry"
    )
