"""The kind `estimator`: any class with the scikit-learn contract, by its import path."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from vestry.data.mapped import parts_of
from vestry.errors import StudyError
from vestry.members.estimators.features.settings import Features, feature_widths, feature_words
from vestry.members.estimators.importable import ImportPath, check_importable, own_file
from vestry.members.kind import ModelKind, Plan

# Raw pixels to the flat features that classical models take.


Scale = Literal["none", "unit", "standard"]
_ROWS = 1024
"""Scaled at a time, since there are several copies of these."""
_VALUE_BYTES = 12
"""Of each pixel value: features are float64, and most estimators keep or make a float32 copy."""
_EXTRACTED_BYTES = 4
"""Of each number that steps make of images: float32, before components are taken of them."""
_DEVIATION_BYTES = 8
"""More where deviations are found of all rows at once."""
LARGE = 2**30
"""Bytes of float64 features from which what can be fitted a part at a time is."""
_IN_PARTS = "sklearn.linear_model.LogisticRegression"
_PARAMS_IN_PARTS = frozenset({"C", "tol", "max_iter", "fit_intercept", "random_state", "n_jobs"})
_PART_BYTES = 64 * 2**20
"""What a part takes, and what the fit keeps beside it."""


@dataclass(frozen=True)
class Scaling:
    """features = (pixels - offset) / divisor, both (features,) float32.

    Computed in float32 as the ONNX form does it, so that both see the same bits (a tree's
    threshold would part them otherwise); handed over in float64, so that solvers work in double.
    """

    offset: NDArray[np.float32]
    divisor: NDArray[np.float32]

    @property
    def width(self) -> int:
        return len(self.offset)

    def apply(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(n, height, width[, 3]) raw images to (n, features)."""
        features = np.empty((len(images), self.width), np.float64)
        for start in range(0, len(images), _ROWS):
            features[start : start + _ROWS] = self.single(images[start : start + _ROWS])
        return features

    def single(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The same in single precision, all at once: for a few images."""
        features = _flat(images).astype(np.float32)
        features -= self.offset
        features /= self.divisor
        return features


def fit_scaling(images: NDArray[np.uint8], scale: Scale) -> Scaling:
    """Learn `scale` from training images: "none" 0..255, "unit" 0..1, "standard" z-scores.

    A pixel that never changes has no deviation; it becomes 0 everywhere instead of dividing by 0.
    """
    features = _flat(images)
    width = features.shape[1]
    if scale != "standard":
        divisor = np.full(width, 255.0 if scale == "unit" else 1.0, np.float32)
        return Scaling(np.zeros(width, np.float32), divisor)
    if features.size * _DEVIATION_BYTES > LARGE and features.dtype == np.uint8:
        mean, deviation = _moments_of_bytes(features)
    else:
        deviation = features.std(axis=0, dtype=np.float64)
        mean = features.mean(axis=0, dtype=np.float64)
    deviation[deviation == 0] = 1.0
    return Scaling(mean.astype(np.float32), deviation.astype(np.float32))


def _moments_of_bytes(
    features: NDArray[np.uint8],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(features,) means and standard deviations, of sums that are exact, a part at a time."""
    sums, squares = np.zeros((2, features.shape[1]), np.int64)
    for part in parts_of(features):
        for start in range(0, len(part), _ROWS):
            values = part[start : start + _ROWS].astype(np.int64)
            sums += values.sum(axis=0)
            squares += (values**2).sum(axis=0)
    mean = sums / len(features)
    # Whole numbers, since of nearly equal ones the difference would be rounding.
    spread = [len(features) * int(q) - int(s) ** 2 for q, s in zip(squares, sums, strict=True)]
    return mean, np.sqrt(np.array(spread, np.float64)) / len(features)


def is_in_parts(settings: "EstimatorSettings", rows: int, values: int) -> bool:
    """Whether `in_parts.fit_in_parts` fits it, on so many rows of so many pixel values."""
    params = settings.params
    return (
        settings.estimator == _IN_PARTS
        and settings.features is None
        and _PARAMS_IN_PARTS.issuperset(params)
        and rows * values * np.dtype(np.float64).itemsize > LARGE
    )


def _flat(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return images.reshape(len(images), -1)


class EstimatorSettings(BaseModel):
    """An estimator and how it is fed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["estimator"] = "estimator"
    estimator: ImportPath = Field(description="import path, such as sklearn.svm.SVC")
    params: dict[str, Any] = Field(default_factory=dict, description="its own parameters")
    scale: Scale = Field("unit", description="pixels as they are, as 0..1, or as z-scores")
    features: Features | None = Field(
        None, description="steps that make of images what it takes, instead of scaled pixels"
    )
    refit: bool = Field(
        False,
        description="after its validation table is made, fit once more on training and "
        "validation rows together; the test table then comes from that model",
    )

    @model_serializer(mode="wrap")
    def without_unused(self, given: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Of `scale` and `features` the one that is used: fits and exported files of studies
        without features are known by what they were before there were any."""
        table: dict[str, Any] = given(self)
        table.pop("features" if self.features is None else "scale", None)
        return table

    @model_validator(mode="after")
    def scaled_once(self) -> "EstimatorSettings":
        if self.features is not None and "scale" in self.model_fields_set:
            raise ValueError(
                "`scale` is of pixels, and goes in their stead: leave it out beside `features`, "
                'or end these with { scale = "standard" }'
            )
        return self


class _EstimatorPlan(Plan):
    """One core, unless the study says otherwise: most estimators use no second one."""

    def describe(self, settings: EstimatorSettings) -> str:
        check_importable(settings.estimator)
        if settings.features is None:
            return settings.estimator
        _, width = self._widths(settings.features)
        return f"{settings.estimator} on {width:,} features ({feature_words(settings.features)})"

    def _widths(self, features: Features) -> tuple[int, int]:
        try:
            return feature_widths(features, self.context.image_shape)
        except ValueError as error:
            raise StudyError(f"features: {error}") from None

    def memory(self, settings: EstimatorSettings, rows: int) -> int:
        if settings.features is not None:
            extracted, width = self._widths(settings.features)
            return rows * (extracted * _EXTRACTED_BYTES + width * _VALUE_BYTES)
        values = prod(self.context.image_shape)
        if is_in_parts(settings, rows, values):
            return _PART_BYTES
        more = _DEVIATION_BYTES if settings.scale == "standard" else 0
        return rows * values * (_VALUE_BYTES + more)


def _tied(table: Mapping[str, Any]) -> str:
    path = table.get("estimator")
    if not isinstance(path, str) or (file := own_file(path)) is None:
        return ""
    return f"its class stands in {file.name}, which is not installed"


ESTIMATOR = ModelKind(
    name="estimator",
    settings=EstimatorSettings,
    implementation="vestry.members.estimators.estimator",
    plan=_EstimatorPlan,
    words="estimator",
    libraries=("scikit-learn", "numpy", "scipy", "skl2onnx", "onnxruntime"),
    tied=_tied,
    imports=lambda table: [table["estimator"]],
)
