"""The study: what may stand in a study file, and what it means.

Errors are found before any work starts; each is one line that names file, place and nearest name.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from vestry.committees.committee import CommitteeSettings
from vestry.data.dataset import DataSettings
from vestry.errors import StudyError, did_you_mean
from vestry.members.estimator_settings import EstimatorSettings
from vestry.members.network_settings import NetworkSettings
from vestry.members.training import TrainingSettings
from vestry.study_file import override, read_toml
from vestry.study_problems import lines_of

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


@dataclass(frozen=True)
class StudyFile:
    """A study and the file that it was read from."""

    path: Path
    study: Study


def read_study(path: Path, assignments: Iterable[str] = ()) -> StudyFile:
    """Read and check a study file; `assignments` are `--set KEY=VALUE`s.

    Raises StudyError, one line a problem.
    """
    tables = override(read_toml(path), assignments, takes)
    problems = [f"{path}: {line}" for line in problems_of(tables)]
    if problems:
        raise StudyError("\n".join(problems))
    entries = [member_tables(tables, entry) for entry in tables["member"]]
    members = [ENTRIES[kind_of(entry)](**entry) for entry in entries]
    return StudyFile(path, Study(**(tables | {"member": members})))


def takes(entry: dict[str, Any], key: str) -> bool:
    """Whether a member or committee of this kind has a key of that name."""
    models: list[type[BaseModel]] = [ENTRIES[kind] for kind in ENTRIES if kind in entry]
    return any(key in model.model_fields for model in models or [CommitteeSettings])


def problems_of(tables: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a study's tables, one line each."""
    members = tables.get("member")
    if not (isinstance(members, list) and members and all(isinstance(m, dict) for m in members)):
        return ["there is no [[member]]; a study compares at least one"]
    lines = checked(TrainingSettings, tables.get("training", {}), "[training]")
    if lines:
        return lines
    for number, entry in enumerate(members, 1):
        lines += member_problems(tables, entry, f"member {number} ({entry.get('name', 'no name')})")
    committees = tables.get("committee", [])
    lines += checked(Study, tables | {"member": [{}], "training": {}}, "study", skip="member")
    return lines or name_problems(members, committees)


def member_problems(tables: dict[str, Any], entry: dict[str, Any], place: str) -> list[str]:
    kinds = [kind for kind in ENTRIES if kind in entry]
    if len(kinds) > 1:
        return [f"{place}: it has {' and '.join(f'`{kind}`' for kind in kinds)}; one says its kind"]
    if not kinds:
        near = (did_you_mean(key, ENTRIES) for key in entry)
        hint = next((text for text in near if "mean" in text), "")
        return [f"{place}: it needs one of {', '.join(f'`{kind}`' for kind in ENTRIES)}{hint}"]
    return checked(ENTRIES[kinds[0]], member_tables(tables, entry), place)


def member_tables(tables: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """The member's own keys over the study's defaults."""
    defaults = tables.get("training", {}) if "layers" in entry else {}
    return {**defaults, **entry}


def kind_of(entry: dict[str, Any]) -> str:
    return next(kind for kind in ENTRIES if kind in entry)


def checked(model: type[BaseModel], table: Any, place: str, skip: str = "") -> list[str]:
    if not isinstance(table, dict):
        return [f"{place}: a table is needed, not {table!r}"]
    try:
        model(**table)
    except ValidationError as error:
        return lines_of(error, model, place, skip)
    return []


def name_problems(members: list[dict[str, Any]], committees: list[dict[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(member["name"] for member in members))
    makers = [member["name"] for member in members] + [
        committee["name"] for committee in committees
    ]
    lines = [
        f"the name {name!r} is given {makers.count(name)} times; each maker needs its own"
        for name in dict.fromkeys(makers)
        if makers.count(name) > 1
    ]
    for committee in committees:
        lines += [
            f"committee {committee['name']!r} names the member {name!r}, which nobody defines"
            f"{did_you_mean(name, names)}"
            for name in committee["members"]
            if name not in names
        ]
    return lines


def without_none(value: Any) -> Any:
    """TOML has no null: a key without a value is left out."""
    if isinstance(value, dict):
        return {key: without_none(part) for key, part in value.items() if part is not None}
    return [without_none(part) for part in value] if isinstance(value, list) else value
