"""Learning rates that change from epoch to epoch; each model gives a factor on the initial rate."""

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

Epochs = Annotated[int, Field(ge=0)]


class ScheduleBase(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Exponential(ScheduleBase):
    """Constant for the first `after` epochs, then times exp(-`exponential`) each epoch."""

    exponential: float = Field(gt=0)
    after: Epochs = 0

    def factor(self, epoch: int, epochs: int) -> float:  # noqa: ARG002
        """`epoch` counts from 0."""
        return math.exp(-self.exponential * max(epoch - self.after + 1, 0))


class Step(ScheduleBase):
    """Times `step` every `every` epochs."""

    step: float = Field(gt=0, le=1)
    every: int = Field(ge=1)

    def factor(self, epoch: int, epochs: int) -> float:  # noqa: ARG002
        return self.step ** (epoch // self.every)


class Cosine(ScheduleBase):
    """Rises linearly over `warmup` epochs, then falls to zero along half a cosine.

    Loshchilov and Hutter, SGDR (2017), without restarts; stepped once an epoch.
    """

    cosine: Literal[True]
    warmup: Epochs = 0

    def factor(self, epoch: int, epochs: int) -> float:
        if epoch < self.warmup:
            return (epoch + 1) / (self.warmup + 1)
        done = (epoch - self.warmup) / max(epochs - self.warmup, 1)
        return 0.5 * (1 + math.cos(math.pi * done))


def schedule_kind(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else type(value).model_fields
    return next((kind for kind in ("exponential", "step", "cosine") if kind in keys), None)


Schedule = Annotated[
    Annotated[Exponential, Tag("exponential")]
    | Annotated[Step, Tag("step")]
    | Annotated[Cosine, Tag("cosine")],
    Discriminator(schedule_kind),
]
