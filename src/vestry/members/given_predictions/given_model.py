"""A model of which its answers are at hand, and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.errors import MemberError
from vestry.members.given_predictions.kind import PredictionsSettings
from vestry.members.kind import FitJob
from vestry.members.model_paths import ModelPaths
from vestry.predictions.given import GIVEN_KIND, MADE_ELSEWHERE, UNKNOWN, read_given
from vestry.predictions.matched import MatchedPredictions, matched

_NOTHING_ELSE = (
    "only its predictions are at hand: it cannot be asked about other images, stored or exported"
)
_GUESSING = 1.5
"""Times the accuracy of guessing, under which rows may have been matched wrongly."""


class GivenModel:
    """Keeps FittedModel but for images: it is asked by ids."""

    def __init__(
        self, path: Path, said: MatchedPredictions, doubts: list[str], classes: int
    ) -> None:
        self.path = path
        self.said = said
        self.doubts = doubts
        self.classes = classes
        self.only_labels = any(table.only_labels for table in said.tables.values())

    def proba_of(self, ids: NDArray[np.str_]) -> NDArray[np.float32]:
        """(n, classes) of the rows with these ids, which are all of one split."""
        for table in self.said.tables.values():
            if np.array_equal(table.ids, ids):
                return table.probabilities
        raise MemberError(f"{self.path}: {_NOTHING_ELSE}")

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:  # noqa: ARG002
        raise MemberError(_NOTHING_ELSE)

    def held_out_proba(self) -> None:
        """Which rows it has seen is not known."""

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)

    def card(self) -> dict[str, Any]:
        return {
            "kind": GIVEN_KIND,
            "definition": [f"predictions from {self.path.name}"],
            "parameters": None,
            "trainable_parameters": None,
            "fit_seconds": None,
            "milliseconds_per_image": None,
            "threads": {"count": None},
            "fitted_on": MADE_ELSEWHERE,
            "warnings": [*self.said.notes, *self.doubts],
            "notes": [UNKNOWN],
            "stored": None,
            "stored_note": _NOTHING_ELSE,
        }


def fit(settings: PredictionsSettings, job: FitJob) -> GivenModel:
    """Match the file's rows; raises DataError where it lacks some, or names other classes."""
    paths = job.paths or ModelPaths.of()
    path = settings.file(job.seed, paths)
    names = job.class_names or tuple(map(str, range(job.classes)))
    order = np.concatenate([job.asked["validation"], job.asked["test"]])
    said = matched(read_given(path), names, job.asked, order, "")
    right = said.tables["validation"].labels == job.validation_labels
    return GivenModel(path, said, _doubts(right, job.classes) + _of_folds(job), job.classes)


def _of_folds(job: FitJob) -> list[str]:
    """Said where the study chooses by folds, so that its validation rows are the training rows."""
    if job.ids is None or not np.array_equal(job.ids, job.asked["validation"]):
        return []
    return [
        "The study chooses by folds of its training images: the validation figures hold only if it "
        "gave out-of-fold predictions, each by a model that had not learnt that image. Where it "
        "did not, go by its test figures alone."
    ]


def _doubts(right: NDArray[np.bool_], classes: int) -> list[str]:
    """Said where it is hardly better than guessing, as a model is whose rows were mixed up."""
    share = float(right.mean())
    if share * classes >= _GUESSING:
        return []
    return [
        f"It is right on {share:.0%} of {len(right)} validation images, hardly more than by "
        "guessing. If it is a better model than that, its rows or classes stand in another order."
    ]


def load(folder: Path, card: dict[str, Any]) -> GivenModel:  # noqa: ARG001
    """Raises MemberError: nothing was stored."""
    raise MemberError(_NOTHING_ELSE)
