"""Fitted models taken from their folders again, for what is asked of them after training."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.errors import MemberError, VestryError, one_line
from vestry.members.kind import WHOLE_MODEL, FittedModel
from vestry.members.kinds import kind_named
from vestry.storage.file_sums import MANIFEST
from vestry.storage.run_folder import read_json

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def stored_member(folder: Path) -> FittedModel:
    """The model whose task left `folder`; raises MemberError where its model was not stored, or
    what lies there is none that this version wrote."""
    card = stored_card(folder)
    with _whole(folder):
        return kind_named(card["kind"]).load_implementation().load(folder, card)


@contextlib.contextmanager
def _whole(folder: Path) -> Iterator[None]:
    """Whatever a card or a file of weights that was changed makes its readers raise is one line."""
    try:
        yield
    except VestryError:
        raise
    except Exception as error:  # safetensors, onnxruntime and torch raise kinds of their own
        raise MemberError(
            f"{folder} holds no whole model ({one_line(error)}); run its study again"
        ) from error


def stored_card(folder: Path) -> dict[str, Any]:
    """Its card, from which nothing heavy is loaded; raises MemberError as `stored_member` does."""
    card = read_json(folder / MANIFEST)
    if not isinstance(card, dict) or not isinstance(card.get("stored", ""), str | None):
        raise MemberError(f"{folder / MANIFEST} is no model's card; run its study again")
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
        with _whole(folder):
            return _onnx_predict(folder / WHOLE_MODEL, threads)
    return stored_member(folder).predict_proba


def _onnx_predict(path: Path, threads: int) -> Predict:
    import onnxruntime  # noqa: PLC0415 - heavy

    from vestry.members.estimators import onnx_member  # noqa: PLC0415 - heavy

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    ready = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: onnx_member.run(ready, images)
