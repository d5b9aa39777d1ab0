"""What a reader, and `load`, must know of a model that was trained elsewhere."""

from typing import Any

import onnx

from vestry.members.onnx_models.model_plan import Planned

STORED = "model.onnx"
FITTED_ON = "Trained elsewhere; nothing was fitted here."


def card(planned: Planned, model: onnx.ModelProto) -> dict[str, Any]:
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
        "fitted_on": FITTED_ON,
        "file": {"name": file.path.name, "sha256": file.sha256, "producer": file.producer},
        "opset": {entry.domain: entry.version for entry in model.opset_import},
        "stored": STORED,
        "stored_note": "",
    }
