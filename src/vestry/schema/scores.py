"""Scores of a probability table, and where it is wrong.

Undefined precision and recall (nothing predicted, nothing there) count as 0. Macro averages are
over the classes that there are images of.
"""

from typing import Any

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from vestry.schema.base import Interval, Record


class ClassScores(Record):
    """One class against all others."""

    precision: float = Field(description="share of the images called so that are")
    precision_interval: Interval | None = Field(
        None, description="of it, Blaker's; null where no image is called so"
    )
    recall: float = Field(description="share of the images of the class that are called so")
    recall_interval: Interval | None = Field(
        None, description="of it, Blaker's; null where there is no image of the class"
    )
    f1: float = Field(description="harmonic mean of the two")
    support: int = Field(description="images of the class")


class Scores(Record):
    """Every score by its key, a number each, and the two tables below.

    These and `precision_macro`, `recall_macro`, `f1_macro`,
    `precision_weighted`, `recall_weighted`, `f1_weighted`, `precision_micro_at_half` and
    `recall_micro_at_half` (micro averages over one-hot outputs with the probability thresholded at
    0.5: what Keras calls precision and recall), `brier` (summed over classes, 0..2), `ece`
    (expected calibration error, 15 bins of equal mass, equal confidences in one). What needs
    probabilities is null for a model that gave labels alone.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | None] = Field(init=False)

    accuracy: float = Field(description="share of images that are called right")
    log_loss: float | None = Field(
        description="mean negative log probability of the truth, nats; null as others"
    )
    per_class: dict[str, ClassScores] = Field(description="by the class's name")
    confusion: list[list[int]] = Field(description="counts: rows truth, columns prediction")

    @property
    def numbers(self) -> dict[str, float]:
        """Those that are known, by their keys."""
        further: dict[str, float | None] = self.model_extra or {}
        every = {"accuracy": self.accuracy, "log_loss": self.log_loss, **further}
        return {name: value for name, value in every.items() if value is not None}

    def number(self, score: str) -> float:
        """By its key; KeyError where there is none, or it is not known."""
        return self.numbers[score]

    @model_serializer(mode="wrap")
    def _numbers_first(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As a reader looks for them; pydantic would put them behind the tables."""
        found: dict[str, Any] = handler(self)
        tables = {key: found.pop(key) for key in ("per_class", "confusion") if key in found}
        return found | tables


class ScoresOfTable(Record):
    """A table's scores and how sure its accuracy is."""

    scores: Scores = Field(description="all of them")
    intervals: dict[str, Interval | None] = Field(description="of the accuracy, Blaker's")


class MistakeCell(Record):
    """An off-diagonal cell of the test confusion."""

    truth: int = Field(description="label")
    predicted: int = Field(description="label")
    count: int = Field(description="images in it")
    ids: list[str] = Field(description="some of these images, a capped list")
    confidences: list[float] = Field(
        [],
        description="the probability of the answer to each of `ids`, to four decimals; not of "
        "labels alone",
    )


class Mistake(Record):
    """A test image that is answered wrong."""

    id: str = Field(description="of the image")
    truth: int = Field(description="label")
    predicted: int = Field(description="label")
    confidence: float = Field(description="probability of the predicted class")
    truth_probability: float = Field(description="probability of the true class")


class Mistakes(Record):
    """Where a model is wrong on the test images."""

    cells: list[MistakeCell] = Field(description="off-diagonal cells of the test confusion")
    hardest: list[Mistake] = Field(
        description="wrong test images, most confident first; none of labels alone"
    )


class RankCurve(Record):
    """One model, first seed."""

    roc_area: float = Field(description="area under the ROC curve")
    roc_interval: Interval = Field(description="DeLong's, on the logit scale")
    precision_area: float = Field(
        description="area under the precision-recall curve: the average precision"
    )
    precision_interval: Interval = Field(description="Boyd, Eng and Page's logit interval")
    roc: list[tuple[float, float]] = Field(
        description="share of the other rows that are called so, share of the class found"
    )
    precision: list[tuple[float, float]] = Field(
        description="share of the class found, share of those called so that are"
    )


class RankCurves(Record):
    """Where the rarest class has less than a fifth of the commonest's rows."""

    positive: str = Field(description="the rarest class of the training rows")
    rows: int = Field(description="its test rows")
    share: float = Field(description="of all test rows: the precision of chance")
    models: dict[str, RankCurve] = Field(description="by name")
