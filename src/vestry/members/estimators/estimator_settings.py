"""What a study file says of a model of the kind `estimator`."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vestry.members.estimators.scaling import Scale


class EstimatorSettings(BaseModel):
    """An estimator and how it is fed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["estimator"] = "estimator"
    estimator: str = Field(description="import path, such as sklearn.svm.SVC")
    params: dict[str, Any] = Field(default_factory=dict, description="its own parameters")
    scale: Scale = Field("unit", description="pixels as they are, as 0..1, or as z-scores")
    refit: bool = Field(
        False,
        description="after its validation table is made, fit once more on training and "
        "validation rows together; the test table then comes from that model",
    )

    @field_validator("estimator")
    @classmethod
    def has_module(cls, path: str) -> str:
        if "." not in path:
            raise ValueError(f"{path!r} is no import path; write package.module.Class")
        return path
