"""How well probabilities put the rarest class before all others, on the test rows."""

from pydantic import Field

from vestry.schema.base import Interval, Record


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
