"""The study: what may stand in a study file, and what it means."""

import hashlib
import json
from typing import Any

import tomli_w
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from vestry.attribution.settings import ExplanationSettings
from vestry.audit.settings import ExplorationSettings
from vestry.committees.committee_settings import CommitteeSettings
from vestry.data.folds import Folds
from vestry.data.settings import FIFTH, DataSettings
from vestry.evaluation.ablations import PairSettings
from vestry.evaluation.abstention import AbstentionSettings
from vestry.evaluation.claims import Claims
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.members.networks.settings import ImageTrainingSettings
from vestry.robustness.settings import RobustnessSettings
from vestry.study.entries import Model, SearchedEntry, Seed
from vestry.study.file import NEW, OLD
from vestry.study.score_of_fits import following_the_score


class VotesSettings(BaseModel):
    """The seeded sample of test images on which the page shows every model's vote."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int = Field(10, ge=1, le=100)
    seed: Seed = 0


class SamplesSettings(BaseModel):
    """The grid of labelled training images on the page, drawn with `seed`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int = Field(5, ge=1, le=20)
    columns: int = Field(10, ge=1, le=30)
    seed: Seed = 0


def _both_spellings(schema: dict[str, Any]) -> None:
    """`[[model]]` in the schema of a study file, and `[[member]]`, which it was before."""
    models = schema["properties"].pop(OLD)
    schema["properties"] |= {NEW: models, OLD: models | {"deprecated": True}}
    schema["required"].remove(OLD)
    schema["anyOf"] = [{"required": [NEW]}, {"required": [OLD]}]


class Study(BaseModel):
    """A whole study file. Its models are kept as `member`, so that its digest stays what it was.

    Defaults are named, because only so do type checkers without pydantic's plugin see them.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, title="Study", json_schema_extra=_both_spellings
    )

    title: str = Field(min_length=1)
    about: str = Field(default="", description="a sentence or two that stand under the title")
    after: list[str] = Field(
        default=[],
        description="studies, as paths from this file's folder, that are run before this one, each "
        "in a run folder of its own beside this one's",
    )
    data: DataSettings
    training: ImageTrainingSettings = ImageTrainingSettings()
    member: list[Model | SearchedEntry] = Field(min_length=1)
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
    time_limit: float = Field(default=3600.0, gt=0, description="seconds that one fit may take")
    reproducible: bool = Field(
        default=False,
        description="threads and kernels are fixed beforehand instead of tried, so that another "
        "run on such a machine gives the same bits",
    )

    @model_serializer(mode="wrap")
    def without_unused(self, given: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Exported files of studies that do not ask for it are known by what they were before."""
        tables: dict[str, Any] = given(self)
        if not self.reproducible:
            tables.pop("reproducible", None)
        return tables

    @model_validator(mode="before")
    @classmethod
    def sizes_are_not_folded(cls, values: Any) -> Any:
        """A model of several training sizes is chosen by rows that are set aside: it learns from
        parts that are drawn from all of the others."""
        data = values.get("data")
        if not isinstance(data, dict) or not any(map(_has_sizes, values.get("member", ()))):
            return values
        if data.get("validation") is not None or data.get("split") is not None:
            return values
        own = {"source_validation": "validation"} | data
        return values | {"data": own | {"validation": FIFTH.model_dump()}}

    @model_validator(mode="before")
    @classmethod
    def fits_follow_the_score(cls, values: Any) -> Any:
        """Search, early stopping and committees go by the score that the study chooses by, where
        it names one and they name none."""
        return following_the_score(values) if isinstance(values, dict) else values

    @model_validator(mode="after")
    def sizes_without_folds(self) -> "Study":
        sized = [entry.name for entry in self.member if entry.images_per_class]
        if sized and isinstance(self.data.validation, Folds):
            raise ValueError(
                f"model {sized[0]}: images_per_class needs validation rows that are set aside; "
                "give [data] validation = { fraction = 0.2 }, not folds"
            )
        return self

    @property
    def models(self) -> list[Model | SearchedEntry]:
        return self.member

    def to_toml(self) -> str:
        """The study with every default filled in, spelled as studies are now, but for those that
        would say more than the study did: a score that is named decides what fits go by, and keys
        of `[training]` are taken for a search's own, where models have them in theirs already.
        """
        tables = without_none(self.model_dump(mode="json"))
        training = self.training.model_dump(mode="json", exclude_unset=True)
        tables["training"] = without_none(training)
        if "score" not in self.decision.model_fields_set:
            tables["decision"].pop("score", None)
        for claim in tables["claim"]:
            if "maker" in claim:
                claim[NEW] = claim.pop("maker")
        return tomli_w.dumps({NEW if key == OLD else key: part for key, part in tables.items()})

    @property
    def digest(self) -> str:
        tables = self.model_dump(mode="json")
        for entry in tables["member"]:
            if entry["gpus"] is None:  # studies are known by what they were before there were any
                del entry["gpus"]
        text = json.dumps(tables, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]


def _has_sizes(model: Any) -> bool:
    given = model.get("images_per_class") if isinstance(model, dict) else model.images_per_class
    return given is not None


def without_none(value: Any) -> Any:
    """TOML has no null: a key without a value is left out."""
    if isinstance(value, dict):
        return {key: without_none(part) for key, part in value.items() if part is not None}
    return [without_none(part) for part in value] if isinstance(value, list) else value
