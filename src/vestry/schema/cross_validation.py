"""Fits on parts of the training rows: folds, and growing sizes."""

from pydantic import Field

from vestry.schema.base import Record, Spread
from vestry.schema.scores import ScoresOfTable


class CrossValidation(Record):
    """Each fold by a model that has not seen it."""

    folds: int = Field(description="how many")
    stratified: bool = Field(description="whether folds keep the classes' shares")
    repeats: int = Field(description="how often folds are drawn anew")
    seed: int = Field(description="they are drawn with")
    reported: dict[str, float] = Field(description="`{score: value}` that a report gave")
    reported_on: str | None = Field(description="what the report's figures are of")
    rows: int = Field(description="training rows, all of them held out once a repeat")
    validation_rows: int = Field(description="rows that no fold learnt from")
    fold_rows: list[int] = Field(description="held-out rows, one number a fold")
    scores: dict[str, Spread] = Field(description="over held-out folds, by score")
    fit_seconds: list[float] = Field(description="one number a fold")
    out_of_fold: ScoresOfTable = Field(description="of the table of all training rows")


class LearningCurve(Record):
    """`accuracy`, `log_loss` and `f1_macro` by the number of training images."""

    images_per_class: list[int] = Field(description="the sizes")
    training_rows: list[int] = Field(description="the same in rows")
    validation: dict[str, list[Spread]] = Field(description="by score, one a size, over seeds")
    test: dict[str, list[Spread]] = Field(description="by score, one a size, over seeds")
