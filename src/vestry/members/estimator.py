"""Members of the kind `estimator`: any class with the scikit-learn contract, by its import path."""

import contextlib
import importlib
import inspect
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import joblib
import numpy as np
import threadpoolctl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from vestry.errors import MemberError, one_line
from vestry.members.decision_scores import fit_temperature, softmax
from vestry.members.member import FitJob
from vestry.members.scaling import Scale, Scaling, fit_scaling

# Rows per call when predicting, so that float features of a large set never stand in memory whole.
PREDICT_ROWS = 5000


class EstimatorSettings(BaseModel):
    """An estimator and how it is fed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["estimator"] = "estimator"
    estimator: str = Field(description="import path, such as sklearn.svm.SVC")
    params: dict[str, Any] = Field(default_factory=dict, description="its own parameters")
    scale: Scale = Field("unit", description="pixels as they are, as 0..1, or as z-scores")
    refit: bool = Field(
        False,
        description="after its validation table is made, fit once more on training and "
        "validation rows together; the test table then comes from that model",
    )

    @field_validator("estimator")
    @classmethod
    def has_module(cls, path: str) -> str:
        if "." not in path:
            raise ValueError(f"{path!r} is no import path; write package.module.Class")
        return path


@dataclass
class EstimatorMember:
    """A fitted estimator with its scaling, and its temperature where it has no probabilities."""

    settings: EstimatorSettings
    estimator: Any
    scaling: Scaling
    image_shape: tuple[int, ...]
    classes: int
    temperature: float | None = None
    warnings: list[str] = field(default_factory=list)
    held_out: NDArray[np.float32] | None = None
    fit_seconds: float = 0.0
    relabelled: int = 0
    check_images: NDArray[np.uint8] | None = None
    stored: dict[str, Any] = field(default_factory=dict)

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        starts = range(0, len(images), PREDICT_ROWS)
        parts = [self.predict_part(images[start : start + PREDICT_ROWS]) for start in starts]
        return np.concatenate([np.zeros((0, self.classes), np.float32), *parts])

    def predict_part(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        features = self.scaling.apply(images)
        probabilities = self.raw_proba(features)
        labels = np.asarray(self.estimator.predict(features)).astype(np.int64)
        agreed, changed = agree(probabilities, labels)
        self.relabelled += changed
        return agreed

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

    def save(self, folder: Path) -> None:
        """Write `model.onnx` where it passes the parity gate; say why in the card where not."""
        from vestry.members.estimator_onnx import save_onnx  # noqa: PLC0415 - heavy

        try:
            gate = save_onnx(self, folder / "model.onnx")
            self.stored = {"stored": "model.onnx", "parity": gate, "stored_note": ""}
        except MemberError as error:
            self.stored = {"stored": None, "stored_note": one_line(error)}

    def card(self) -> dict[str, Any]:
        return {
            "kind": "estimator",
            "definition": definition(self.settings, self.estimator),
            "parameters": parameter_count(self.estimator),
            "trainable_parameters": parameter_count(self.estimator),
            "classes": self.classes,
            "image_shape": list(self.image_shape),
            "fit_seconds": self.fit_seconds,
            "temperature": self.temperature,
            "warnings": self.warnings,
            "notes": self.notes(),
            **self.stored,
        }

    def notes(self) -> list[str]:
        notes = []
        if self.temperature is not None:
            notes.append(
                "It has no probabilities of its own: they are a softmax over its decision scores, "
                f"at temperature {self.temperature:.3g}, fitted on validation rows."
            )
        elif not hasattr(self.estimator, "predict_proba"):
            notes.append("It gives labels only: its probabilities are 0 or 1.")
        if self.relabelled:
            notes.append(
                f"In {self.relabelled} predicted rows its most probable class was not its own "
                "label; the two probabilities were exchanged so that the label stands."
            )
        if self.stored.get("stored_note"):
            notes.append(self.stored["stored_note"])
        return notes


def fit(settings: EstimatorSettings, job: FitJob) -> EstimatorMember:
    """Fit on the training rows; the temperature, where one is needed, on validation rows.

    Raises MemberError where the class cannot be imported, built or fitted.
    """
    started = time.perf_counter()
    member = fit_rows(settings, job, job.images, job.labels)
    if not hasattr(member.estimator, "predict_proba"):
        member.temperature = validation_temperature(member, job)
    if settings.refit:
        job.report({"event": "stage", "text": "fitting again with the validation rows"})
        held_out = member.predict_proba(job.validation_images)
        images = np.concatenate([job.images, job.validation_images])
        labels = np.concatenate([job.labels, job.validation_labels])
        temperature = member.temperature
        member = fit_rows(settings, job, images, labels)
        member.temperature, member.held_out = temperature, held_out
    member.fit_seconds = time.perf_counter() - started
    member.check_images = job.validation_images
    return member


def fit_rows(
    settings: EstimatorSettings,
    job: FitJob,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
) -> EstimatorMember:
    scaling = fit_scaling(images, settings.scale)
    estimator = build(settings, job)
    with warnings.catch_warnings(record=True) as caught, limited(job.threads):
        warnings.simplefilter("always")
        try:
            estimator.fit(scaling.apply(images), labels)
        except (ValueError, TypeError, AttributeError) as error:
            raise MemberError(f"{settings.estimator} cannot be fitted: {one_line(error)}") from error
    said = list(dict.fromkeys(first_line(w.message) for w in caught))
    return EstimatorMember(
        settings, estimator, scaling, images.shape[1:], job.classes, warnings=said
    )


@contextlib.contextmanager
def limited(threads: int) -> Iterator[None]:
    """Let whatever an estimator computes with use `threads` threads, and no more."""
    with (
        threadpoolctl.threadpool_limits(threads),
        joblib.parallel_config(backend="threading", n_jobs=threads),
    ):
        yield


def build(settings: EstimatorSettings, job: FitJob) -> Any:
    """The unfitted estimator; it gets the seed where it takes one and the study gives none."""
    factory = import_class(settings.estimator)
    params = dict(settings.params)
    if "random_state" in inspect.signature(factory).parameters:
        params.setdefault("random_state", job.seed)
    try:
        return factory(**params)
    except TypeError as error:
        raise MemberError(f"{settings.estimator} does not take these params: {error}") from error


def import_class(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise MemberError(f"there is no {path} to import: {one_line(error)}") from error


def validation_temperature(member: EstimatorMember, job: FitJob) -> float | None:
    if not hasattr(member.estimator, "decision_function"):
        return None
    features = member.scaling.apply(job.validation_images)
    return fit_temperature(decision_scores(member.estimator, features), job.validation_labels)


def decision_scores(estimator: Any, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, classes) decision scores; a two-class estimator's single score becomes two."""
    scores = np.asarray(estimator.decision_function(features), dtype=np.float64)
    return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores


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


def parameter_count(estimator: Any) -> int | None:
    """Fitted coefficients and intercepts of a linear model; None for any other."""
    if not hasattr(estimator, "coef_") or hasattr(estimator, "support_vectors_"):
        return None
    return int(np.size(estimator.coef_) + np.size(getattr(estimator, "intercept_", ())))


def definition(settings: EstimatorSettings, estimator: Any) -> list[str]:
    scales = {"none": "pixels 0 to 255", "unit": "pixels / 255", "standard": "pixels standardised"}
    given = ", ".join(f"{key} = {value}" for key, value in settings.params.items())
    return [
        f"{settings.estimator}({given or 'library defaults'})",
        f"{scales[settings.scale]}, {estimator.n_features_in_:,} flat features",
    ]


def first_line(message: object) -> str:
    return str(message).strip().splitlines()[0] if str(message).strip() else repr(message)


def load(folder: Path, card: dict[str, Any]) -> Any:
    """Restore a stored estimator as an ONNX session; raises MemberError where none was stored."""
    from vestry.members.estimator_onnx import OnnxMember  # noqa: PLC0415 - heavy

    return OnnxMember(folder / "model.onnx", card)
