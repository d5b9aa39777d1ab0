"""The last layers of a backbone's graph: where they begin, what goes into them, what can learn.

Nothing here needs torch: planning asks, too, whether a file has so many layers.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from vestry.errors import MemberError
from vestry.members.onnx_models.wrapped_graph import FILE_PREFIX

_WITH_WEIGHTS = ("Conv", "Gemm", "MatMul")


@dataclass(frozen=True)
class GraphTail:
    """model: the whole graph, `images` to `features`. nodes: its last ones, in order. inputs: the
    values that come into them from the side of the images. learning: names of the weights and
    biases that may change, which no other node uses."""

    model: onnx.ModelProto
    nodes: tuple[onnx.NodeProto, ...]
    inputs: tuple[str, ...]
    learning: tuple[str, ...]

    @cached_property
    def constants(self) -> dict[str, NDArray[Any]]:
        """What the last nodes take besides `inputs`, by name."""
        wanted = {name for node in self.nodes for name in node.input}
        return {
            name: numpy_helper.to_array(tensor)
            for name, tensor in _constants(self.model.graph).items()
            if name in wanted
        }

    def first_part(self) -> bytes:
        """The graph from `images` to `inputs`, an ONNX file."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        kept, wanted = [], set(self.inputs)
        for node in reversed(model.graph.node):
            if wanted.intersection(node.output):
                kept.append(node)
                wanted.update(node.input)
        weights = [tensor for tensor in model.graph.initializer if tensor.name in wanted]
        for part in (model.graph.node, model.graph.initializer, model.graph.output):
            del part[:]
        model.graph.node.extend(kept[::-1])
        model.graph.initializer.extend(weights)
        model.graph.output.extend(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self.inputs
        )
        content: bytes = model.SerializeToString(deterministic=True)
        return content

    def with_weights(self, learnt: dict[str, NDArray[np.float32]]) -> bytes:
        """The whole graph, as an ONNX file, with other values of what may change."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        for tensor in _constants(model.graph).values():
            if tensor.name in learnt:
                tensor.CopyFrom(numpy_helper.from_array(learnt[tensor.name], tensor.name))
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def tail_of(content: bytes, layers: int) -> GraphTail:
    """The last `layers` convolutions and dense layers of a graph from raw images to features, and
    what comes after them.

    Raises MemberError where the graph has fewer of them, or none of their weights can change.
    """
    model = onnx.load_from_string(content)
    nodes, constants = list(model.graph.node), _constants(model.graph)
    weighted = [place for place, node in enumerate(nodes) if _has_weights(node, constants)]
    if layers > len(weighted):
        raise MemberError(
            f"unfreeze: the backbone has {len(weighted)} convolutions and dense layers that can be "
            f"fine-tuned, not {layers}"
        )
    learning = weighted[-layers:]
    places = _from_there_on(nodes, learning)
    last = tuple(nodes[place] for place in places)
    made = {name for node in last for name in node.output}
    taken = dict.fromkeys(name for node in last for name in node.input if name)
    return GraphTail(
        model,
        last,
        tuple(name for name in taken if name not in made and name not in constants),
        _own_weights(nodes, learning, constants),
    )


def _own_weights(
    nodes: list[onnx.NodeProto], learning: list[int], constants: dict[str, TensorProto]
) -> tuple[str, ...]:
    """Weights and biases of the nodes at these places that no other node uses."""
    others = {
        name for place, node in enumerate(nodes) if place not in learning for name in node.input
    }
    own = dict.fromkeys(name for place in learning for name in nodes[place].input[1:])
    found = tuple(
        name
        for name in own
        if name not in others and name in constants and _is_float(constants[name])
    )
    if not found:
        raise MemberError("unfreeze: the last layers share their weights with others")
    return found


def _constants(graph: onnx.GraphProto) -> dict[str, TensorProto]:
    """By name; a node that is a constant has its tensor renamed to its output."""
    found = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        for attribute in node.attribute if node.op_type == "Constant" else ():
            if attribute.name == "value":
                attribute.t.name = node.output[0]
                found[node.output[0]] = attribute.t
    return found


def _has_weights(node: onnx.NodeProto, constants: dict[str, TensorProto]) -> bool:
    """Whether it is such a layer of the file's own; what stands around the file is none."""
    return (
        node.op_type in _WITH_WEIGHTS
        and not node.domain
        and node.output[0].startswith(FILE_PREFIX)
        and node.input[1] in constants
        and _is_float(constants[node.input[1]])
    )


def _is_float(tensor: TensorProto) -> bool:
    return bool(tensor.data_type == TensorProto.FLOAT)


def _from_there_on(nodes: list[onnx.NodeProto], first: list[int]) -> list[int]:
    """Places of these nodes and of all that hang on them; a graph's nodes stand in order."""
    reached: set[str] = set()
    found = []
    for place, node in enumerate(nodes):
        if place in first or reached.intersection(node.input):
            reached.update(node.output)
            found.append(place)
    return found
