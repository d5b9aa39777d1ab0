"""A model file as a frozen backbone: one graph from raw images to features, held against the file.

Nothing here needs torch: planning makes the graph, too, to know that the file runs and what it
gives.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from vestry.errors import MemberError, one_line
from vestry.members.backbones.onnx_cut import Cut, cut
from vestry.members.backbones.settings import SMALLEST
from vestry.members.estimators.onnx_member import session
from vestry.members.networks.layer import Shape
from vestry.members.onnx_models.image_form import ImageForm, image_form
from vestry.members.onnx_models.kind import InputSettings
from vestry.members.onnx_models.model_file import FLOATS, ModelFile, OpenedFile
from vestry.members.onnx_models.wrapped_graph import (
    OPSET,
    Framing,
    at_opset,
    features_graph,
    has_planes,
    inputs_graph,
    own_graph,
)

_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_ASSUMED = (
    "The study does not say how its backbone's pixels are scaled. They are scaled as for most "
    "networks of colour images: pixels / 255, less ImageNet's mean, over its deviation; `input` "
    "says otherwise."
)
_SCALING = ("scale", "mean", "deviation")
_TRIED = 3
"""Images on which the graph is held against the file's own model."""
_TOLERANCE, _HALF_TOLERANCE = 1e-4, 5e-3
"""Of the largest feature; in half precision."""


@dataclass(frozen=True)
class FeaturesGraph:
    """content: an ONNX file, `images` (rows, height, width[, 3]) uint8 to `features` (rows, height,
    width, channels) float32. shape: of one image's features before any pool, and after it. size:
    height and width that images are resized to. parameters: None where trees stand in it."""

    content: bytes
    before_pool: Shape
    shape: Shape
    size: tuple[int, int]
    scaling: str
    parameters: int | None
    words: str
    pool: str | None
    notes: tuple[str, ...]

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Wanted:
    """What a study says of a file: `output`, where it is cut; `size` that images are resized to;
    `input`, what it takes; `pool` of each channel's map, or None."""

    output: str | None
    size: tuple[int, int] | None
    input: InputSettings
    pool: str | None


def features_of_file(
    file: OpenedFile, wanted: Wanted, image_shape: tuple[int, ...]
) -> FeaturesGraph:
    """The graph that gives the features of images of `image_shape`.

    Raises MemberError, saying how to go on, where the file does not take such images, does not run,
    or gives something else with the steps around it.
    """
    part = cut(file, wanted.output)
    form, assumed = _form(part.file, wanted, image_shape)
    framing = Framing(form, image_shape)
    images = np.random.default_rng(0).integers(0, 256, (_TRIED, *image_shape), np.uint8)
    raw = _own_features(part.file, framing, images)
    before = _map_shape(file, raw.shape[1:], form)
    pool = wanted.pool if wanted.pool and before[:2] != (1, 1) else None
    content, given, notes = _whole(part.file, framing, raw, images, pool)
    return FeaturesGraph(
        content=content,
        before_pool=before,
        shape=_three(given.shape[1:]),
        size=form.size,
        scaling=form.words,
        parameters=part.file.parameters,
        words=_words(part),
        pool=pool,
        notes=(*assumed, *notes),
    )


def _words(part: Cut) -> str:
    file = part.file
    return f"written by {file.producer}, SHA-256 {file.sha256}, {part.words}"


def _form(
    file: ModelFile, wanted: Wanted, image_shape: tuple[int, ...]
) -> tuple[ImageForm, list[str]]:
    """How images come to what the file takes, and what was assumed for that."""
    given = wanted.input.model_copy(update={"size": wanted.size})
    sides = file.input.dimensions
    shape = image_shape
    if wanted.size is None and not (sides and len(sides) == 2):
        shape = (*(max(side, SMALLEST) for side in image_shape[:2]), *image_shape[2:])
    form = image_form(file, given, shape)
    said = any(getattr(given, key) is not None for key in _SCALING)
    if said or form.depth != 3 or file.input.type not in FLOATS:
        return form, []
    mean, deviation = _IMAGENET_MEAN, _IMAGENET_DEVIATION
    if form.channels == "bgr":
        mean, deviation = mean[::-1], deviation[::-1]
    return replace(form, mean=mean, deviation=deviation), [_ASSUMED]


def _map_shape(file: OpenedFile, sides: tuple[int, ...], form: ImageForm) -> Shape:
    """(height, width, channels) of what the file gives for an image."""
    if not 1 <= len(sides) <= 3:
        raise MemberError(f"{file.path}: its features have {len(sides)} sides; 1 to 3 are taken")
    if has_planes(form, sides):
        return sides[1], sides[2], sides[0]
    return _three((1,) * (3 - len(sides)) + tuple(sides))


def _three(sides: tuple[int, ...]) -> Shape:
    height, width, channels = sides
    return height, width, channels


def _own_features(file: ModelFile, framing: Framing, images: NDArray[np.uint8]) -> NDArray[Any]:
    """What the file's own model gives; one that takes one image at once gets it."""
    fixed = file.input.dimensions[0] if file.input.dimensions else None
    if fixed not in (None, 1):
        raise MemberError(
            f"{file.path}: it takes exactly {fixed} images at once; export it with an open first "
            "side (in PyTorch dynamic_axes or dynamic_shapes)"
        )
    try:
        (fed,) = session(inputs_graph(file, framing).SerializeToString()).run(
            None, {"images": images}
        )
        ready = session(own_graph(file).SerializeToString())
        each = [
            ready.run(None, {file.input.name: fed[start : start + (fixed or len(fed))]})[0]
            for start in range(0, len(fed), fixed or len(fed))
        ]
        raw = np.concatenate(each)
    except Exception as error:  # onnxruntime raises kinds of its own
        raise MemberError(
            f"{file.path}: it does not run on images of {framing.form.words} "
            f"({one_line(error)[:300]}); is image_size right?"
        ) from None
    if raw.ndim < 2 or len(raw) != len(images):
        raise MemberError(
            f"{file.path}: of {len(images)} images its features have the shape {raw.shape}; the "
            "first side must be the images"
        )
    if not np.isfinite(raw).all():
        raise MemberError(
            f"{file.path}: some of its features are NaN or infinite; is what it takes right "
            f"({framing.form.words})?"
        )
    return raw


def _whole(
    file: ModelFile,
    framing: Framing,
    raw: NDArray[Any],
    images: NDArray[np.uint8],
    pool: str | None,
) -> tuple[bytes, NDArray[np.float32], list[str]]:
    """The whole graph, what it gives for `images`, and notes: at this house's opset where that
    computes the same, else at the file's."""
    own, reasons = own_graph(file), []
    for opset in dict.fromkeys((OPSET, file.opset or OPSET)):
        try:
            inner = own if file.opset in (None, opset) else at_opset(own, opset)
            plain = features_graph(file, inner, framing, raw.shape[1:], "none")
            _check_same(file, framing, plain, raw, images)
            model = features_graph(file, inner, framing, raw.shape[1:], pool or "none")
            given = _run(model, images)
        except MemberError as error:
            reasons.append(f"at opset {opset}: {error}")
            continue
        notes = [
            f"Its backbone's operators stay at opset {opset}, and it cannot be exported ({reason})."
            for reason in reasons
        ]
        return model.SerializeToString(deterministic=True), given, notes
    raise MemberError(
        f"{file.path}: with the steps around it, it does not give the same: {'; '.join(reasons)}"
    )


def _run(model: onnx.ModelProto, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    try:
        (given,) = session(model.SerializeToString()).run(None, {"images": images})
    except Exception as error:  # onnxruntime raises kinds of its own
        raise MemberError(f"it does not run ({one_line(error)[:300]})") from None
    return np.asarray(given, np.float32)


def _check_same(
    file: ModelFile,
    framing: Framing,
    model: onnx.ModelProto,
    raw: NDArray[Any],
    images: NDArray[np.uint8],
) -> None:
    given = _run(model, images)
    laid = raw.transpose(0, 2, 3, 1) if has_planes(framing.form, raw.shape[1:]) else raw
    expected = laid.reshape(given.shape).astype(np.float32)
    gap = float(np.abs(given - expected).max())
    tolerance = _HALF_TOLERANCE if file.is_half else _TOLERANCE
    if not gap <= tolerance * max(1.0, float(np.abs(expected).max())):
        raise MemberError(f"its features are up to {gap:.1e} apart")
