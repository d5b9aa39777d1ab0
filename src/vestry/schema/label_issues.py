"""Doubted labels, and test scores without them and without what training had seen.

How many are doubted is cleanlab's count of the off-diagonal of the confident joint (Northcutt,
Jiang and Chuang 2021), and which ones are those with the lowest `quality`; an image that the panel
calls by its label is never among them. Of 100 flips among 10,000 labels this ranking put 92 to 95
into the first 150, the normalised margin 75 to 78, cleanlab's pruning by noise rate 87 (two CNNs;
the class thresholds come from the same tables, also on test rows: nothing that predicts is fitted
there).

Repeated are test images that are a training or validation image byte for byte, or a near-duplicate
of a training image. The doubts are the members' own, so accuracies without doubted labels flatter.
"""

from typing import Literal

from pydantic import Field

from vestry.schema.base import Interval, Record


class Vote(Record):
    """A member's answer."""

    label: int = Field(description="that it gives")
    confidence: float = Field(description="probability of it")


class DoubtedImage(Record):
    """An image whose label is doubted."""

    id: str = Field(description="of the image")
    given: int = Field(description="label")
    panel: int = Field(description="label that the panel gives")
    panel_probability: float = Field(description="of it")
    quality: float = Field(description="the panel's probability of the given label")
    votes: dict[str, Vote] = Field(description="by member")


class LabelIssues(Record):
    """Of one split."""

    of_table: Literal["out-of-fold", "validation", "test"] = Field(description="that doubts")
    panel: list[str] = Field(
        description="the members whose mean probabilities doubt (committees do not)"
    )
    rows: int = Field(description="looked at")
    accuracy: float = Field(description="share of labels that the panel agrees with")
    count: int = Field(description="labels that are doubted")
    images: list[DoubtedImage] = Field(description="at most 60, worst first")


class Doubts(Record):
    """By split; null for one that was not looked at."""

    training: LabelIssues | None = Field(
        description="by the cross-validated members' out-of-fold tables"
    )
    validation: LabelIssues | None = Field(
        description="by all members' validation tables where no member is cross-validated (early "
        "stopping and searches may have seen these rows)"
    )
    test: LabelIssues | None = Field(
        description="by all members' test tables; null, too, where folds test the same images"
    )


class StandingOnRows(Record):
    """A model on some of the test rows: as its test accuracy, the mean of its seeds."""

    accuracy: float = Field(description="there")
    interval: Interval = Field(description="as that of its test accuracy")
    rank: int = Field(description="by test accuracy, equals sharing one")


class AllRows(Record):
    """Models on all test rows."""

    rows: int = Field(description="test images")
    makers: dict[str, StandingOnRows] | None = Field(description="by name; null without rows")


class KeptRows(Record):
    """Models on the test rows that are left."""

    left_out: int = Field(description="test images")
    rows: int = Field(description="that are left")
    makers: dict[str, StandingOnRows] | None = Field(description="by name; null without rows")
    changed: list[str] = Field(description="models of another rank than on all rows")


class Without(Record):
    """Without some of the test images."""

    repeated: KeptRows | None = Field(
        description="that stand in the training or validation rows, too"
    )
    doubted: KeptRows | None = Field(description="of doubted label")
    both: KeptRows | None = Field(description="of the two")


class Shared(Record):
    """Rows of one split whose image stands in another one, byte for byte."""

    splits: tuple[str, str] = Field(description="where it stands, and whose rows these are")
    count: int = Field(description="rows of the second that stand in the first, too")
    of: int = Field(description="rows that the second has")


class Leaks(Record):
    """Test scores again, without repeated images and doubted labels."""

    shared: list[Shared] = Field(
        [],
        description="of each two splits, looked for before anything is fitted; empty where tables "
        "alone were judged",
    )
    learnt_validation: list[str] = Field(
        [], description="members that have learnt validation rows, too (`refit`)"
    )
    reason: str | None = Field(
        description="why near-duplicates (of tables alone: repeated images) are not known"
    )
    rows: int = Field(description="test images")
    searched: int | None = Field(
        description="test images that took part in the search for near-duplicates"
    )
    all: AllRows = Field(description="on all test rows")
    without: Without = Field(description="on some of them")
