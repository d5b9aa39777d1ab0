"""A model that was trained elsewhere, asked as it is.

"Fitting" puts a graph around it and holds the whole against the file's own model on real rows.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from vestry.errors import MemberError, one_line
from vestry.members.estimators.fitted_estimator import softmax
from vestry.members.estimators.onnx_member import OnnxMember, run, session
from vestry.members.kind import WHOLE_MODEL, FitJob
from vestry.members.model_paths import ModelPaths
from vestry.members.onnx_models.kind import OnnxSettings
from vestry.members.onnx_models.model_file import ModelFile
from vestry.members.onnx_models.model_plan import Planned, plan
from vestry.members.onnx_models.wrapped_graph import (
    OLDEST,
    OPSET,
    Wrapping,
    at_opset,
    inputs_graph,
    own_graph,
    whole_graph,
)
from vestry.storage.run_folder import atomic_path

# What a reader, and `load`, must know of a model that was trained elsewhere.


_FITTED_ON = "Trained elsewhere; nothing was fitted here."


def _card(planned: Planned, model: onnx.ModelProto) -> dict[str, Any]:
    file, wrapping = planned.file, planned.wrapping
    gives = "logits, through a softmax" if wrapping.logits else "probabilities"
    order = "" if wrapping.order is None else "; its columns put into the data's order of classes"
    versions = ", ".join(
        f"{entry.domain or 'opset'} {entry.version}" for entry in file.model.opset_import
    )
    return {
        "kind": "onnx",
        "definition": [
            f"{file.path.name}, written by {file.producer} ({versions}), SHA-256 {file.sha256}",
            f"takes {file.input.words}: {wrapping.form.words}",
            f"gives {gives}{order}",
        ],
        "parameters": file.parameters,
        "trainable_parameters": None if file.parameters is None else 0,
        "classes": wrapping.classes,
        "image_shape": list(wrapping.image_shape),
        "fit_seconds": 0.0,
        "fitted_on": _FITTED_ON,
        "file": {"name": file.path.name, "sha256": file.sha256, "producer": file.producer},
        "opset": {entry.domain: entry.version for entry in model.opset_import},
        "stored": WHOLE_MODEL,
        "stored_note": "",
    }


_CHECKED_ROWS = 256
TOLERANCE, HALF_TOLERANCE = 1e-4, 5e-3
"""Of probabilities and their sums; in half precision."""
_GUESSING = 1.5
"""Times the accuracy of guessing; a model that does no better is probably fed wrongly."""
_TRAINED_ELSEWHERE = (
    "It was trained elsewhere, on rows that are not known here: whether validation or test images "
    "were among them cannot be told, and its figures hold only if they were not."
)


def fit(settings: OnnxSettings, job: FitJob) -> OnnxMember:
    """Put the file's model into a graph from raw images to probabilities; nothing is trained.

    Raises MemberError where the file cannot be used, or does not give on validation rows what the
    study says it gives.
    """
    paths = job.paths or ModelPaths.of()
    names = job.class_names or tuple(map(str, range(job.classes)))
    planned = plan(settings, paths, job.images.shape[1:], names)
    images = job.validation_images[:_CHECKED_ROWS]
    if not len(images):
        raise MemberError(f"{planned.file.path}: there are no rows to check it on")
    expected = _own_probabilities(planned, images)
    content, model, given, notes = _stored_form(planned, images, expected)
    said = _guessing(given, job.validation_labels[:_CHECKED_ROWS])
    parity = {
        "rows": len(images),
        "labels_equal": int((given.argmax(axis=1) == expected.argmax(axis=1)).sum()),
        "largest_gap": float(np.abs(given - expected).max()),
    }
    facts = _card(planned, model) | {"parity": parity, "notes": notes}
    facts["warnings"] = [_TRAINED_ELSEWHERE, *said]
    path = job.workspace / WHOLE_MODEL
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return OnnxMember(path, facts)


def load(folder: Path, card: dict[str, Any]) -> OnnxMember:
    """Restore what `fit` stored; MemberError where the file is not there."""
    return OnnxMember(folder / WHOLE_MODEL, card)


def _own_probabilities(planned: Planned, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, classes) what the file's own model gives, as probabilities in the data's order."""
    file, wrapping = planned.file, planned.wrapping
    fed = run(session(inputs_graph(file, wrapping).SerializeToString()), images)
    scores = _own_scores(file, fed)
    if scores.shape != (len(images), wrapping.classes):
        raise MemberError(
            f"{file.path}: for {len(images)} images it gives {scores.shape}; "
            f"({len(images)}, {wrapping.classes}) is needed, a column for every class of the data"
        )
    _check_scores(file, scores, wrapping)
    given = softmax(scores.astype(np.float64)) if wrapping.logits else scores
    given = given / given.sum(axis=1, keepdims=True)
    ordered = given if wrapping.order is None else given[:, list(wrapping.order)]
    return np.asarray(ordered, np.float32)


def _own_scores(file: ModelFile, fed: NDArray[Any]) -> NDArray[Any]:
    """What the model as it lies in the file gives; one that takes one image at once gets it."""
    fixed = file.input.dimensions[0] if file.input.dimensions else None
    if fixed not in (None, 1):
        raise MemberError(
            f"{file.path}: it takes exactly {fixed} images at once; export it with an open first "
            "side (in PyTorch dynamic_axes or dynamic_shapes)"
        )
    try:
        ready = session(own_graph(file).SerializeToString())
        size = fixed or len(fed)
        starts = range(0, len(fed), size)
        parts = [
            ready.run([file.output.name], {file.input.name: fed[start : start + size]})[0]
            for start in starts
        ]
        return np.concatenate(parts)
    except Exception as error:  # onnxruntime raises kinds of its own
        raise MemberError(f"{file.path}: it does not run ({one_line(error)[:400]})") from None


def _check_scores(file: ModelFile, scores: NDArray[Any], wrapping: Wrapping) -> None:
    """Raise MemberError where they are not numbers, or not what the study says that they are."""
    broken = int((~np.isfinite(scores)).any(axis=1).sum())
    if broken:
        raise MemberError(
            f"{file.path}: for {broken} of {len(scores)} images it gives NaN or infinity; is "
            f"what it takes right ({wrapping.form.words})?"
        )
    tolerance = HALF_TOLERANCE if file.is_half else TOLERANCE
    sums = scores.sum(axis=1, dtype=np.float64)
    are_probabilities = bool((scores >= 0).all() and (np.abs(sums - 1) <= tolerance).all())
    if wrapping.logits and are_probabilities:
        raise MemberError(
            f"{file.path}: what it gives are probabilities already (rows sum to 1); leave out "
            'output = "logits"'
        )
    if not wrapping.logits and not are_probabilities:
        low, high = float(sums.min()), float(sums.max())
        raise MemberError(
            f"{file.path}: what it gives are no probabilities (least value "
            f"{float(scores.min()):.3g}, rows sum to {low:.3g} up to {high:.3g}); scores that "
            'belong into a softmax need output = "logits"'
        )


_Form = tuple[bytes, onnx.ModelProto, NDArray[np.float32], list[str]]


def _stored_form(
    planned: Planned, images: NDArray[np.uint8], expected: NDArray[np.float32]
) -> _Form:
    """The whole graph, at this house's opset where that computes the same, else at the file's.

    At the house's opset it can be joined with others into one file.
    """
    file, reasons = planned.file, []
    for opset in dict.fromkeys((OPSET, file.opset or OPSET)):
        try:
            own = own_graph(file)
            inner = own if file.opset in (None, opset) else at_opset(own, opset)
            model = whole_graph(file, inner, planned.wrapping)
            content = model.SerializeToString()
            gap = HALF_TOLERANCE if file.is_half else TOLERANCE
            given = _answered(content, images, expected, gap)
        except MemberError as error:
            reasons.append(f"at opset {opset}: {error}")
            continue
        notes = [
            f"Its operators stay at opset {opset}, and it cannot become part of one file with "
            f"other models ({reason})."
            for reason in reasons
        ]
        return content, model, given, notes
    old = (
        f" (operators before opset {OLDEST} are not run)" if (file.opset or OPSET) < OLDEST else ""
    )
    raise MemberError(
        f"{file.path}: with the steps around it, it does not give the same{old}: "
        f"{'; '.join(reasons)}"
    )


def _answered(
    content: bytes, images: NDArray[np.uint8], expected: NDArray[np.float32], tolerance: float
) -> NDArray[np.float32]:
    """What the whole graph gives; MemberError where that is not `expected`."""
    try:
        given = run(session(content), images)
    except Exception as error:  # onnxruntime raises kinds of its own
        raise MemberError(f"it does not run ({one_line(error)[:300]})") from None
    gap = float(np.abs(given - expected).max()) if given.shape == expected.shape else np.inf
    if not gap <= tolerance:
        raise MemberError(f"its probabilities are up to {gap:.1e} apart")
    return given


def _guessing(given: NDArray[np.float32], labels: NDArray[np.int64]) -> list[str]:
    """A doubt, where its answers are hardly better than guessing."""
    right = float((given.argmax(axis=1) == labels).mean())
    if right * given.shape[1] >= _GUESSING:
        return []
    return [
        f"It is right on {right:.0%} of {len(labels)} validation images, hardly more than by "
        "guessing. If it is a better model than that, `input` or `classes` do not say what it "
        "takes and gives."
    ]
