"""A fitted estimator as a model: raw images in, probabilities that agree with its labels out."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.errors import MemberError, one_line
from vestry.members.estimators.estimator_onnx import is_trees
from vestry.members.estimators.features.learnt_features import LearntFeatures
from vestry.members.estimators.features.settings import feature_words
from vestry.members.estimators.kind import EstimatorSettings, Scaling
from vestry.members.kind import WHOLE_MODEL
from vestry.system.process_state import unchanged

# Decision scores to probabilities: a softmax whose temperature is learnt on validation rows.


def decision_scores(estimator: Any, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, classes) decision scores; a two-class estimator's single score becomes two."""
    scores = np.asarray(estimator.decision_function(features), dtype=np.float64)
    return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, classes) scores to probabilities; rows sum to 1."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit_temperature(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """The temperature at which softmax(scores / temperature) has the least log loss.

    Temperature scaling (Guo et al. 2017); searched between 1/100 and 100 times the scores' spread.
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - heavy

    spread = float(scores.std()) or 1.0

    def loss(log_temperature: float) -> float:
        given = softmax(scores / np.exp(log_temperature))[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(given, 1e-300)).mean())

    low, high = np.log(spread / 100), np.log(spread * 100)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


# Rows per call when predicting, so that float features of a large set never stand in memory whole.
_PREDICT_ROWS = 5000

_FITTED_ON = {
    False: "Fitted on the training rows.",
    True: "The validation figures are those of a model fitted on the training rows; the test "
    "figures are those of a second one, fitted on training and validation rows together.",
}


@dataclass
class EstimatorMember:
    """A fitted estimator with what makes its features of images, and its temperature where it has
    no probabilities.

    on_features: its rows are floats that a backbone gave, not pixels. in_parts: it was fitted
    without all features in memory at once.
    """

    settings: EstimatorSettings
    estimator: Any
    scaling: Scaling | LearntFeatures
    image_shape: tuple[int, ...]
    classes: int
    temperature: float | None = None
    warnings: list[str] = field(default_factory=list)
    held_out: NDArray[np.float32] | None = None
    fit_seconds: float = 0.0
    relabelled: int = 0
    tied: int = 0
    predicted: int = 0
    check_images: NDArray[np.uint8] | None = None
    stored: dict[str, Any] = field(default_factory=dict)
    on_features: bool = False
    in_parts: bool = False

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        starts = range(0, len(images), _PREDICT_ROWS)
        parts = [self.answer(images[start : start + _PREDICT_ROWS]) for start in starts]
        self.relabelled += sum(changed for _, changed in parts)
        self.predicted += len(images)
        return np.concatenate([np.zeros((0, self.classes), np.float32), *(p for p, _ in parts)])

    def answer(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], int]:
        """Probabilities that agree with its labels, and how many rows had to change for that."""
        features = self.scaling.apply(images)
        # A copy, because one that writes into its rows must not change what is asked next.
        with unchanged():
            labels = np.asarray(self.estimator.predict(features.copy())).astype(np.int64)
        with unchanged():
            probabilities = self.raw_proba(features)
        if is_trees(self.estimator):
            self.tied += int((probabilities.argmax(axis=1) != labels).sum())
            return probabilities, 0
        return agree(probabilities, labels)

    def raw_proba(self, features: NDArray[np.float64]) -> NDArray[np.float32]:
        columns = np.asarray(self.estimator.classes_).astype(np.int64)
        if hasattr(self.estimator, "predict_proba"):
            known = self.estimator.predict_proba(features)
        elif self.temperature is not None:
            known = softmax(decision_scores(self.estimator, features) / self.temperature)
        else:
            known = self.estimator.predict(features)[:, None] == columns
        full = np.zeros((len(features), self.classes), np.float32)
        full[:, columns] = known
        return full

    def held_out_proba(self) -> NDArray[np.float32] | None:
        return self.held_out

    def save(self, folder: Path, name: str = WHOLE_MODEL) -> None:
        """Write it as `name` where it passes the parity gate; say why in the card where not."""
        from vestry.members.estimators.estimator_onnx import save_onnx  # noqa: PLC0415 - heavy

        try:
            gate = save_onnx(self, folder / name)
            self.stored = {"stored": name, "parity": gate, "stored_note": ""}
        except MemberError as error:
            self.stored = {"stored": None, "stored_note": one_line(error)}

    def card(self) -> dict[str, Any]:
        return {
            "kind": "estimator",
            "definition": _definition(self),
            "parameters": _parameter_count(self.estimator),
            "trainable_parameters": _parameter_count(self.estimator),
            "classes": self.classes,
            "image_shape": list(self.image_shape),
            "fit_seconds": self.fit_seconds,
            "temperature": self.temperature,
            "fitted_on": _FITTED_ON[self.held_out is not None],
            "warnings": [*self.warnings, *filter(None, [self.stored.get("stored_note")])],
            "notes": self.notes(),
            **self.stored,
        }

    def notes(self) -> list[str]:
        notes = list(self.scaling.notes) if isinstance(self.scaling, LearntFeatures) else []
        if self.in_parts:
            notes.append(
                "Its images are many: their features were made a part at a time, in single "
                "precision, and what scikit-learn minimises was minimised over all of them."
            )
        if self.temperature is not None:
            notes.append(
                "It has no probabilities of its own: they are a softmax over its decision scores, "
                f"at temperature {self.temperature:.3g}, fitted on validation rows."
            )
        elif not hasattr(self.estimator, "predict_proba"):
            notes.append("It gives labels only: its probabilities are 0 or 1.")
        if self.tied:
            notes.append(
                f"In {self.tied:,} of the rows that it was asked about, classes tied to seven "
                "digits: the first of them stands, where scikit-learn goes by the sixteenth digit."
            )
        if self.relabelled:
            notes.append(
                f"In {self.relabelled:,} of the {self.predicted:,} rows of its tables its most "
                "probable class was not its own label; the two probabilities were exchanged so "
                "that the label stands."
            )
        return notes


def agree(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float32], int]:
    """Probabilities whose most probable class is `labels`, and how many rows had to change.

    An SVC votes among pairs, a forest's float32 probabilities may tie: what the page calls the
    estimator's answer must all the same be what the estimator answers.
    """
    top = probabilities.argmax(axis=1)
    rows = np.flatnonzero(top != labels)
    agreed = probabilities.copy()
    agreed[rows, labels[rows]] = np.nextafter(probabilities[rows, top[rows]], np.float32(2))
    agreed[rows, top[rows]] = probabilities[rows, labels[rows]]
    return agreed, len(rows)


def _parameter_count(estimator: Any) -> int | None:
    """Fitted coefficients and intercepts of a linear model; None for any other."""
    if not hasattr(estimator, "coef_") or hasattr(estimator, "support_vectors_"):
        return None
    return int(np.size(estimator.coef_) + np.size(getattr(estimator, "intercept_", ())))


def _definition(member: EstimatorMember) -> list[str]:
    """What images go through, in that order; an estimator that comes first takes pixels."""
    settings, features = member.settings, member.scaling.width
    scales = {"none": "pixels 0 to 255", "unit": "pixels / 255", "standard": "pixels standardised"}
    if member.on_features:
        scales = {"none": "features as they are", "standard": "features standardised"}
    given = ", ".join(f"{key} = {value}" for key, value in settings.params.items())
    called = f"{settings.estimator}({given or 'library defaults'})"
    if settings.features is not None:
        return [f"{feature_words(settings.features)}: {features:,} features", called]
    return [
        called,
        f"{scales[settings.scale]}, {features:,} flat features",
    ]
