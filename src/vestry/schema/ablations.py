"""With and without: what one change does to a model's accuracy."""

from pydantic import Field

from vestry.schema.base import Number, Record, Spread
from vestry.schema.significance import Difference


class Side(Record):
    """One of the two models of a pair."""

    name: str = Field(description="of the model")
    scores: dict[str, Spread] = Field(
        description="`accuracy`, `log_loss` and `f1_macro` on test rows, over seeds"
    )
    epochs_run: int | None = Field(description="by the first seed; null without epochs")
    fit_seconds: float = Field(description="to fit the first seed's model")
    parameters: Number | None = Field(description="null where there is no such count")


class ComparedPair(Record):
    """A `[[pair]]` of the study."""

    what: str = Field(description="what the two differ in")
    missing: list[str] = Field(description="models that failed; the rest is then null")
    without: Side | None = Field(description="the one without it")
    with_: Side | None = Field(alias="with", description="the one with it")
    difference: Difference | None = Field(description="with less without")


class Step(Record):
    """What a member changes against the study's first."""

    name: str = Field(description="of the member")
    against: str = Field(description="the first member")
    difference: Difference = Field(description="its accuracy less the first's")


class SizePair(Record):
    """Two members fitted on the same number of images of each class."""

    images_per_class: int = Field(description="learnt from")
    one: str = Field(description="of a member")
    other: str = Field(description="of another")
    difference: Difference = Field(description="the one's accuracy less the other's")
