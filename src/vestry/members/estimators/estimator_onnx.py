"""Fitted estimators as ONNX files: raw images in, probabilities out, nothing pickled.

A converted model is kept only if it passes the parity gate on real rows; converters are known to be
silently wrong for some models.
"""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, numpy_helper

from vestry.errors import MemberError, one_line
from vestry.members.estimators.features.learnt_features import LearntFeatures
from vestry.members.estimators.kind import Scaling
from vestry.members.estimators.neighbour_weights import mend_weights
from vestry.members.estimators.onnx_member import run, session
from vestry.members.graph import IR_VERSION, ML_OPSET, OPSET, Graph
from vestry.predictions.same_answers import same_answers
from vestry.storage.run_folder import atomic_path

# Decision trees and forests: their votes tie, and ties must be settled alike everywhere.


def is_trees(estimator: Any) -> bool:
    """Whether it is a decision tree or a forest, whose answer is its most probable class.

    Equal sums of votes come out unequal in their last digits, and that would then decide: in
    scikit-learn by the sixteenth digit, in a converted forest by the eighth. So ties are looked
    for in float probabilities that were added up in double, and the first of the classes that tie
    is the answer, of the estimator and of its stored form.
    """
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier  # noqa: PLC0415
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415 - heavy, both

    return isinstance(
        estimator, RandomForestClassifier | ExtraTreesClassifier | DecisionTreeClassifier
    )


_GATE_ROWS = 1000
_GATE_TOLERANCE = 1e-4
_OPSETS = {"": OPSET, "ai.onnx.ml": ML_OPSET}


class Exportable(Protocol):
    """What the graph of a fitted estimator is made from, and checked against."""

    estimator: Any
    scaling: Scaling | LearntFeatures
    image_shape: tuple[int, ...]
    classes: int
    temperature: float | None
    on_features: bool
    check_images: NDArray[np.uint8] | None

    def answer(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], int]: ...


def save_onnx(member: Exportable, path: Path) -> dict[str, Any]:
    """Write `member` to `path` and return what the parity gate measured.

    Raises MemberError where the estimator has no converter or the gate refuses the result.
    """
    model = whole_graph(member, converted(member.estimator, member.scaling.width))
    content = model.SerializeToString()
    gate = _parity(member, content)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return gate


def converted(estimator: Any, features: int) -> onnx.ModelProto:
    """The estimator alone: float features to label and scores.

    Which options a converter takes differs by class, so they are offered from most to least.
    """
    from skl2onnx import convert_sklearn  # noqa: PLC0415 - heavy
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType  # noqa: PLC0415

    kind = DoubleTensorType if is_trees(estimator) else FloatTensorType
    inputs = [("features", kind([None, features]))]
    raw = {} if hasattr(estimator, "predict_proba") else {"raw_scores": True}
    offers: list[dict[str, bool]] = [{"zipmap": False, **raw}, raw, {"zipmap": False}, {}]
    reason: Exception | None = None
    for offer in offers:
        try:
            options = {id(estimator): offer} if offer else None
            with warnings.catch_warnings(), _plain_numbers():
                # It reads attributes that scikit-learn has deprecated.
                warnings.simplefilter("ignore", FutureWarning)
                model: onnx.ModelProto = convert_sklearn(
                    estimator, initial_types=inputs, options=options, target_opset=_OPSETS
                )
                return mend_weights(model)
        except Exception as error:  # converters raise whatever they like
            reason = error
    raise MemberError(
        f"not stored: {type(estimator).__name__} has no ONNX form here ({one_line(reason)[:160]})"
        if reason
        else "not stored"
    )


@contextlib.contextmanager
def _plain_numbers() -> Iterator[None]:
    """While skl2onnx converts: whole numbers where it gives truth values among others, which the
    protobuf of today refuses; so boosting by histograms has no ONNX form otherwise."""
    from skl2onnx.common import _container  # noqa: PLC0415 - heavy

    theirs = _container.make_node

    def whole(value: Any) -> Any:
        is_list = isinstance(value, list)
        return (
            [int(v) if isinstance(v, bool | np.bool_) else v for v in value] if is_list else value
        )

    def make_node(*given: Any, **attributes: Any) -> onnx.NodeProto:
        taken = {key: whole(value) for key, value in attributes.items()}
        node: onnx.NodeProto = theirs(*given, **taken)
        return node

    _container.make_node = make_node
    try:
        yield
    finally:
        _container.make_node = theirs


def whole_graph(member: Exportable, model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` between raw images and probabilities that agree with its own label."""
    model = compose.add_prefix(model, "estimator_")
    label, *rest = [output.name for output in model.graph.output]
    scores = rest[0] if rest else None
    kind = TensorProto.FLOAT if member.on_features else TensorProto.UINT8
    images = helper.make_tensor_value_info("images", kind, ["rows", *member.image_shape])
    probabilities = helper.make_tensor_value_info(
        "probabilities", TensorProto.FLOAT, ["rows", member.classes]
    )
    features, given = _features(member)
    graph = helper.make_graph(
        [
            *features,
            *model.graph.node,
            *_probability_nodes(member, label, scores),
        ],
        "vestry-estimator",
        [images],
        [probabilities],
        [*model.graph.initializer, *given, *_constants(member)],
    )
    versions = {entry.domain: entry.version for entry in model.opset_import}
    versions[""] = _OPSETS[""]
    opsets = [helper.make_opsetid(domain, version) for domain, version in versions.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def _constants(member: Exportable) -> list[TensorProto]:
    values: dict[str, NDArray[Any]] = {
        "v_classes": np.array(member.classes, np.int64),
        "v_off_on": np.array([0, 1], np.float32),
        "v_last": np.array([1], np.int64),
    }
    if member.temperature is not None:
        values["v_temperature"] = np.array(member.temperature, np.float32)
    return [numpy_helper.from_array(value, name) for name, value in values.items()]


def _features(member: Exportable) -> tuple[list[onnx.NodeProto], list[TensorProto]]:
    """Features as the member computes them, and their constants; in double where the estimator
    wants them so."""
    kind = TensorProto.DOUBLE if is_trees(member.estimator) else TensorProto.FLOAT
    if isinstance(member.scaling, Scaling):
        nodes, given, made = _scaling_nodes(), _scaling_constants(member.scaling), "v_features"
    else:
        graph = Graph()
        graph.part = "features"
        made = member.scaling.nodes(graph, "images")
        nodes, given = graph.nodes, list(graph.weights.values())
    return [*nodes, helper.make_node("Cast", [made], ["estimator_features"], to=kind)], given


def _scaling_constants(scaling: Scaling) -> list[TensorProto]:
    values: dict[str, NDArray[Any]] = {
        "v_flat": np.array([0, -1], np.int64),
        "v_offset": scaling.offset,
        "v_divisor": scaling.divisor,
    }
    return [numpy_helper.from_array(value, name) for name, value in values.items()]


def _scaling_nodes() -> list[onnx.NodeProto]:
    """Scaled features as `Scaling` computes them."""
    make = helper.make_node
    return [
        make("Cast", ["images"], ["v_pixels"], to=TensorProto.FLOAT),
        make("Reshape", ["v_pixels", "v_flat"], ["v_rows"]),
        make("Sub", ["v_rows", "v_offset"], ["v_centred"]),
        make("Div", ["v_centred", "v_divisor"], ["v_features"]),
    ]


def _probability_nodes(member: Exportable, label: str, scores: str | None) -> list[onnx.NodeProto]:
    make = helper.make_node
    own_label = make("OneHot", [label, "v_classes", "v_off_on"], ["v_label"])
    if scores is None or not (hasattr(member.estimator, "predict_proba") or member.temperature):
        return [own_label, make("Identity", ["v_label"], ["probabilities"])]
    if member.temperature is not None:
        softened = [
            make("Div", [scores, "v_temperature"], ["v_softened"]),
            make("Softmax", ["v_softened"], ["v_given"], axis=1),
        ]
    else:
        softened = [make("Identity", [scores], ["v_given"])]
    if is_trees(member.estimator):  # its label is one of those that tie
        return [*softened, make("Identity", ["v_given"], ["probabilities"])]
    return [*softened, own_label, *_exchange_nodes()]


def _exchange_nodes() -> list[onnx.NodeProto]:
    """Exchange the top probability and the label's, as `fitted_estimator.agree` does."""
    make = helper.make_node
    return [
        make("ArgMax", ["v_given"], ["v_top"], axis=1, keepdims=0),
        make("OneHot", ["v_top", "v_classes", "v_off_on"], ["v_top_mark"]),
        make("ReduceMax", ["v_given", "v_last"], ["v_top_value"], keepdims=1),
        make("Mul", ["v_given", "v_label"], ["v_label_values"]),
        make("ReduceSum", ["v_label_values", "v_last"], ["v_label_value"], keepdims=1),
        make("Sub", ["v_top_value", "v_label_value"], ["v_gap"]),
        make("Sub", ["v_label", "v_top_mark"], ["v_direction"]),
        make("Mul", ["v_direction", "v_gap"], ["v_change"]),
        make("Add", ["v_given", "v_change"], ["probabilities"]),
    ]


def _parity(member: Exportable, content: bytes) -> dict[str, Any]:
    """Compare the file with the estimator on real rows; raise MemberError where they differ."""
    if member.check_images is None or not len(member.check_images):
        raise MemberError("not stored: there are no rows to check the ONNX form on")
    images = member.check_images[:_GATE_ROWS]
    expected, _ = member.answer(images)
    try:
        given = run(session(content), images)
    except Exception as error:
        raise MemberError(f"not stored: its ONNX form does not run ({one_line(error)})") from error
    gap = float(np.abs(given - expected).max()) if given.shape == expected.shape else np.inf
    equal = same_answers(given, expected).equal if np.isfinite(gap) else 0
    if not (gap <= _GATE_TOLERANCE and equal == len(images)):
        raise MemberError(
            f"not stored: its ONNX form differs from it (labels equal on {equal} of "
            f"{len(images)} rows, probabilities up to {gap:.1e} apart)"
        )
    return {"rows": len(images), "labels_equal": equal, "largest_gap": gap}
