"""Fitted models taken from their folders again, for what is asked of them after training."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.errors import MemberError
from vestry.members.kind import WHOLE_MODEL, FittedModel
from vestry.members.kinds import kind_named
from vestry.storage.file_sums import MANIFEST
from vestry.storage.run_folder import read_json

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def stored_member(folder: Path) -> FittedModel:
    """The model whose task left `folder`; raises MemberError where its model was not stored."""
    card = stored_card(folder)
    return kind_named(card["kind"]).load_implementation().load(folder, card)


def stored_card(folder: Path) -> dict[str, Any]:
    """Its card, from which nothing heavy is loaded; raises MemberError as `stored_member` does."""
    card: dict[str, Any] = read_json(folder / MANIFEST)
    if not card.get("stored"):
        raise MemberError(card.get("stored_note") or "its model was not stored")
    return card


def stored_predict(folder: Path, threads: int) -> Predict:
    """What the stored model predicts with, on `threads` cores; MemberError as `stored_member`.

    It is for a process that does nothing else: torch is set to so many threads for good.
    """
    predict = predict_beside(folder, threads)
    if "torch" in sys.modules:  # a loaded network goes on with as many threads as there are
        sys.modules["torch"].set_num_threads(threads)
    return predict


def predict_beside(folder: Path, threads: int) -> Predict:
    """The same for a process that does other things as well, and has set torch's threads."""
    card = stored_card(folder)
    if card["stored"] == WHOLE_MODEL:
        return _onnx_predict(folder / card["stored"], threads)
    return stored_member(folder).predict_proba


def _onnx_predict(path: Path, threads: int) -> Predict:
    import onnxruntime  # noqa: PLC0415 - heavy

    from vestry.members.estimators import onnx_member  # noqa: PLC0415 - heavy

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    ready = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: onnx_member.run(ready, images)
