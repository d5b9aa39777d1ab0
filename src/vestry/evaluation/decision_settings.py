"""What a study asks of the model that it is looking for."""

from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from vestry.errors import did_you_mean
from vestry.predictions.choosing import SensitivityAt
from vestry.schema.base import ScoreName

Prefer = Literal["accuracy", "latency", "size"]
Cost = Literal["latency", "bytes", "parameters"]
_WISHED = 0.1
"""Of time or size where the study asks for little of it: a tenth of what counts otherwise."""


class CostFloor(BaseModel):
    """Differences in cost that are too small to matter: up to these, costs are equal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ms: float | None = Field(
        None,
        ge=0,
        description="milliseconds of one image; by default 1, and 0.1 where the study prefers "
        "latency",
    )
    mb: float | None = Field(
        None,
        ge=0,
        description="megabytes of files; by default 1, and 0.1 where the study prefers size",
    )
    parameters: float = Field(
        250_000, ge=0, description="parameters; by default those that a megabyte holds"
    )

    def of(self, prefer: Prefer) -> dict[Cost, float]:
        """In milliseconds, bytes and parameters."""
        ms = self.ms if self.ms is not None else _WISHED if prefer == "latency" else 1.0
        mb = self.mb if self.mb is not None else _WISHED if prefer == "size" else 1.0
        return {"latency": ms, "bytes": 1e6 * mb, "parameters": self.parameters}


class DecisionSettings(BaseModel):
    """`[decision]` of a study; figures of accuracy are those of the validation rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    score: ScoreName | SensitivityAt = Field(
        "accuracy",
        description="what orders the models, by which they are chosen, and what fits follow; or "
        "`{ sensitivity_at_specificity = 0.95 }` of two classes, `positive` naming the one to find",
    )
    max_ms: float | None = Field(
        None, gt=0, description="milliseconds that one image may take at the median"
    )
    max_mb: float | None = Field(
        None, gt=0, description="megabytes (millions of bytes) that the model's files may take"
    )
    min_accuracy: float | None = Field(
        None, ge=0, le=1, description="share of the validation images that it must get right"
    )
    min_accuracy_per_class: float | None = Field(
        None, ge=0, le=1, description="the same, of the images of every class"
    )
    min_score: float | None = Field(
        None, ge=0, le=1, description="what `score` must reach there, which is not the log loss"
    )
    must_explain: bool = Field(
        False, description="only linear models and single trees, whose weights or rules say why"
    )
    prefer: Prefer = Field(
        "accuracy",
        description="what counts among the models that meet the limits; with accuracy, the "
        "cheapest of those that are shown to be within `within` of the most accurate",
    )
    within: float = Field(
        0.01,
        ge=0,
        lt=1,
        description="how much of the score a cheaper model may cost, in the score's unit (of an "
        "accuracy, a share of the images): it is taken only where the validation images show that "
        "it costs less",
    )
    cost_floor: CostFloor = Field(
        CostFloor(),
        description="differences in cost that do not matter; one model is cheaper than another "
        "where it costs at most half and the difference is at least that",
    )

    @field_validator("score", mode="before")
    @classmethod
    def _score_there_is(cls, given: Any) -> Any:
        """One reason where there is none of that name, or its table is wrong: of a union each kind
        would give its own."""
        wrong = None if isinstance(given, SensitivityAt) else _wrong_with(given)
        if wrong:
            raise ValueError(wrong)
        return given

    @model_validator(mode="after")
    def _score_is_a_share(self) -> Self:
        if self.min_score is not None and self.score == "log_loss":
            raise ValueError("min_score takes a score of which more is better, not log_loss")
        return self

    @property
    def of_fits(self) -> ScoreName:
        """What fits follow: a sensitivity goes by few images, and jumps; the area under the whole
        curve stands for it."""
        return self.score if isinstance(self.score, str) else "roc_auc"

    @property
    def floors(self) -> dict[Cost, float]:
        """Differences that matter, in milliseconds, bytes and parameters."""
        return self.cost_floor.of(self.prefer)


def _wrong_with(score: Any) -> str | None:
    """What is wrong with a name or a table that is to say a score; None where nothing is."""
    if not isinstance(score, dict):
        names = get_args(ScoreName)
        near = did_you_mean(str(score), names)
        return None if score in names else f"there is no score {score!r}{near}"
    try:
        SensitivityAt.model_validate(score)
    except ValidationError as error:
        problem = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        key = str(problem["loc"][-1])
        match problem["type"]:
            case "extra_forbidden":
                return f"key `{key}` is unknown{did_you_mean(key, SensitivityAt.model_fields)}"
            case "missing":
                return f"key `{key}` is missing"
        kind = "the name of a class" if key == "positive" else "a share above 0 and below 1"
        return f"`{key}` takes {kind}, not {problem['input']!r}"
    return None
