"""How sure the ranking is: every pair of models on the test images, intervals of every score.

Shares of images (accuracy, recall, precision) have Blaker's exact interval. Other scores have that
of a weighted count of faults with one more fault than was seen, with the variance of the rows: no
assumption on which classes or images are hard, but macro averages need 10 images of every class
(precision and F1 20, and 20 answers of each), weighted ones 5 to a class, and `ece` 300. Where that
is not so, the interval is null. What each holds in simulations stands in `docs/measurements.md`.

Which tests belong together: every two models on the test images; each committee against each of its
members; committees made without each member; each member against the first of the study; the
study's `[[pair]]`s; learning curves at every size that two share; members on the same folds; each
model against the most frequent class, and the best against the others, on the validation rows.
Each of these is a family, adjusted after Holm, so that a false alarm anywhere in it has a chance of
at most 5%; `families` says how many tests there were. What rests on no test is exploratory.
"""

from typing import Literal

from pydantic import Field

from vestry.schema.base import Interval, MarkWord, Method, Number, Record


class Difference(Record):
    """The first one's test accuracy less the second one's, with its interval and its test.

    One seed each: the same test images, Bonett and Price's interval and McNemar's test. Where one
    has several seeds: means over seeds, and chance is of images *and* seeds (`two-way`). How far
    seeds move a model is known of all members together: each is taken to move as they do, one whose
    own seeds lie further apart by these, and one that was fitted once as the others. A model whose
    answers no seed changes adds nothing.
    """

    score: Literal["accuracy"] = Field(description="what is subtracted")
    value: float = Field(description="the difference, a share of images")
    interval: Interval = Field(
        description="Bonett and Price's for pairs where each has one seed; else of images and seeds"
    )
    over: Literal["images", "images and seeds"] = Field(
        description="what chance the interval and p are of"
    )
    figures: tuple[float, float] = Field(description="the two accuracies; means over seeds")
    count: int = Field(description="images")
    seeds: tuple[int, int] = Field(description="of each")
    only_one: Number = Field(
        description="images that only the first gets right; over seeds the mean of every two"
    )
    only_other: Number = Field(description="images that only the second gets right; likewise")
    p: float = Field(description="two-sided, that the two are right equally often")
    method: Method = Field(
        description="McNemar's test: `exact` under 25 images in those two counts, else `mid-p`; "
        "`two-way` over seeds"
    )
    p_holm: float | None = Field(
        None, description="p adjusted over its family (`families`); null where it is in none"
    )


class PairOfModels(Record):
    """Two models on the test images."""

    one: str = Field(description="name")
    other: str = Field(description="name")
    difference: float = Field(description="the one's test accuracy less the other's")
    interval: Interval = Field(description="as of a `Difference`")
    seeds: tuple[int, int] = Field(description="of each")
    only_one: Number = Field(
        description="images that only the one gets right; over seeds the mean of every two"
    )
    only_other: Number = Field(description="images that only the other gets right; likewise")
    method: Method = Field(
        description="McNemar's test: `exact` under 25 images in those two counts, else `mid-p`; "
        "`two-way` over seeds"
    )
    p: float = Field(description="its p")
    rows_needed: int | None = Field(
        description="test images in all with which the difference found, were it the true one, is "
        "significant with probability 0.8 or more, at `level` divided by `family`: the strictest "
        "that Holm's procedure asks of any pair, so that it holds whatever the others do. Null "
        "where the two are level, more than 10 million are needed, or no number does because too "
        "few seeds leave it open"
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
        description="about the smallest difference between the first and the next three (the "
        "median of these pairs) that the tests here would show, in the score that orders the "
        "models; never above one to the first that is significant"
    )
    tests: int = Field(
        description="made at once on these rows; the difference is that at 0.05 divided by it"
    )


class Resolution(Record):
    """How small a difference the images can show."""

    margin: float = Field(description="of `[decision]`: within it models are level")
    validation: SmallestShown = Field(description="of the validation rows")
    test: SmallestShown = Field(description="of the test rows")


class BesideFirst(Record):
    """How the test images see a model beside the first. It changes no rank."""

    mark: MarkWord = Field(
        description="`ahead` or `behind` where the difference is significant (`p_holm`) and the "
        "interval leaves out 0, `level` where the whole interval lies within `resolution.margin` "
        "and the test of `[decision]` shows it both ways, else `unknown`: the "
        "images are too few, which is not the same as equal"
    )
    difference: float = Field(
        description="its test accuracy, or what else orders the models, less the first's"
    )
    interval: Interval = Field(
        description="of it, 95%, its own: as of a `Difference`; of another score as of a "
        "`ScoreDifference`"
    )
    p_holm: float = Field(
        description="of that pair among all pairs; of another score than accuracy, among all "
        "models beside the first"
    )


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
    validation_score: float | None = Field(
        None, description="by the score that orders the models, mean over seeds"
    )
    test_score: float | None = Field(None, description="the same of the test rows")
    probability_best: float | None = Field(
        None,
        description="share of resamples (1,000; of validation images within their classes, and of "
        "the model's seeds) in which it is the best by that score; ties are shared",
    )
    above_majority: bool | None = Field(
        None,
        description="whether validation shows it to be better than always answering the most "
        "frequent class (McNemar's test, exact, one-sided, Holm over all models, level 5%)",
    )


class TestFamily(Record):
    """Tests that are adjusted together, so that any of them is a false alarm in at most 5%."""

    name: str = Field(description="its key")
    what: str = Field(description="which tests it is made of, in words")
    tests: int = Field(description="how many there were in this run")
    level: float = Field(description="the chance of any false alarm among them, at most")
