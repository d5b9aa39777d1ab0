"""The models of a study: what may stand in a `[[model]]`, by its kind."""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Union, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from vestry.data.subset import CrossValidation
from vestry.errors import did_you_mean
from vestry.members.kind import ModelKind
from vestry.members.kinds import KINDS, kind_named
from vestry.predictions.scores import SCORES
from vestry.search.space import Choice, SearchSettings, space_of, substituted
from vestry.storage.name_type import Name

Seed = Annotated[int, Field(ge=0, lt=2**32)]


class CommonEntry(BaseModel):
    """What every model of a study has, whatever its kind."""

    name: Name = Field(description="what the page and the run folder call it")
    seeds: list[Seed] = Field([0], min_length=1, description="it is fitted once for each")
    threads: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="cores a fit gets; by default networks what their size is fastest on, of "
        "which several fits of one model have a part each, estimators 1",
    )
    time_limit: float | None = Field(None, gt=0, description="seconds that one fit may take")
    gpus: float | None = Field(
        None,
        gt=0,
        le=1024,
        description="GPUs that a fit of it is given on the nodes of a Ray cluster; by default 1 "
        "for a network that is trained on CUDA",
    )
    reported: dict[str, float] = Field(
        default_factory=dict, description="test figures that a report gave, shown beside ours"
    )
    note: str = Field("", description="a remark that the page shows")
    cross_validation: CrossValidation | None = Field(
        None, description="it is also fitted once for each fold, and scored on what was held out"
    )
    images_per_class: list[Annotated[int, Field(ge=1)]] | None = Field(
        None,
        min_length=2,
        description="it is fitted once for each of these numbers of training images a class",
    )

    @field_validator("reported")
    @classmethod
    def known_scores(cls, given: dict[str, float]) -> dict[str, float]:
        for name in given:
            if name not in SCORES:
                near = did_you_mean(name, SCORES)
                raise ValueError(f"{name!r} is no score{near} The scores are {', '.join(SCORES)}")
        return given

    @field_validator("seeds")
    @classmethod
    def each_once(cls, given: list[int]) -> list[int]:
        if len(set(given)) < len(given):
            raise ValueError("a seed stands there twice; the same fit again says nothing of chance")
        return given

    @model_validator(mode="after")
    def one_kind_of_parts(self) -> "CommonEntry":
        if self.images_per_class is not None:
            if self.cross_validation is not None:
                raise ValueError("cross_validation and images_per_class do not go together")
            if sorted(set(self.images_per_class)) != self.images_per_class:
                raise ValueError("images_per_class takes rising numbers")
        return self


class ModelEntry(CommonEntry):
    """A `[[model]]` of a known kind; `entry_types` makes the class of each kind from it."""

    if TYPE_CHECKING:
        kind: str

    @property
    def model_kind(self) -> ModelKind:
        return kind_named(self.kind)


class _FinishedEntry(ModelEntry):
    """One of a kind of which nothing is fitted."""

    @field_validator("seeds", "cross_validation", "images_per_class")
    @classmethod
    def is_finished(cls, given: Any, info: ValidationInfo) -> Any:
        is_seeds = info.field_name == "seeds"
        if is_seeds and (given == [0] or kind_named(cls.model_fields["kind"].default).is_by_id):
            return given
        if given is not None:
            raise ValueError("nothing is fitted: the model in the file is finished")
        return given


class SearchedEntry(CommonEntry):
    """A `[[model]]` with `search`: some of its own keys are `choose` or `between`.

    Keys that are not those of every model are its kind's, kept as the study file has them.
    """

    model_config = ConfigDict(extra="allow")

    search: SearchSettings

    @property
    def table(self) -> dict[str, Any]:
        """The keys of its kind, values to be searched for among them."""
        return dict(self.model_extra or {})

    @property
    def model_kind(self) -> ModelKind:
        return kinds_in(self.table)[0]

    @property
    def space(self) -> dict[str, Choice]:
        return space_of(self.table)

    def with_values(self, values: Mapping[str, Any]) -> ModelEntry:
        """The model with a value for everything that was to be searched for."""
        common = self.model_dump(include=set(CommonEntry.model_fields), exclude_unset=True)
        own = substituted(self.table, values)
        return entry_type(self.model_kind)(**common, **own)


@functools.cache
def entry_type(kind: ModelKind) -> type[ModelEntry]:
    """What a `[[model]]` of this kind may hold: the keys of every model, and its settings'."""
    base = _FinishedEntry if kind.is_finished else ModelEntry
    defaults = "; `[training]` gives the defaults of its training keys" if kind.is_trained else ""
    return cast(
        type[ModelEntry],
        create_model(
            kind.settings.__name__.removesuffix("Settings") + "Entry",
            __base__=(base, kind.settings),
            __doc__=f"A `[[model]]` with `{kind.name}`{defaults}.",
        ),
    )


def kinds_in(table: Mapping[str, Any]) -> list[ModelKind]:
    """The kinds of model that a table may speak of, by the keys that say it; one, if all is right.

    A key that another of these kinds has among its settings speaks of no kind: a backbone's own
    `layers` are its head.
    """
    kinds = [kind for name, kind in KINDS.items() if name in table]
    return [
        kind
        for kind in kinds
        if not any(kind.name in other.settings.model_fields for other in kinds if other is not kind)
    ]


if TYPE_CHECKING:
    Model = ModelEntry
else:
    Model = Union[tuple(map(entry_type, KINDS.values()))]  # noqa: UP007 - made at run time
