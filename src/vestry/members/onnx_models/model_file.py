"""The user's ONNX file: read, checked for safety, and reduced to one input and one output."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, inliner

from vestry.errors import MemberError, ModelError, one_line
from vestry.storage.onnx_file import nodes_of, read_model_bytes, safe_model, tensors_of

_TYPES: dict[int, str] = {
    TensorProto.FLOAT: "float",
    TensorProto.DOUBLE: "double",
    TensorProto.FLOAT16: "float16",
    TensorProto.UINT8: "uint8",
    TensorProto.INT32: "int32",
    TensorProto.INT64: "int64",
}
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
_WEIGHTS = (*FLOATS, TensorProto.BFLOAT16, TensorProto.INT8, TensorProto.UINT8)
_LEARNT = {
    "LinearClassifier": ("coefficients", "intercepts"),
    "LinearRegressor": ("coefficients", "intercepts"),
    "Scaler": ("offset", "scale"),
}
_UNCOUNTED = ("TreeEnsemble", "SVM")
Dimensions = tuple[int | None, ...]
"""Of a tensor; None where the file leaves one open."""


@dataclass(frozen=True)
class Value:
    """An input or output. dimensions: None where the file does not say even how many."""

    name: str
    type: int
    dimensions: Dimensions | None

    @property
    def words(self) -> str:
        """`float (rows, 3, 32, 32)`."""
        kind = _TYPES.get(self.type, TensorProto.DataType.Name(self.type).lower())
        if self.dimensions is None:
            return f"{kind} of no shape"
        sides = ["rows" if side is None and not place else "?" if side is None else str(side)
                 for place, side in enumerate(self.dimensions)]  # fmt: skip
        return f"{kind} ({', '.join(sides)})"


@dataclass(frozen=True)
class OpenedFile:
    """What is known of a file before anybody says which of its outputs is meant: `path`, where it
    lies, and its model without local functions."""

    path: Path
    sha256: str
    model: onnx.ModelProto
    input: Value


@dataclass(frozen=True)
class ModelFile:
    """path: where it lies. model: without local functions. names: classes that it names itself."""

    path: Path
    sha256: str
    model: onnx.ModelProto
    input: Value
    output: Value
    names: tuple[str, ...] | None
    parameters: int | None

    @property
    def opset(self) -> int | None:
        """Of ONNX's own operators; None where it has none of these."""
        versions = {entry.domain: entry.version for entry in self.model.opset_import}
        return versions.get("", versions.get("ai.onnx"))

    @property
    def is_half(self) -> bool:
        """Whether it gives numbers of three digits only."""
        return TensorProto.FLOAT16 in (self.input.type, self.output.type)

    @property
    def producer(self) -> str:
        model = self.model
        return " ".join(filter(None, (model.producer_name, model.producer_version))) or "unknown"


def read_model_file(path: Path, classes: int) -> ModelFile:
    """The model in `path`, for so many classes.

    Raises MemberError where it is missing, damaged, unsafe, or takes or gives something else than
    one tensor of images and one of class scores.
    """
    file = opened_file(path)
    try:
        given, names = _only_output(file.model, classes)
    except MemberError as error:
        raise MemberError(f"{path}: {error}") from None
    count = count_parameters(file.model)
    return ModelFile(path, file.sha256, file.model, file.input, given, names, count)


def opened_file(path: Path) -> OpenedFile:
    """Raises MemberError where it is missing, damaged, unsafe, or takes something else than one
    tensor of images."""
    try:
        content = read_model_bytes(path)
    except ModelError as error:
        raise MemberError(str(error)) from None
    try:
        model = _without_functions(safe_model(content))
        taken = _only_input(model)
    except (ModelError, MemberError) as error:
        raise MemberError(f"{path}: {error}") from None
    return OpenedFile(path, hashlib.sha256(content).hexdigest(), model, taken)


def _without_functions(model: onnx.ModelProto) -> onnx.ModelProto:
    """Its local functions written out; MemberError where it keeps weights in a form not read."""
    if model.graph.sparse_initializer:
        raise MemberError("it keeps sparse weights; export it with dense ones")
    if not model.functions:
        return model
    try:
        return inliner.inline_local_functions(model)
    except Exception as error:  # it raises whatever it likes
        raise MemberError(
            f"its functions cannot be written out ({one_line(error)[:200]})"
        ) from None


def value_of(info: onnx.ValueInfoProto) -> Value | None:
    """None where it is no tensor."""
    if not info.type.HasField("tensor_type"):
        return None
    tensor = info.type.tensor_type
    if not tensor.HasField("shape"):
        return Value(info.name, tensor.elem_type, None)
    sides = [side.dim_value if side.HasField("dim_value") else None for side in tensor.shape.dim]
    # Some exporters write -1 or 0 for a side that they leave open.
    open_ones = tuple(side if side and side > 0 else None for side in sides)
    return Value(info.name, tensor.elem_type, open_ones)


def _only_input(model: onnx.ModelProto) -> Value:
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [info for info in model.graph.input if info.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(info.name for info in inputs) or "none"
        raise MemberError(f"it takes {len(inputs)} inputs ({names}); one, the images, is needed")
    taken = value_of(inputs[0])
    if taken is None or taken.type not in _TYPES:
        kinds = ", ".join(_TYPES.values())
        said = "no tensor" if taken is None else taken.words
        raise MemberError(f"its input {inputs[0].name} is {said}; one of {kinds} is needed")
    return taken


def _only_output(model: onnx.ModelProto, classes: int) -> tuple[Value, tuple[str, ...] | None]:
    """The scores, and the class names that stand with them."""
    _unzip(model)
    values = [found for info in model.graph.output if (found := value_of(info))]
    scores = [found for found in values if found.type in FLOATS]
    fitting = [found for found in scores if found.dimensions is None or _fits(found, classes)]
    if len(fitting) == 1:
        return fitting[0], _class_names(model, fitting[0].name, classes)
    said = "; ".join(f"{found.name}: {found.words}" for found in values)
    if not scores:
        raise MemberError(f"it gives no scores ({said}); export it with its probabilities")
    raise MemberError(
        f"its outputs are {said}; one of floats (rows, {classes}) is needed, a column for every "
        f"class of the data{', not ' + str(len(fitting)) if fitting else ''}"
    )


def _fits(scores: Value, classes: int) -> bool:
    sides = scores.dimensions or ()
    return len(sides) == 2 and sides[1] in (None, classes)


def _unzip(model: onnx.ModelProto) -> None:
    """Put in place of each list of {class: probability} the matrix that it is made from.

    scikit-learn's converter writes such lists (`ZipMap`) unless it is told not to.
    """
    makers = {node.output[0]: node for node in model.graph.node if node.op_type == "ZipMap"}
    for info in model.graph.output:
        if info.name in makers:
            matrix = makers[info.name].input[0]
            info.CopyFrom(helper.make_tensor_value_info(matrix, TensorProto.FLOAT, None))


def _class_names(model: onnx.ModelProto, scores: str, classes: int) -> tuple[str, ...] | None:
    """Names in the order of the columns of `scores`: those that stand beside them, else the only
    ones in the file of as many classes, whose scores a later node may have made into shares."""
    beside = [n for n in model.graph.node if scores in (*n.input, *n.output)]
    for nodes in (beside, model.graph.node):
        found = {names for node in nodes if len(names := _names_in(node)) == classes}
        if len(found) == 1:
            return found.pop()
    return None


def _names_in(node: Any) -> tuple[str, ...]:
    for attribute in node.attribute:
        if attribute.name == "classlabels_strings":
            return tuple(text.decode("utf-8", "replace") for text in attribute.strings)
    return ()


def count_parameters(model: onnx.ModelProto) -> int | None:
    """Numbers among its weights; None where trees or support vectors stand in it."""
    nodes = list(nodes_of(model))
    if any(node.op_type.startswith(_UNCOUNTED) for node in nodes):
        return None
    count = sum(int(np.prod(t.dims)) for t in tensors_of(model) if t.data_type in _WEIGHTS)
    return count + sum(_numbers(node) for node in nodes)


def _numbers(node: Any) -> int:
    wanted = _LEARNT.get(node.op_type, ())
    return sum(len(attribute.floats) for attribute in node.attribute if attribute.name in wanted)
