"""Learning rates that change while a network is trained; each gives factors on the initial rate."""

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

_Epochs = Annotated[int, Field(ge=0)]


class _Schedule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def factor(self, epoch: int, epochs: int) -> float:
        """Of an epoch, which counts from 0, of so many."""
        raise NotImplementedError

    def factors(self, epoch: int, epochs: int, steps: int) -> list[float]:
        """Of each of an epoch's steps; one for all where it goes by epochs."""
        return [self.factor(epoch, epochs)] * steps


class Exponential(_Schedule):
    """Constant for the first `after` epochs, then times exp(-`exponential`) each epoch."""

    exponential: float = Field(gt=0)
    after: _Epochs = 0

    def factor(self, epoch: int, epochs: int) -> float:
        return math.exp(-self.exponential * max(epoch - self.after + 1, 0))


class Step(_Schedule):
    """Times `step` every `every` epochs."""

    step: float = Field(gt=0, le=1)
    every: int = Field(ge=1)

    def factor(self, epoch: int, epochs: int) -> float:
        return self.step ** (epoch // self.every)


class Cosine(_Schedule):
    """Rises linearly over `warmup` epochs, then falls to zero along half a cosine.

    Loshchilov and Hutter, SGDR (2017), without restarts; stepped once an epoch.
    """

    cosine: Literal[True]
    warmup: _Epochs = 0

    def factor(self, epoch: int, epochs: int) -> float:
        if epoch < self.warmup:
            return (epoch + 1) / (self.warmup + 1)
        done = (epoch - self.warmup) / max(epochs - self.warmup, 1)
        return 0.5 * (1 + math.cos(math.pi * done))


class Linear(_Schedule):
    """Rises linearly over the first part `warmup` of all steps, then falls linearly to zero.

    Stepped at every batch, so that trainings of few epochs have it, too; each step has the rate of
    its middle.
    """

    linear: Literal[True]
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.15

    def factors(self, epoch: int, epochs: int, steps: int) -> list[float]:
        return [self._at((epoch * steps + step + 0.5) / (epochs * steps)) for step in range(steps)]

    def _at(self, part: float) -> float:
        """part: of all steps that is done, from 0 to 1; more where folds train for longer."""
        if part < self.warmup:
            return part / self.warmup
        return max(0.0, (1 - part) / (1 - self.warmup))


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", ())
    kinds = ("exponential", "step", "cosine", "linear")
    return next((kind for kind in kinds if kind in keys), None)


Schedule = Annotated[
    Annotated[Exponential, Tag("exponential")]
    | Annotated[Step, Tag("step")]
    | Annotated[Cosine, Tag("cosine")]
    | Annotated[Linear, Tag("linear")]
    | Annotated[Literal["auto"], Tag("auto")]
    | Annotated[Literal["constant"], Tag("constant")],
    Discriminator(_kind),
]
