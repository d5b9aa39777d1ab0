"""Mends the graph of neighbours that count by their distance, which skl2onnx writes wrong.

Its TopK gives the smallest distances as they are, yet the weights are made as of negated ones: all
become the floor's, and each neighbour counts alike.
"""

import onnx
from onnx import numpy_helper

_FACTOR = "mended_factor"


def mend_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model, with distances no longer negated before their floor; others as they are."""
    smallest = {
        node.output[0]
        for node in model.graph.node
        if node.op_type == "TopK" and any(a.name == "largest" and not a.i for a in node.attribute)
    }
    constants = {one.name: one for one in model.graph.initializer}
    negated = [
        node
        for node in model.graph.node
        if node.op_type == "Mul" and node.input[0] in smallest and node.input[1] in constants
    ]
    floored = {name for node in model.graph.node if node.op_type == "Max" for name in node.input}
    for node in negated:
        factor = numpy_helper.to_array(constants[node.input[1]])
        if node.output[0] in floored and (factor == -1).all():
            model.graph.initializer.append(numpy_helper.from_array(-factor, _FACTOR))
            node.input[1] = _FACTOR
    return model
