"""What `vestry compare` writes as JSON beside its page.

A model's `label` is `RUN / NAME`; a run's name is its folder's, with as much of the path as tells
it from the others.
"""

from typing import Literal

from pydantic import Field, JsonValue

from vestry.schema.base import Format, Interval, Method, Number, OnSplits, Record, Spread
from vestry.schema.cost import Cost
from vestry.schema.decision import ScoreChosenBy
from vestry.schema.environment import TestSetUses
from vestry.schema.significance import BesideFirst, Difference


class RunStudy(Record):
    """Which study a run is of."""

    file: str = Field(description="name of the study file")
    hash: str = Field(description="of the resolved study")


class RunEnvironment(Record):
    """Where it was run."""

    processor: str | None = Field(description="its name")
    cores_used: int | None = Field(description="at most")
    system: str | None = Field(description="and architecture")


class ComparedRun(Record):
    """One of the runs."""

    name: str = Field(description="its folder's")
    title: str = Field(description="of its study")
    study: RunStudy = Field(description="which one")
    created: str = Field(description="when its results were written; UTC, ISO 8601")
    fingerprint: str = Field(description="of its rows")
    rows: dict[str, int] = Field(description="by split")
    environment: RunEnvironment = Field(description="where it was run")
    seconds: float = Field(description="it took")
    failures: list[str] = Field(description="names")
    makers: int = Field(description="how many it has")
    chosen_by: str = Field("accuracy", description="the score that its study chose by, in words")


class MissingModel(Record):
    """A model that some of the studies lack."""

    kind: Literal["member", "committee"] = Field(description="which of the two")
    name: str = Field(description="of it")
    runs: list[str] = Field(description="that have it")


class ChangedValue(Record):
    """A key that is not the same in all runs."""

    key: str = Field(description="dotted")
    values: list[JsonValue] = Field(description="one a run, null where it is not set")


class ChangedSetting(Record):
    """A key of the study that is not the same in all runs."""

    of: list[str] = Field(description="the models; empty for the whole study")
    key: str = Field(description="dotted")
    values: list[JsonValue] = Field(description="one a run, null where it is not set")


class RunChanges(Record):
    """What differs besides figures."""

    makers: list[MissingModel] = Field(description="that some lack")
    settings: list[ChangedSetting] = Field(description="of the studies")
    environment: list[ChangedValue] = Field(description="machine and versions")


class RankedOfRuns(Record):
    """A model of one of the runs."""

    run: str = Field(description="its name")
    name: str = Field(description="the model's")
    label: str = Field(description="`RUN / NAME`")
    kind: Literal["member", "committee"] = Field(description="which of the two")
    validation_accuracy: float = Field(
        description="mean over seeds, less what is due to choices by the same rows (`optimism`)"
    )
    accuracy: float = Field(description="test, mean over seeds")
    interval: Interval = Field(description="Blaker's; of images and seeds where there are several")
    over_seeds: Spread | None = Field(description="of the test accuracy")
    log_loss: float | None = Field(description="test, nats, mean over seeds; null of labels alone")
    f1_macro: float = Field(description="test, mean over seeds")
    parameters: Number | None = Field(description="null where not known")
    fit_seconds: float | None = Field(description="of the first seed")
    milliseconds_per_image: float | None = Field(description="of predicting the test rows")
    cost: Cost | None = Field(description="null where the run has none")
    rank: int = Field(description="by `ordered_by`")
    on_test: BesideFirst | None = Field(description="as in a run, margin 0.01")
    by_score: OnSplits[float] | None = Field(
        None, description="by `score`; null where the order is by accuracy"
    )


class LabelledMaker(Record):
    """A model of a run."""

    run: str = Field(description="its name")
    name: str = Field(description="the model's")
    label: str = Field(description="`RUN / NAME`")


class ComparedPair(Record):
    """Two models."""

    one: LabelledMaker = Field(description="of the later run")
    other: LabelledMaker = Field(description="of the earlier run")
    difference: Difference = Field(description="one less other")
    p: float = Field(description="McNemar's; of images and seeds where one has several")
    method: Method = Field(description="of the test")
    alike: int = Field(
        description="images to which both give the same answer, seed by seed; all seeds of both "
        "where they have not as many"
    )
    p_holm: float = Field(description="p adjusted over the family")
    told_apart: bool = Field(description="whether that is below `level`")
    both_best: bool = Field(description="whether both are their run's best")
    same_name: bool = Field(description="whether they have the same name")


class PairTests(Record):
    """Tests of pairs: McNemar's, or over images and seeds."""

    level: float = Field(description="of the tests")
    family: int = Field(description="all pairs of models; Holm's procedure adjusts over them")
    pairs: list[ComparedPair] = Field(description="those of two runs' best and of the same name")


class ComparedData(Record):
    """What all were tested on."""

    used: str = Field(description="the source")
    classes: list[str] = Field(description="names")


class RunComparison(Record):
    """The whole comparison."""

    format: Format = Field(description="of this file")
    created: str = Field(description="when; UTC, ISO 8601")
    data: ComparedData = Field(description="what all were tested on")
    runs: list[ComparedRun] = Field(description="in the order given")
    changes: RunChanges = Field(description="what differs besides figures")
    rows: int = Field(description="test rows")
    ordered_by: Literal["validation", "test"] = Field(
        description="`validation` where all runs were validated on the same rows, else `test`: "
        "then the order describes and does not select"
    )
    score: ScoreChosenBy | None = Field(
        None,
        description="that all runs chose by and that orders the ranking; null where that is the "
        "accuracy: all chose by it, or they chose by different ones",
    )
    ranking: list[RankedOfRuns] = Field(description="a row a model, by `ordered_by`")
    best: dict[str, str] = Field(
        description="each run's best by its own validation rows, as a label"
    )
    tests: PairTests = Field(description="of pairs")
    test_looks: TestSetUses = Field(description="as in a run's results")
