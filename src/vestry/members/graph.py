"""An ONNX graph under construction: every value has a name of its own, weights are kept once."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, numpy_helper, version_converter

from vestry.errors import ModelError, one_line

OPSET, ML_OPSET, IR_VERSION = 21, 3, 10
_TYPES = {"float": TensorProto.FLOAT, "double": TensorProto.DOUBLE}


class Graph:
    """Nodes and weights; `add` and `constant` give the name of what they made.

    part: a word that names begin with from now on, so that a reader of the file sees whose they
    are.
    """

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, TensorProto] = {}
        self.part = ""
        self.count = 0

    def name(self, word: str) -> str:
        self.count += 1
        return f"{self.part}/{word}-{self.count}" if self.part else f"{word}-{self.count}"

    def constant(self, value: NDArray[Any], word: str = "constant") -> str:
        name = self.name(word)
        self.weights[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def integers(self, *values: int) -> str:
        """A list of integers, such as a shape or axes; the same list is kept once."""
        name = f"integers{values}"
        self.weights.setdefault(name, numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def number(self, value: float, kind: str = "float") -> str:
        name = f"{kind}({value!r})"
        array = np.array(value, np.float64 if kind == "double" else np.float32)
        self.weights.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = self.name(operator.lower())
        self.nodes.append(
            helper.make_node(operator, list(inputs), [output], name=output, **attributes)
        )
        return output

    def cast(self, value: str, kind: str) -> str:
        return self.add("Cast", value, to=_TYPES[kind])

    def reshape(self, value: str, *shape: int) -> str:
        return self.add("Reshape", value, self.integers(*shape))

    def inline(self, model: onnx.ModelProto, images: str) -> str:
        """Put a whole model in; returns the name of its first output.

        Raises ModelError where its operators cannot be brought to this graph's versions.
        """
        inner = compose.add_prefix(_at_our_versions(model), f"{self.part}/")
        taken = inner.graph.input[0].name
        for node in inner.graph.node:
            node.input[:] = [images if name == taken else name for name in node.input]
        self.nodes.extend(inner.graph.node)
        self.weights |= {tensor.name: tensor for tensor in inner.graph.initializer}
        return str(inner.graph.output[0].name)

    def rename(self, value: str, name: str) -> str:
        """Give a value the name that the file promises."""
        self.nodes.append(helper.make_node("Identity", [value], [name], name=f"as {name}"))
        return name


def _at_our_versions(model: onnx.ModelProto) -> onnx.ModelProto:
    versions = {entry.domain: entry.version for entry in model.opset_import}
    if versions.get("ai.onnx.ml", ML_OPSET) > ML_OPSET:
        raise ModelError(f"operators of ai.onnx.ml {versions['ai.onnx.ml']} are not taken here")
    if versions.get("", OPSET) == OPSET:
        return model
    try:
        return version_converter.convert_version(model, OPSET)
    except Exception as error:  # it raises whatever it likes
        raise ModelError(
            f"its operators (opset {versions.get('')}) cannot be brought to opset {OPSET}: "
            f"{one_line(error)[:200]}"
        ) from error


def finished(
    graph: Graph, image_shape: tuple[int, ...], outputs: dict[str, tuple[int, ...]]
) -> onnx.ModelProto:
    """The model of raw images whose values `outputs` name, with the shape of one row each.

    Raises ModelError where it is not a valid one.
    """
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["rows", *image_shape])
    return model_of(graph, images, outputs)


def model_of(
    graph: Graph, taken: onnx.ValueInfoProto, outputs: dict[str, tuple[int, ...]]
) -> onnx.ModelProto:
    """As `finished`, of whatever `taken` says that goes in."""
    made = helper.make_graph(
        graph.nodes,
        "vestry",
        [taken],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", *shape])
            for name, shape in outputs.items()
        ],
        list(graph.weights.values()),
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(
        made, opset_imports=opsets, ir_version=IR_VERSION, producer_name="vestry"
    )
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ModelError(f"what was made is not a valid model: {one_line(error)[:300]}") from error
    return model
