"""What a member is: settings and images in, a fitted model that gives probabilities out.

A module of this package stands behind each kind. It offers `fit(settings, job)` and
`load(folder, card)`, both giving a `FittedMember`; every kind passes the same contract test.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

KINDS = {
    "estimator": "vestry.members.estimators.estimator",
    "layers": "vestry.members.networks.network_member",
    "backbone": "vestry.members.backbones.member",
    "onnx": "vestry.members.onnx_models.onnx_model",
}


@dataclass(frozen=True)
class FitJob:
    """Everything that fitting may see, and where it may write.

    images, labels: the training rows, (n, height, width[, 3]) uint8 and (n,) int64.
    validation_images, validation_labels: rows for early stopping and temperature.
    workspace: a folder for checkpoints that survives a kill.
    report: takes progress events, JSON-able.
    fewer_threads: whether fewer than `threads` may be taken where they are faster now.
    trunks: where weights of trunks and model files are looked for, as `TrunkPlaces.as_dict` gives
    it; None for this machine's own places.
    ids: (n,) the training rows' ids, for what is said of single images; None where nobody asks.
    class_names: in label order, for a model that may have them in another; None where nobody asks.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    validation_images: NDArray[np.uint8]
    validation_labels: NDArray[np.int64]
    classes: int
    seed: int
    threads: int
    workspace: Path
    report: Callable[[dict[str, Any]], None]
    trunks: Mapping[str, Any] | None = None
    ids: NDArray[np.str_] | None = None
    class_names: tuple[str, ...] | None = None
    fewer_threads: bool = False


class FittedMember(Protocol):
    """A model that raw images go into and probabilities come out of."""

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, classes) probabilities of raw images; rows sum to 1."""
        ...

    def held_out_proba(self) -> NDArray[np.float32] | None:
        """Validation probabilities by a model that had not seen those rows.

        None where the model itself has not seen them, so that `predict_proba` serves.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the model's files (never a pickle) into `folder`."""
        ...

    def card(self) -> dict[str, Any]:
        """What a reader and `load` must know, JSON-able."""
        ...


class Kind(Protocol):
    """The two functions that the module of a kind offers."""

    def fit(self, settings: Any, job: FitJob) -> FittedMember: ...

    def load(self, folder: Path, card: dict[str, Any]) -> FittedMember: ...


def kind_module(kind: str) -> Kind:
    """The module behind a kind; imported here and not above, because networks bring torch."""
    return cast(Kind, importlib.import_module(KINDS[kind]))
