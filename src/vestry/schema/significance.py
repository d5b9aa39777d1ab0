"""How sure the ranking is: first seeds' test tables, every pair, intervals of every score.

Shares of images (accuracy, recall, precision) have Blaker's exact interval. Other scores have that
of a weighted count of faults with one more fault than was seen, with the variance of the rows: no
assumption on which classes or images are hard, but macro averages need 10 images of every class
(precision and F1 10 answers of each, too), weighted ones 5 to a class, and `ece` 300. Where that
is not so, the interval is null. What each holds in simulations stands in `docs/measurements.md`.
"""

from typing import Literal

from pydantic import Field

from vestry.schema.base import Interval, MarkWord, Method, Record


class Difference(Record):
    """The first one's test accuracy less the second one's, with its interval."""

    score: Literal["accuracy"] = Field(description="what is subtracted")
    value: float = Field(description="the difference, a share of images")
    interval: Interval = Field(
        description="Welch's t over seeds, Bonett and Price's for pairs over images"
    )
    over: Literal["seeds", "images"] = Field(
        description="`seeds` where both have two or more, else `images`: the same test images, "
        "first seeds"
    )
    figures: tuple[float, float] = Field(
        description="the two accuracies; means where `over` is `seeds`"
    )
    count: int | tuple[int, int] = Field(description="images, or the seeds of each")
    only_one: int | None = Field(
        None, description="images that only the first gets right, `over` images"
    )
    only_other: int | None = Field(
        None, description="images that only the second gets right, `over` images"
    )
    reason: str | None = Field(description="why images were taken in spite of several seeds")


class PairOfModels(Record):
    """Two models on the test images."""

    one: str = Field(description="name")
    other: str = Field(description="name")
    difference: float = Field(description="the one's test accuracy less the other's")
    interval: Interval = Field(description="Bonett and Price's for pairs")
    only_one: int = Field(description="images that only the one gets right")
    only_other: int = Field(description="images that only the other gets right")
    method: Method = Field(
        description="McNemar's test: `exact` under 25 images in those two counts, else `mid-p`"
    )
    p: float = Field(description="its p")
    rows_needed: int | None = Field(
        description="test images in all with which McNemar's test of this pair alone has power 0.8 "
        "at 0.05 (Connor 1987) were the shares found the true ones; null where the two are level "
        "or more than 10 million are needed"
    )
    more_rows: int | None = Field(
        description="how many more that is than there are (0 where there are enough)"
    )
    p_holm: float = Field(description="p adjusted over the family")
    told_apart: bool = Field(
        description="whether that is below `level`: whether the difference is significant"
    )


class PairOverFolds(Record):
    """Two members on the same folds, by the corrected resampled t-test."""

    one: str = Field(description="name")
    other: str = Field(description="name")
    folds: int = Field(description="how many")
    difference: float = Field(description="mean over folds, the one's accuracy less the other's")
    interval: Interval | None = Field(description="of it; null where folds do not vary")
    p: float | None = Field(
        description="corrected resampled t-test (Nadeau and Bengio 2003); null where folds do not "
        "vary"
    )
    p_holm: float | None = Field(description="p adjusted over these pairs")
    told_apart: bool = Field(
        description="whether that is below `level`: whether the difference is significant"
    )


class Comparisons(Record):
    """Tests of every pair of models."""

    level: float = Field(description="of the tests")
    family: int = Field(description="how many pairs Holm's procedure adjusts over")
    rows: int = Field(description="test images")
    pairs: list[PairOfModels] = Field(description="in the order of `ranking`")
    cross_validated: list[PairOverFolds] = Field(
        description="a family of its own: pairs of members on the same folds"
    )


class SmallestShown(Record):
    """What so many images can show."""

    rows: int = Field(description="images")
    difference: float = Field(
        description="about the smallest difference between the first and the next three that "
        "McNemar's test would show, at least that of six images"
    )


class Resolution(Record):
    """How small a difference the images can show."""

    margin: float = Field(description="of `[decision]`: within it models are level")
    validation: SmallestShown = Field(description="of the validation rows")
    test: SmallestShown = Field(description="of the test rows")


class BesideFirst(Record):
    """How the test images see a model beside the first. It changes no rank."""

    mark: MarkWord = Field(
        description="`ahead` or `behind` where the difference is significant, `level` where each "
        "is shown to be less than `resolution.margin` behind the other (the exact test of "
        "`[decision]`, level 5%, each its own), else `unknown`: the images are too few, which is "
        "not the same as equal"
    )
    difference: float = Field(description="its test accuracy less the first's")
    interval: Interval = Field(description="of it, Bonett and Price's")
    p_holm: float = Field(description="of that pair among all pairs")


class Ranked(Record):
    """A row of the ranking."""

    name: str = Field(description="of a member or committee")
    kind: Literal["member", "committee"] = Field(description="which of the two")
    validation_accuracy: float = Field(
        description="mean over seeds, less what is due to choices by the same rows (`optimism`)"
    )
    test_accuracy: float = Field(description="mean over seeds")
    rank: int = Field(
        description="1, 2, ... in the order of validation, shared only by models of the same "
        "accuracy and log loss"
    )
    on_test: BesideFirst | None = Field(description="null for the first")
