"""Where a model file is cut to give features: at a named value, or before its output layer."""

from collections.abc import Iterable
from dataclasses import dataclass

import onnx
from onnx import TensorProto, shape_inference

from vestry.errors import MemberError, did_you_mean
from vestry.members.onnx_models.model_file import (
    FLOATS,
    ModelFile,
    OpenedFile,
    Value,
    count_parameters,
    value_of,
)
from vestry.members.onnx_models.wrapped_graph import own_graph

_DENSE = ("Gemm", "MatMul")
_AFTER = {
    *("Add", "Sub", "Mul", "Div", "Clip", "Cast", "Identity", "Dropout"),
    *("Softmax", "LogSoftmax", "Sigmoid", "Reshape", "Flatten", "Squeeze"),
}
"""What may follow an output layer: its bias, a scale, an activation, another shape."""
_SHOWN = 6


@dataclass(frozen=True)
class Cut:
    """file: what is left, whose output are the features. words: where it was cut."""

    file: ModelFile
    words: str


def cut(file: OpenedFile, output: str | None) -> Cut:
    """The part of `file` that gives features: up to the value `output`, or all but its output
    layer.

    An output layer is the dense one after which nothing but a bias and an activation comes; a file
    that has none gives what it gives. Raises MemberError where that is not to be found.
    """
    try:
        name, words = _place(file.model, output)
        return Cut(_left(file, name), words)
    except MemberError as error:
        raise MemberError(f"{file.path}: {error}") from None


def _place(model: onnx.ModelProto, output: str | None) -> tuple[str, str]:
    graph = model.graph
    if output is not None:
        values = [name for node in graph.node for name in node.output if name]
        if output not in values:
            raise MemberError(
                f"there is no value {output!r} in it{did_you_mean(output, values)}; the last ones "
                f"are {_listed(values[-_SHOWN:])}"
            )
        return output, f"cut at {output}"
    scores = _only_scores(graph)
    before = _before_output_layer(graph, scores)
    if before is None:
        return scores, f"no dense layer ends it, so its own output {scores} serves"
    return before, f"cut before its output layer, at {before}"


def _only_scores(graph: onnx.GraphProto) -> str:
    """The one output that may be numbers of floats."""
    values = [found for info in graph.output if (found := value_of(info))]
    floats = [found.name for found in values if found.type in FLOATS]
    if len(floats) != 1:
        said = "; ".join(f"{found.name}: {found.words}" for found in values)
        raise MemberError(f'it has several outputs or none of floats ({said}); say output = "..."')
    return floats[0]


def _before_output_layer(graph: onnx.GraphProto, scores: str) -> str | None:
    """What goes into the dense layer that ends the graph; None where none does."""
    constants = _constants(graph)
    makers = {name: node for node in graph.node for name in node.output}
    value = scores
    while (node := makers.get(value)) is not None:
        data = [name for name in node.input if name and name not in constants]
        if len(data) != 1:
            return None
        if node.op_type in _DENSE and not node.domain:
            return str(data[0])
        if node.op_type not in _AFTER:
            return None
        value = data[0]
    return None


def _constants(graph: onnx.GraphProto) -> set[str]:
    """Values that hang on no image."""
    known = {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" or (
            node.input and known.issuperset(filter(None, node.input))
        ):
            known.update(node.output)
    return known


def _left(file: OpenedFile, name: str) -> ModelFile:
    """The file with the value `name` as its only output, and without what that does not need."""
    if name == file.input.name:
        raise MemberError("nothing is left of it before its output layer; there are no features")
    model = onnx.ModelProto()
    model.CopyFrom(file.model)
    known = _inferred(model)
    value = known.get(name) or Value(name, TensorProto.FLOAT, None)
    if value.type not in FLOATS:
        raise MemberError(f"{name} is {value.words}; features are floats")
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info(name, value.type, None))
    whole = ModelFile(file.path, file.sha256, model, file.input, value, None, None)
    left = own_graph(whole)
    if not left.graph.node or file.input.name not in _names_used(left.graph.node):
        raise MemberError(f"{name} does not hang on the images; there are no features")
    return ModelFile(file.path, file.sha256, left, file.input, value, None, count_parameters(left))


def _inferred(model: onnx.ModelProto) -> dict[str, Value]:
    """Types and shapes, as far as they can be told without computing anything."""
    try:
        graph = shape_inference.infer_shapes(model).graph
    except Exception:  # it raises whatever it likes; running the file tells the rest
        graph = model.graph
    values = (value_of(info) for info in (*graph.value_info, *graph.output))
    return {value.name: value for value in values if value is not None}


def _names_used(nodes: Iterable[onnx.NodeProto]) -> set[str]:
    return {name for node in nodes for name in node.input}


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
