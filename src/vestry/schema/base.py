"""What all typed results have in common.

Scores are fractions in 0..1 (not per cent), times are seconds. `null` stands where something does
not apply; a key that is *at times* there is left out where it does not. Labels (`truth`,
`predicted`, `label`, `top`, `labels`) are numbers: places in `data.classes`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Number = int | float
"""Whole where what it counts is whole; so it is written, too."""
Interval = tuple[float, float]
"""Lower and upper end of 95%, unless said otherwise."""
Settings = dict[str, JsonValue]
"""The user's own settings by their keys, as `docs/study.md` has them."""
FORMAT: Final = 1
"""Of everything that is written after these types: a file of another one is refused."""
Format = Literal[1]
T = TypeVar("T")


class Record(BaseModel):
    """A part of the results: nothing unknown in it, and nothing of it changes once it is made."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False
    )

    def as_json(self) -> dict[str, Any]:
        """As it is written: by the file's keys, and only what was set."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    # A door for tests that still read records as dicts, by the file's keys. It goes with the last
    # of that code: what is new reads attributes.

    def __getitem__(self, key: str) -> Any:
        name = self._names().get(key)
        if name is None:
            raise KeyError(key)
        return getattr(self, name)

    def __contains__(self, key: object) -> bool:
        return key in self._names()

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 - it is that get

    def keys(self) -> list[str]:
        return list(self)

    def items(self) -> list[tuple[str, Any]]:
        return [(key, self[key]) for key in self]

    def __or__(self, other: Any) -> dict[str, Any]:
        return dict(self.items()) | dict(other.items())

    def __ror__(self, other: dict[str, Any]) -> dict[str, Any]:
        return other | dict(self.items())

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # Not a method: some records have a key of that name.
            if name == "values":
                return lambda: [self[key] for key in self]
            return super().__getattr__(name)

    def _names(self) -> dict[str, str]:
        """Attributes by their keys in the file, of what was set, in the order of the fields."""
        return {
            field.alias or name: name
            for name, field in type(self).model_fields.items()
            if name in self.model_fields_set
        } | {name: name for name in self.model_extra or ()}


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


MarkWord = Literal["ahead", "behind", "level", "unknown"]
Method = Literal["exact", "mid-p"]
