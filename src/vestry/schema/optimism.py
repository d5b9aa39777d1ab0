"""How much of a validation figure is due to choosing by it (bootstrap bias correction: Tsamardinos,
Greasidou and Borboudakis 2018).
"""

from pydantic import Field

from vestry.schema.base import Record


class Optimism(Record):
    """Of a model's validation accuracy: what it has from choices that the same rows made."""

    early_stopping: float | None = Field(
        description="from taking the best epoch, a share of images, the mean over seeds; null "
        "where no epoch was chosen by loss or accuracy. Of a committee this and `search` are the "
        "means over its members"
    )
    search: float | None = Field(
        description="from taking the best trial: its own, by the share of its luck on single rows "
        "that the model fitted afterwards has, too; null without a search by accuracy or log loss"
    )
    corrected: float = Field(description="the validation accuracy, the mean over seeds, less these")


class BestOfSeveral(Record):
    """The first of the ranking: what its validation accuracy has from being the best of several."""

    models: int = Field(description="compared on the same validation rows")
    first: str = Field(description="name")
    optimism: float = Field(description="a share of images")
    corrected: float = Field(
        description="its validation accuracy less this and less what its own `optimism` says"
    )
