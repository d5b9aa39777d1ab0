"""A search for settings, by validation rows alone."""

from typing import Literal

from pydantic import Field, JsonValue

from vestry.schema.base import Number, Record

SearchedValues = dict[str, JsonValue]


class SearchRange(Record):
    """What a key may be: one of a list, or a number between two."""

    choose: list[JsonValue] | None = Field(None, description="values")
    between: tuple[Number, Number] | None = Field(None, description="ends")
    log: bool | None = Field(None, description="whether it is drawn by its logarithm")


class Trial(Record):
    """One set of values that was tried."""

    number: int = Field(description="from 0")
    state: Literal["complete", "pruned", "failed"] = Field(description="how it ended")
    values: SearchedValues = Field(description="by key")
    score: float | None = Field(description="on validation rows; null unless complete")
    validation_loss: float | None = Field(description="nats; null where there is none")
    epochs_run: int | None = Field(description="null without epochs")
    seconds: float = Field(description="it took")
    reason: str | None = Field(description="why it failed or was not fitted anew")


class BestTrial(Record):
    """The one whose values were taken."""

    number: int = Field(description="of the trial")
    values: SearchedValues = Field(description="by key")
    score: float = Field(description="on validation rows")


class EdgeValue(Record):
    """A best value at an end of its range."""

    parameter: str = Field(description="its key")
    value: JsonValue = Field(description="the best one")
    side: Literal["low", "high"] = Field(description="which end")


class Search(Record):
    """A member's search."""

    sampler: str = Field(description="its key")
    pruning: bool = Field(description="whether hopeless trials are ended early")
    trials_asked: int = Field(description="by the study")
    epochs: int | None = Field(description="what a trial was cut to, or null")
    rows: int | None = Field(description="training rows that a trial was cut to, or null")
    score: str = Field(description="that is searched by")
    seed: int = Field(description="of the sampler")
    space: dict[str, SearchRange] = Field(description="by key, as `layers #1.conv`")
    trials: list[Trial] = Field(description="in their order")
    best: BestTrial = Field(description="taken")
    edges: list[EdgeValue] = Field(description="best values at an end of their range")
    seconds: float = Field(description="of all trials")
    set_aside: float | None = Field(
        None,
        description="share of the training rows that trials were scored on and did not learn from; "
        "null where they were scored on the validation rows",
    )
    batch: int | None = Field(
        None,
        description="trials that were drawn together, knowing how those of earlier batches ended; "
        "null where each knew of all before it",
    )
