"""What a study says of a search for a model's settings."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class SearchSettings(BaseModel):
    """The `search` of a model some of whose values are `choose` or `between`.

    sampler: random (Bergstra and Bengio 2012) or tpe, the tree-structured Parzen estimator
    (Bergstra et al. 2011). pruning: stop a trial whose validation loss, after the same number of
    epochs, is above the median of the trials before it (from the sixth trial
    and the second epoch on).
    epochs, rows: what a trial is cut to, so that more trials fit into the time; the best is fitted
    in full afterwards. score: the validation score that trials are compared by.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sampler: Literal["random", "tpe"] = "random"
    trials: Annotated[int, Field(ge=1, le=10_000)] = 20
    pruning: bool = True
    epochs: Annotated[int, Field(ge=1)] | None = None
    rows: Annotated[int, Field(ge=1)] | None = None
    score: Literal["accuracy", "log_loss"] = "accuracy"
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0

    def words(self, values: int) -> str:
        """The search in a line; values: how many are to be found."""
        found = "1 value" if values == 1 else f"{values} values"
        cut = f", of {self.epochs} epochs" if self.epochs else ""
        cut += f", on {self.rows:,} training images" if self.rows else ""
        return f"{self.sampler} search for {found} in {self.trials} trials{cut}"
