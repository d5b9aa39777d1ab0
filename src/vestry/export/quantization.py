"""int8 weights and activations: a smaller and often faster file that may answer otherwise."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from vestry.errors import ModelError, one_line
from vestry.export.bundle import IMAGES

_OPERATORS = ("Conv", "Gemm", "MatMul")
CALIBRATION_ROWS, AT_ONCE = 512, 64
_RULE = "rule/"


class _Batches(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Validation images, a batch at a time."""

    def __init__(self, images: NDArray[np.uint8]) -> None:
        self.rest: Iterator[NDArray[np.uint8]] = iter(
            [images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE)]
        )

    def get_next(self) -> dict[str, Any] | None:
        batch = next(self.rest, None)
        return None if batch is None else {IMAGES: batch}


def quantized_model(
    model: onnx.ModelProto, images: NDArray[np.uint8], folder: Path
) -> onnx.ModelProto:
    """`model` with int8 weights (a scale a channel) and uint8 activations, whose ranges are what
    `images` (validation rows) give.

    Static quantisation in ONNX's QDQ form. A committee's rule stays as it is. folder: for what
    onnxruntime writes on the way. Raises ModelError where there is nothing to quantise, such as in
    a forest, or onnxruntime cannot.
    """
    wanted = [node for node in model.graph.node if node.op_type in _OPERATORS]
    kept = [node.name for node in wanted if node.name.startswith(_RULE)]
    if len(wanted) == len(kept):
        raise ModelError(
            "there is nothing to quantise: it has no convolutions and no matrix products (a "
            "forest, for example, compares and adds)"
        )
    path = folder / "int8.onnx"
    try:
        _quantize_quietly(model, path, images, kept)
    except Exception as error:  # onnxruntime raises kinds of its own
        raise ModelError(f"onnxruntime cannot quantise it ({one_line(error)[:300]})") from error
    return onnx.load(path)


def _quantize_quietly(
    model: onnx.ModelProto, path: Path, images: NDArray[np.uint8], kept: list[str]
) -> None:
    logging.disable(logging.WARNING)  # it advises a pre-processing that these graphs do not need
    try:
        quantize_static(
            model,
            path,
            _Batches(images[:CALIBRATION_ROWS]),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_OPERATORS),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=kept,
            calibrate_method=CalibrationMethod.MinMax,
        )
    finally:
        logging.disable(logging.NOTSET)
