"""The study: what may stand in a study file, and what it means."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vestry.attribution.settings import ExplanationSettings
from vestry.audit.settings import ExplorationSettings
from vestry.committees.committee_settings import CommitteeSettings
from vestry.data.settings import DataSettings
from vestry.data.subset import CrossValidation
from vestry.evaluation.ablations import PairSettings
from vestry.evaluation.abstention import AbstentionSettings
from vestry.evaluation.claims import Claims
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.estimators.estimator_settings import EstimatorSettings
from vestry.members.networks.settings import ImageTrainingSettings, NetworkSettings
from vestry.members.onnx_models.onnx_settings import OnnxSettings
from vestry.robustness.settings import RobustnessSettings
from vestry.search.space import Choice, SearchSettings, space_of, substituted
from vestry.storage.name_type import Name

_Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Entry(BaseModel):
    """What every member of a study has, whatever its kind."""

    name: Name = Field(description="what the page and the run folder call it")
    seeds: list[_Seed] = Field([0], min_length=1, description="it is fitted once for each")
    threads: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="cores it gets; by default networks what their size "
        "is fastest on, estimators 1",
    )
    time_limit: float | None = Field(None, gt=0, description="seconds that one fit may take")
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

    @model_validator(mode="after")
    def one_kind_of_parts(self) -> "Entry":
        if self.images_per_class is not None:
            if self.cross_validation is not None:
                raise ValueError("cross_validation and images_per_class do not go together")
            if sorted(set(self.images_per_class)) != self.images_per_class:
                raise ValueError("images_per_class takes rising numbers")
        return self


class EstimatorEntry(Entry, EstimatorSettings):
    """A `[[member]]` with `estimator`."""


class NetworkEntry(Entry, NetworkSettings):
    """A `[[member]]` with `layers`; `[training]` gives the defaults of its training keys."""


class BackboneEntry(Entry, BackboneSettings):
    """A `[[member]]` with `backbone`; `layers` are its head, with the defaults of `[training]`."""


class OnnxEntry(Entry, OnnxSettings):
    """A `[[member]]` with `onnx`: a model that is finished."""

    @field_validator("seeds", "cross_validation", "images_per_class")
    @classmethod
    def is_finished(cls, given: Any) -> Any:
        if given is not None and given != [0]:
            raise ValueError("nothing is fitted: the model in the file is finished")
        return given


class SearchedEntry(Entry):
    """A `[[member]]` with `search`: some of its own keys are `choose` or `between`.

    Keys that are not those of every member are its kind's, kept as the study file has them.
    """

    model_config = ConfigDict(extra="allow")

    search: SearchSettings

    @property
    def table(self) -> dict[str, Any]:
        """The keys of its kind, values to be searched for among them."""
        return dict(self.model_extra or {})

    @property
    def space(self) -> dict[str, Choice]:
        return space_of(self.table)

    def with_values(self, values: Mapping[str, Any]) -> "Member":
        """The member with a value for everything that was to be searched for."""
        common = self.model_dump(include=set(Entry.model_fields), exclude_unset=True)
        own = substituted(self.table, values)
        return ENTRIES[kind_of(own)](**common, **own)


Member = EstimatorEntry | NetworkEntry | BackboneEntry | OnnxEntry
ENTRIES: dict[str, type[Member]] = {
    "estimator": EstimatorEntry,
    "layers": NetworkEntry,
    "backbone": BackboneEntry,
    "onnx": OnnxEntry,
}


def kinds_of(table: Mapping[str, Any]) -> list[str]:
    """The kinds of member that a table may speak of, by the keys that say it; one, if all is right.

    A backbone's own `layers` are its head.
    """
    kinds = [kind for kind in ENTRIES if kind in table]
    return [kind for kind in kinds if kind != "layers" or "backbone" not in kinds]


def kind_of(table: Mapping[str, Any]) -> str:
    """The kind of member that a table speaks of."""
    return kinds_of(table)[0]


class VotesSettings(BaseModel):
    """The seeded sample of test images on which the page shows every member's vote."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int = Field(10, ge=1, le=100)
    seed: _Seed = 0


class SamplesSettings(BaseModel):
    """The grid of labelled training images on the page, drawn with `seed`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int = Field(5, ge=1, le=20)
    columns: int = Field(10, ge=1, le=30)
    seed: _Seed = 0


class Study(BaseModel):
    """A whole study file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    about: str = Field("", description="a sentence or two that stand under the title")
    after: list[str] = Field(
        [],
        description="studies, as paths from this file's folder, that are run before this one, each "
        "in a run folder of its own beside this one's",
    )
    data: DataSettings
    training: ImageTrainingSettings = ImageTrainingSettings()
    member: list[Member | SearchedEntry] = Field(min_length=1)
    committee: list[CommitteeSettings] = []
    pair: list[PairSettings] = []
    claim: Claims = []
    votes: VotesSettings = VotesSettings()
    samples: SamplesSettings = SamplesSettings()
    exploration: ExplorationSettings = ExplorationSettings()
    explanation: ExplanationSettings = ExplanationSettings()
    robustness: RobustnessSettings = RobustnessSettings()
    abstention: AbstentionSettings = AbstentionSettings()
    decision: DecisionSettings = DecisionSettings()
    time_limit: float = Field(3600.0, gt=0, description="seconds that one fit may take")

    def as_toml(self) -> str:
        """The study with every default filled in."""
        return tomli_w.dumps(_without_none(self.model_dump(mode="json")))

    @property
    def digest(self) -> str:
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]


def _without_none(value: Any) -> Any:
    """TOML has no null: a key without a value is left out."""
    if isinstance(value, dict):
        return {key: _without_none(part) for key, part in value.items() if part is not None}
    return [_without_none(part) for part in value] if isinstance(value, list) else value
