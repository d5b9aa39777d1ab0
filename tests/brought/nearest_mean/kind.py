"""A kind of model: the class whose mean image is nearest. Nothing heavy is imported here."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from vestry.members.kind import ModelKind, Plan


class NearestMeanSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["sharpness"] = "sharpness"
    sharpness: float = Field(gt=0, description="how fast probabilities fall with the distance")


class NearestMeanPlan(Plan):
    def describe(self, settings):
        return f"nearest of {len(self.context.classes)} mean images"


NEAREST_MEAN = ModelKind(
    name="sharpness",
    settings=NearestMeanSettings,
    implementation="nearest_mean.model",
    plan=NearestMeanPlan,
    words="nearest mean image",
    libraries=("nearest-mean", "numpy"),
    graph="nearest_mean.graph:nearest_mean_graph",
)
