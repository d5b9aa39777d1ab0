"""What all typed results have in common.

Scores are fractions in 0..1 (not per cent), times are seconds. `null` stands where something does
not apply; a key that is *at times* there is left out where it does not. Labels (`truth`,
`predicted`, `label`, `top`, `labels`) are numbers: places in `data.classes`.
"""

from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Number = int | float
"""Whole where what it counts is whole; so it is written, too."""
Interval = tuple[float, float]
"""Lower and upper end of 95%, unless said otherwise."""
Settings = dict[str, JsonValue]
"""The user's own settings by their keys, as `docs/study.md` has them."""
FORMAT: Final = 3
"""Of everything that is written after these types: a file of another one is refused."""
Format = Literal[3]
T = TypeVar("T")


class Record(BaseModel):
    """A part of the results: nothing unknown in it, and nothing of it changes once it is made."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False
    )

    def as_json(self) -> dict[str, Any]:
        """As it is written: by the file's keys, and only what was set."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def set_fields(record: Record) -> dict[str, Any]:
    """What was set, by attributes' names: for a record that says all of this and more."""
    return {name: getattr(record, name) for name in record.model_fields_set}


class OnSplits(Record, Generic[T]):
    """The same of validation rows and of test rows."""

    validation: T = Field(description="of the validation rows")
    test: T = Field(description="of the test rows")

    def on(self, split: str) -> T:
        return self.test if split == "test" else self.validation


class Spread(Record):
    """One figure over several fits, such as those of several seeds or folds."""

    mean: float = Field(description="the plain mean")
    deviation: float | None = Field(description="sample standard deviation; null of a single value")
    values: list[float] = Field(description="one a fit")


ScoreName = Literal["accuracy", "balanced_accuracy", "macro_f1", "log_loss", "roc_auc"]
"""What models may be chosen by, and fits may follow; what each is stands in `predictions`."""
MarkWord = Literal["ahead", "behind", "level", "unknown"]
Method = Literal["exact", "mid-p", "two-way"]
"""Of the test that two models are right equally often: McNemar's two, and that over seeds."""
