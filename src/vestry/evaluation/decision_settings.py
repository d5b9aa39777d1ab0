"""What a study asks of the model that it is looking for."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Prefer = Literal["accuracy", "latency", "size"]


class DecisionSettings(BaseModel):
    """`[decision]` of a study; figures of accuracy are those of the validation rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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
        description="how much accuracy a cheaper model may cost, as a share of the images: it is "
        "taken only where the validation images show that it costs less",
    )
