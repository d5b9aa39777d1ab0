"""What a report says beside what was measured here."""

from typing import Literal

from pydantic import Field

from vestry.schema.base import Interval, Record, Settings, Spread
from vestry.schema.significance import Difference
from vestry.schema.training import BackboneFacts

Verdict = Literal["agrees", "differs", "open", "remark", "unchecked"]


class Figure(Record):
    """A model's test score."""

    name: str = Field(description="of the model")
    value: float = Field(description="the mean over seeds")
    interval: Interval | None = Field(
        description="Blaker's; null for scores that are no share of images"
    )
    over_seeds: Spread | None = Field(description="null for one seed")


class FoldsFact(Record):
    """A member's held-out accuracy."""

    folds: int = Field(description="how many")
    repeats: int = Field(description="how often they were drawn anew")
    held_out: Spread = Field(description="accuracy over folds")
    single: Figure = Field(description="accuracy of its one fit on test rows")
    reported: dict[str, float] = Field(description="that the report gave")


class Duplicates(Record):
    """Rows that repeat another one, from the look at the images."""

    within: dict[str, int] = Field(description="of the same split, by split")
    across: dict[str, int] = Field(description='of another split, by "training and test"')


class Measured(Record):
    """What was measured, by the claim's form; only the form's own keys are there.

    `count`: `count`, `support`, `interval`. `balanced`: `splits`, `all`, `balanced`. `below`,
    `above`: `difference`. `best`: `leader`, `best_on_test`, `difference`. `values`: `figure`,
    `one_value`. `printed`: `figure`, `as_printed`, `as_fraction`. `value`: `figure`,
    `mean_of_members`. `called`: `scores`, `rows`. `remark`: the fact that was asked for, under its
    name, where this run has it; `figures`, `score` and `reported` where a `maker` or `class` is
    named.
    """

    count: int | None = Field(None, description="images of the cell")
    support: int | None = Field(None, description="images of the class")
    interval: Interval | None = Field(None, description="Blaker's, of the share of the class")
    splits: dict[str, tuple[int, int] | int] | None = Field(
        None,
        description="smallest and largest class, by split; of a remark its rows, but for splits "
        "that folds make of the training rows",
    )
    all: tuple[int, int] | None = Field(None, description="smallest and largest class of all rows")
    balanced: bool | None = Field(None, description="the largest has at most a tenth more")
    leader: str | None = Field(None, description="by validation")
    best_on_test: str | None = Field(None, description="name")
    rival: str | None = Field(
        None,
        description="the model that a claimed best is held against: the leader, or where that is "
        "the claimed one, the highest other one on test",
    )
    difference: Difference | None = Field(
        None, description="of `maker` less the other; of the claimed best less `rival`"
    )
    figure: Figure | None = Field(None, description="ours")
    one_value: bool | None = Field(
        None, description="whether one value rounds to all that were given"
    )
    as_printed: float | None = Field(None, description="per-cent sign included")
    as_fraction: float | None = Field(None, description="without it")
    mean_of_members: float | None = Field(None, description="of a committee's members")
    scores: dict[str, float] | None = Field(None, description="by split")
    rows: dict[str, int] | None = Field(None, description="by split")
    class_counts: dict[str, tuple[int, int]] | None = Field(
        None, alias="class counts", description="smallest and largest class, by split"
    )
    seeds: dict[str, int | None] | None = Field(None, description="of `samples` and `votes`")
    duplicates: Duplicates | None = Field(None, description="rows that repeat another")
    backbone: BackboneFacts | None = Field(None, description="the backbone's card")
    cross_validation: FoldsFact | None = Field(
        None, alias="cross-validation", description="held-out accuracy"
    )
    figures: list[Figure] | None = Field(None, description="of the model, or of all")
    score: str | None = Field(None, description="that the figures are of")
    reported: float | None = Field(None, description="what the report gave for it")


class CheckedClaim(Record):
    """A `[[claim]]` of the study."""

    form: str = Field(description="the form's key")
    says: str = Field(description="the statement")
    said: Settings = Field(description="the rest of the study's entry")
    verdict: Verdict = Field(
        description="`open`: what was measured cannot tell; `unchecked`: `reason` says why"
    )
    reason: str | None = Field(description="a model that failed, a class not there")
    here: Measured | None = Field(description="what was measured; null where unchecked")
