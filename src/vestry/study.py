"""The study: what may stand in a study file, and what it means."""

import hashlib
import json
import re
from typing import Annotated, Any

import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vestry.committees.committee import CommitteeSettings
from vestry.data.dataset import DataSettings
from vestry.members.estimators.estimator_settings import EstimatorSettings
from vestry.members.networks.network_settings import NetworkSettings
from vestry.members.networks.training import TrainingSettings

NAME = re.compile(
    r"[^\s./\\:*?\"<>|\x00-\x1f]([^/\\:*?\"<>|\x00-\x1f]{0,78}[^\s/\\:*?\"<>|\x00-\x1f])?"
)


def folder_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be a folder's name too: at most 80 characters, none of "
            '/ \\ : * ? " < > |, no dot or space in front'
        )
    return name


Name = Annotated[str, AfterValidator(folder_name)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Entry(BaseModel):
    """What every member of a study has, whatever its kind."""

    name: Name = Field(description="what the page and the run folder call it")
    seeds: list[Seed] = Field([0], min_length=1, description="it is fitted once for each")
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


class EstimatorEntry(Entry, EstimatorSettings):
    """A `[[member]]` with `estimator`."""


class NetworkEntry(Entry, NetworkSettings):
    """A `[[member]]` with `layers`; `[training]` gives the defaults of its training keys."""


Member = EstimatorEntry | NetworkEntry
ENTRIES: dict[str, type[Member]] = {"estimator": EstimatorEntry, "layers": NetworkEntry}


class VotesSettings(BaseModel):
    """The seeded sample of test images on which the page shows every member's vote."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int = Field(10, ge=1, le=100)
    seed: Seed = 0


class SamplesSettings(BaseModel):
    """The grid of labelled training images on the page, drawn with `seed`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int = Field(5, ge=1, le=20)
    columns: int = Field(10, ge=1, le=30)
    seed: Seed = 0


class Study(BaseModel):
    """A whole study file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    about: str = Field("", description="a sentence or two that stand under the title")
    data: DataSettings
    training: TrainingSettings = TrainingSettings()
    member: list[Member] = Field(min_length=1)
    committee: list[CommitteeSettings] = []
    votes: VotesSettings = VotesSettings()
    samples: SamplesSettings = SamplesSettings()
    time_limit: float = Field(3600.0, gt=0, description="seconds that one fit may take")

    def as_toml(self) -> str:
        """The study with every default filled in."""
        return tomli_w.dumps(without_none(self.model_dump(mode="json")))

    @property
    def digest(self) -> str:
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]


def without_none(value: Any) -> Any:
    """TOML has no null: a key without a value is left out."""
    if isinstance(value, dict):
        return {key: without_none(part) for key, part in value.items() if part is not None}
    return [without_none(part) for part in value] if isinstance(value, list) else value
