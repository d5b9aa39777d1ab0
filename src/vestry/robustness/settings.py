"""The study file's [robustness]: what the models make of worse images."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

LEAST_ROWS = 200
"""What the time allowed for a model never cuts its images below."""


class RobustnessSettings(BaseModel):
    """How many test images are altered, how, and how long a model may take over them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: Annotated[int, Field(ge=0, strict=True)] | Literal["all"] = Field(
        2000, description='test images, drawn by class; "all" or 0 for every one of them'
    )
    seed: Annotated[int, Field(ge=0, lt=2**32, strict=True)] = Field(
        0, description="for the draw of the images, and for what is random about an alteration"
    )
    seconds: float = Field(
        6.0,
        ge=0,
        allow_inf_nan=False,
        description="that a model may take over the altered images; a slower one gets fewer of "
        "them, but never fewer than 200; 0 for no limit",
    )
    skip: bool = Field(False, description="leave the altered images out")

    def asked(self, there: int) -> int:
        """How many of the test images that are `there` each model is to see."""
        wanted = 0 if self.rows == "all" else self.rows
        return min(wanted or there, there)
