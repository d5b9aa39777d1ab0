"""A stored estimator: its ONNX file, run by onnxruntime."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vestry.errors import MemberError
from vestry.storage.run_folder import atomic_path

_PREDICT_ROWS = 256
"""Rows a call: of features before an estimator, what is made on the way is large."""


def session(content: bytes | str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def run(ready: onnxruntime.InferenceSession, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    parts = [
        ready.run(None, {"images": images[start : start + _PREDICT_ROWS]})[0]
        for start in range(0, len(images), _PREDICT_ROWS)
    ]
    return np.concatenate(parts)


class OnnxMember:
    """An estimator restored from its ONNX file; it predicts, and can be saved again."""

    def __init__(self, path: Path, card: dict[str, Any]) -> None:
        if not path.is_file():
            raise MemberError(
                f"{path} is not there: {card.get('stored_note') or 'the model was not stored'}"
            )
        self._name = path.name
        self._content = path.read_bytes()
        self._card = card
        self._session = session(self._content)

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        if not len(images):
            return np.zeros((0, self._card["classes"]), np.float32)
        return run(self._session, images)

    def held_out_proba(self) -> NDArray[np.float32] | None:
        return None

    def save(self, folder: Path) -> None:
        with atomic_path(folder / self._name) as temporary:
            temporary.write_bytes(self._content)

    def card(self) -> dict[str, Any]:
        return self._card
