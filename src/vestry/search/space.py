"""What a study says of a search for a model's settings."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from vestry.schema.base import ScoreName


class SearchSettings(BaseModel):
    """The `search` of a member some of whose values are `choose` or `between`.

    sampler: random (Bergstra and Bengio 2012) or tpe, the tree-structured Parzen estimator
    (Bergstra et al. 2011). pruning: stop a trial whose validation loss, after the same number of
    epochs, is above the median of the trials before it (from the sixth trial
    and the second epoch on).
    epochs, rows: what a trial is cut to, so that more trials fit into the time; the best is fitted
    in full afterwards. score: the validation score that trials are compared by. batch: so many are
    drawn together, each knowing how the batches before ended, and may be fitted at once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sampler: Literal["random", "tpe"] = "random"
    trials: Annotated[int, Field(ge=1, le=10_000)] = 20
    pruning: bool = True
    epochs: Annotated[int, Field(ge=1)] | None = None
    rows: Annotated[int, Field(ge=1)] | None = None
    score: ScoreName = "accuracy"
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    batch: Annotated[int, Field(ge=1, le=1024)] = 1

    @model_serializer(mode="wrap")
    def without_unused(self, given: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Studies that draw one trial at a time are known by what they were before."""
        tables: dict[str, Any] = given(self)
        if self.batch == 1:
            tables.pop("batch", None)
        return tables

    def words(self, values: int) -> str:
        """The search in a line; values: how many are to be found."""
        found = "1 value" if values == 1 else f"{values} values"
        cut = f", of {self.epochs} epochs" if self.epochs else ""
        cut += f", on {self.rows:,} training images" if self.rows else ""
        at_once = f", {self.batch} at a time" if self.batch > 1 else ""
        return f"{self.sampler} search for {found} in {self.trials} trials{at_once}{cut}"


# The space of a search: values in a member's table that are `choose` or `between`.


_Number = int | float


class Choose(BaseModel):
    """One of a list of values, of any kind that the key takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    choose: list[Any] = Field(min_length=1)

    def ends(self) -> list[Any]:
        """Values that together show whether all may stand there."""
        return list(self.choose)

    def edge(self, value: Any) -> str | None:
        """ "low" or "high" where `value` is the least or the greatest of several numbers."""
        numbers = [v for v in self.choose if _is_number(v)]
        return _side(value, numbers) if len(numbers) == len(self.choose) else None


class Between(BaseModel):
    """A number between two; a whole one where both are whole. log: drawn by its logarithm."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    between: tuple[_Number, _Number]
    log: bool = False

    @model_validator(mode="after")
    def rising(self) -> "Between":
        low, high = self.between
        if not low < high:
            raise ValueError(f"between takes a lower and a higher number, not {low} and {high}")
        if self.log and low <= 0:
            raise ValueError(f"log = true takes numbers above 0, not {low}")
        return self

    @property
    def whole(self) -> bool:
        return all(isinstance(end, int) for end in self.between)

    def ends(self) -> list[Any]:
        return list(self.between)

    def edge(self, value: Any) -> str | None:
        """The end that `value` comes within 2% of the range of (or is equal to)."""
        low, high = self.between
        near = 0.0 if self.whole else 0.02
        place = (value - low) / (high - low)
        if self.log and not self.whole:
            place = math.log(value / low) / math.log(high / low)
        return "low" if place <= near else "high" if place >= 1 - near else None


Choice = Choose | Between


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _side(value: _Number, numbers: list[_Number]) -> str | None:
    if len(set(numbers)) < 2:
        return None
    return "low" if value == min(numbers) else "high" if value == max(numbers) else None


def _is_choice(value: Any) -> bool:
    return isinstance(value, dict) and ("choose" in value or "between" in value)


def found(table: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every value to be searched for, by its key, as in `layers #1.conv`."""
    if _is_choice(table):
        yield path, table
    elif isinstance(table, dict):
        for key, value in table.items():
            yield from found(value, f"{path}.{key}" if path else key)
    elif isinstance(table, list | tuple):
        for number, value in enumerate(table, 1):
            yield from found(value, f"{path} #{number}")


def space_of(table: Mapping[str, Any]) -> dict[str, Choice]:
    """The space by key; raises pydantic's ValidationError for a choice that is none."""
    return {
        key: Choose(**value) if "choose" in value else Between(**value)
        for key, value in found(dict(table))
    }


def substituted(table: Any, values: Mapping[str, Any], path: str = "") -> Any:
    """`table` with every value to be searched for replaced by that of its key."""
    if _is_choice(table):
        return values[path]
    if isinstance(table, dict):
        return {
            key: substituted(value, values, f"{path}.{key}" if path else key)
            for key, value in table.items()
        }
    if isinstance(table, list | tuple):
        return [
            substituted(value, values, f"{path} #{number}") for number, value in enumerate(table, 1)
        ]
    return table


def first_values(space: Mapping[str, Choice]) -> dict[str, Any]:
    return {key: choice.ends()[0] for key, choice in space.items()}


def variations(space: Mapping[str, Choice]) -> Iterator[dict[str, Any]]:
    """The first values of all, then every further value beside the first ones of the others."""
    usual = first_values(space)
    yield usual
    for key, choice in space.items():
        for value in choice.ends()[1:]:
            yield usual | {key: value}
