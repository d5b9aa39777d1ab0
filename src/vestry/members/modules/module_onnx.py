"""A trained torch module as one ONNX file: raw images in, probabilities out."""

import importlib.util
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from vestry.errors import MemberError, ModelError, one_line
from vestry.members.estimators.onnx_member import run, session
from vestry.members.graph import Graph, finished
from vestry.members.networks.autograd_network import AutogradNetwork
from vestry.members.networks.graph_ends import probabilities, scaled_pixels, standardised
from vestry.members.networks.layer import Value
from vestry.predictions.same_answers import same_answers
from vestry.storage.onnx_file import safe_model
from vestry.storage.run_folder import atomic_path

_TOLERANCE = 1e-4
_OPSET = 18
"""That both of torch's exporters write."""
_PLANES, _SCORES = "planes", "scores"


def save_onnx(
    network: AutogradNetwork,
    image_shape: tuple[int, ...],
    is_mirrored: bool,
    answers: tuple[NDArray[np.uint8], NDArray[np.float32]],
    path: Path,
) -> dict[str, Any]:
    """Write it to `path` and give what holding it against `answers`, images and what it said of
    them, came to.

    Raises MemberError where torch cannot export it, or what it exports answers otherwise.
    """
    try:
        model = _whole(network, image_shape, is_mirrored)
    except ModelError as error:
        raise MemberError(f"{_REFUSED} ({one_line(error)})") from error
    content = model.SerializeToString()
    parity = _parity(content, *answers)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return parity


_REFUSED = "torch makes no right ONNX file of it"


def _whole(
    network: AutogradNetwork, image_shape: tuple[int, ...], is_mirrored: bool
) -> onnx.ModelProto:
    graph = Graph()
    graph.part = "images"
    pixels = scaled_pixels(graph, "images", image_shape)
    alone = safe_model(_exported(network, pixels.shape))

    def scores(value: Value) -> Value:
        found = network.standardised
        if found is not None:
            means = found.mean.cpu().numpy(), found.deviation.cpu().numpy()
            value = standardised(graph, value, *means)
        planes = graph.add("Transpose", value.name, perm=[0, 3, 1, 2])
        graph.part = "module"
        name = graph.inline(alone, planes)
        graph.part = "answers"
        return Value(name, (network.classes,), "flat")

    said = probabilities(graph, pixels, network.classes, is_mirrored, scores)
    graph.rename(said, "probabilities")
    return finished(graph, image_shape, {"probabilities": (network.classes,)})


def _exported(network: AutogradNetwork, shape: tuple[int, ...]) -> bytes:
    """The module alone, by torch's exporter: the newer one where its part `onnxscript` is there and
    manages, else the one that traces. Raises MemberError where neither does."""
    module = network.module.eval()
    height, width, channels = shape
    with torch.inference_mode(mode=False):
        images = torch.zeros(2, channels, height, width, device=network.device.place)
        ways = [_traced]
        if importlib.util.find_spec("onnxscript") is not None:
            ways.insert(0, _captured)
        for way in ways:
            try:
                with warnings.catch_warnings(), torch.no_grad():
                    warnings.simplefilter("ignore")  # of what is deprecated, and of constants
                    return way(module, images)
            except Exception as error:  # exporters raise whatever they like
                reason = error
    raise MemberError(f"{_REFUSED} ({one_line(reason)[:200]})") from reason


def _traced(module: torch.nn.Module, images: torch.Tensor) -> bytes:
    file = io.BytesIO()
    torch.onnx.export(
        module,
        (images,),
        file,  # type: ignore[arg-type]  # which it does take
        input_names=[_PLANES],
        output_names=[_SCORES],
        opset_version=_OPSET,
        dynamic_axes={_PLANES: {0: "rows"}, _SCORES: {0: "rows"}},
        dynamo=False,
    )
    return file.getvalue()


def _captured(module: torch.nn.Module, images: torch.Tensor) -> bytes:
    program = torch.onnx.export(
        module,
        (images,),
        input_names=[_PLANES],
        output_names=[_SCORES],
        opset_version=_OPSET,
        dynamic_shapes=({0: torch.export.Dim("rows")},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # noqa: S101 - it is where no file is named
    content: bytes = program.model_proto.SerializeToString()
    return content


def _parity(
    content: bytes, images: NDArray[np.uint8], expected: NDArray[np.float32]
) -> dict[str, Any]:
    """All of them at once, and the first alone: a file may have kept the number of rows."""
    try:
        ready = session(content)
        given = run(ready, images)
        alone = run(ready, images[:1])
    except Exception as error:  # the runtime raises whatever it likes
        raise MemberError(f"{_REFUSED} (it does not run: {one_line(error)[:200]})") from error
    is_whole = given.shape == expected.shape and alone.shape == expected[:1].shape
    gap = (
        float(max(np.abs(given - expected).max(), np.abs(alone - expected[:1]).max()))
        if is_whole
        else np.inf
    )
    equal = same_answers(given, expected).equal if np.isfinite(gap) else 0
    if not (gap <= _TOLERANCE and equal == len(images)):
        raise MemberError(
            f"{_REFUSED} (labels equal on {equal} of {len(images)} images, probabilities up to "
            f"{gap:.1e} apart)"
        )
    return {"rows": len(images), "labels_equal": equal, "largest_gap": gap}
