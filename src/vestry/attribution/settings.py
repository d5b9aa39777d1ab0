"""The study file's [explanation]: what is shown of why members answer as they do."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class ExplanationSettings(BaseModel):
    """How many test images each member is explained on, and what that may cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: Annotated[int, Field(ge=0, le=100, strict=True)] = Field(
        6, description="of the sample of test images whose votes the page shows"
    )
    mistakes: Annotated[int, Field(ge=0, le=12, strict=True)] = Field(
        6, description="of each member's wrong answers, those it was surest of"
    )
    seconds: float = Field(
        20.0, gt=0, description="for one member; what does not fit is made coarser or left out"
    )
    seed: Annotated[int, Field(ge=0, lt=2**32, strict=True)] = Field(
        0, description="for everything drawn at random"
    )
    skip: bool = Field(False, description="leave the explanation out")
