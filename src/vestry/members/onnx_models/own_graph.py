"""A file's own model, nothing around it: what its scores need, at the opset that is asked for."""

import onnx
from onnx import version_converter

from vestry.errors import MemberError, one_line
from vestry.members.onnx_models.model_file import ModelFile


def own_graph(file: ModelFile) -> onnx.ModelProto:
    """The file's model with its scores alone, as it was."""
    model = onnx.ModelProto()
    model.CopyFrom(file.model)
    for output in [info for info in model.graph.output if info.name != file.output.name]:
        model.graph.output.remove(output)
    keep_needed(model.graph, file)
    return model


def keep_needed(graph: onnx.GraphProto, file: ModelFile) -> None:
    """Take out of `graph` what its scores are not computed from."""
    wanted, kept = {file.output.name}, []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(all_inputs(node))
    wanted.add(file.input.name)
    weights = [tensor for tensor in graph.initializer if tensor.name in wanted]
    inputs = [info for info in graph.input if info.name in wanted]  # old files list weights, too
    for part in (graph.node, graph.initializer, graph.input):
        del part[:]
    graph.node.extend(kept[::-1])
    graph.initializer.extend(weights)
    graph.input.extend(inputs)


def all_inputs(node: onnx.NodeProto) -> set[str]:
    """Of a node and whatever its own graphs take from around it."""
    names = set(node.input)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                names |= all_inputs(inner)
            names |= {info.name for info in graph.output}
    return names


def at_opset(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """The same model in operators of `opset`; MemberError where there is no way."""
    try:
        return version_converter.convert_version(model, opset)
    except Exception as error:  # it raises whatever it likes
        raise MemberError(one_line(error)[:200]) from None
