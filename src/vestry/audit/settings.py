"""The study file's [exploration]: the look at the data before any model."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class ExplorationSettings(BaseModel):
    """How much of the data is drawn, and whether it is looked at at all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample: Annotated[int, Field(ge=10, le=20_000, strict=True)] = Field(
        2500, description="images in the scatter plots, drawn by class"
    )
    seed: Annotated[int, Field(ge=0, lt=2**32, strict=True)] = Field(
        0, description="for everything drawn at random"
    )
    tsne: bool = Field(True, description="t-SNE beside PCA")
    skip: bool = Field(False, description="leave the exploration out")
