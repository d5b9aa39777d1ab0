"""An ONNX file of unknown origin, read: bounded, whole in itself, operators of ONNX alone."""

from collections.abc import Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from vestry.errors import ModelError, one_line
from vestry.storage.regular_file import check_regular

_LARGEST = 2**30
"""Bytes of a file that are read; ResNet50's take a tenth."""
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
"""Whose operators may stand in a file: those of the standard."""


def read_model_bytes(path: Path) -> bytes:
    """The content of an ONNX file; ModelError where it is missing or too large."""
    try:
        check_regular(path)
        if path.stat().st_size > _LARGEST:
            raise ModelError(f"{path}: more than {_LARGEST:,} bytes; so large a model is not read")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from None


def safe_model(content: bytes) -> onnx.ModelProto:
    """The model in `content`, once nothing in it reaches outside the file or the standard.

    Raises ModelError where it is damaged, keeps weights in other files (they could name any path)
    or needs custom operators (they would be code).
    """
    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError) as error:
        raise ModelError(f"not a readable ONNX file ({one_line(error)})") from None
    if not model.graph.node:
        raise ModelError("not an ONNX model: it has no operators")
    functions = {(function.domain, function.name) for function in model.functions}
    for node in nodes_of(model):
        if node.domain not in DOMAINS and (node.domain, node.op_type) not in functions:
            raise ModelError(
                f"the operator {node.op_type} of {node.domain!r} is not one of ONNX; custom "
                "operators are not loaded"
            )
    for tensor in tensors_of(model):
        if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise ModelError(
                f"its weights lie in another file ({tensor.name}); a model that is whole in one "
                "file is needed (from PyTorch with external_data=False)"
            )
    return model


def _graphs_of(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """The graph and all that its operators hold (loops, conditions)."""
    yield graph
    for node in graph.node:
        yield from _attribute_graphs(node)


def _attribute_graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        for inner in (attribute.g, *attribute.graphs):
            if inner.node or inner.initializer:
                yield from _graphs_of(inner)


def nodes_of(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    for graph in _graphs_of(model.graph):
        yield from graph.node
    for function in model.functions:
        for node in function.node:
            yield node
            for graph in _attribute_graphs(node):
                yield from graph.node


def tensors_of(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    for graph in _graphs_of(model.graph):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in nodes_of(model):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
