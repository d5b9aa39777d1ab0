"""Fits on parts of the training rows: folds, growing sizes, and what choosing a model gives where
each image is tested in nested folds.
"""

from collections import Counter

from pydantic import Field

from vestry.schema.base import Interval, Record, Spread
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


class FoldChoice(Record):
    """The model that one test fold's other rows choose."""

    model: str = Field(
        description="first by the score that chooses, on these rows, each out of fold"
    )
    validation_accuracy: float = Field(description="of it, on these rows")
    rows: int = Field(description="of the test fold")
    right: int = Field(description="of these, by that model, which has learnt from none of them")


class NestedChoice(Record):
    """The accuracy of choosing anew for each test fold: no row has a say in the choice that it
    tests."""

    folds: list[FoldChoice] = Field(description="in order")
    accuracy: float = Field(description="of all rows together")
    interval: Interval = Field(description="of it, as of any share")

    @property
    def figure(self) -> str:
        """ "49.2% (38.0 to 60.5)"."""
        low, high = self.interval
        return f"{self.accuracy:.1%} ({100 * low:.1f} to {100 * high:.1f})"

    @property
    def rows(self) -> int:
        """Of all test folds."""
        return sum(fold.rows for fold in self.folds)

    @property
    def said(self) -> str:
        """The figure that holds, and how it came about; page, console and card share it."""
        times = Counter(fold.model for fold in self.folds).most_common()
        chosen = ", ".join(f"{name} {_times(count)}" for name, count in times)
        return (
            f"Choosing a model by these {self.rows:,} images gives one that is right on "
            f"{self.figure}: chosen anew for each of {len(self.folds)} test folds by the other "
            f"images alone ({chosen}). That is the figure to quote."
        )

    @property
    def same_images(self) -> str:
        """What follows a figure of one model."""
        return (
            "these are the same images that models were chosen by; what choosing by them gives is "
            f"right on {self.figure}"
        )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
