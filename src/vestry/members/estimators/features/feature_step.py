"""What a step of `features` is: its settings, the numbers that it makes, and its ONNX nodes.

A step stands in one file of `steps/`. Its nodes are all of its computation: a fit runs the very
graph that is stored and exported, so that a file answers as the run did. Nothing here needs onnx or
scikit-learn, so that a study is checked before any work.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from vestry.system.registry import Registry, unknown_key

if TYPE_CHECKING:
    from vestry.members.graph import Graph as Graph  # noqa: PLC0414 - for the steps
else:
    Graph = Any  # it needs onnx

Shape = tuple[int, ...]
"""Of one image: (height, width[, 3])."""
Learnt = Mapping[str, NDArray[np.float32]]
"""What a step took from the rows that a model learns from, by name; empty where that is nothing."""


class FeatureStep(BaseModel):
    """One step; its class is registered under the field that names it in a study."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: ClassVar[str]

    def words(self) -> str:
        """As a study file writes it, without what is left at its default."""
        settings = self.model_dump(mode="json", exclude_defaults=True)
        own = getattr(self, self.name)
        settings.pop(self.name, None)
        parts = [self.name if own is True else f"{self.name} {own}"]
        return ", ".join(parts + [f"{key} {json.dumps(each)}" for key, each in settings.items()])

    def notes(self, learnt: Learnt) -> list[str]:
        """What was not done as the study says, and why; a sentence each."""
        return []


class Extractor(FeatureStep):
    """A step that looks at images; several stand side by side, and their numbers are joined.

    is_kept: whether its numbers are worth a place on disk, since computing them takes longer.
    weight: beside others, the spread of its numbers (the root of the sum of their variances over
    the rows to learn from) as a multiple of that of the first step's, whose own `weight` says
    nothing. What looks at distances would else go by whichever has the largest numbers.
    """

    is_kept: ClassVar[bool] = True
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0

    def width(self, shape: Shape) -> int:
        """How many numbers it makes of an image; ValueError where it cannot be of this shape."""
        raise NotImplementedError

    def learn(self, images: NDArray[np.uint8], seed: int) -> Learnt:
        """From the rows to learn from, (n, height, width[, 3]) uint8."""
        return {}

    def nodes(self, graph: Graph, planes: str, shape: Shape, learnt: Learnt) -> str:
        """Add its nodes after `planes`, (n, channels, height, width) float from 0 to 1; gives the
        name of (n, width) float numbers."""
        raise NotImplementedError


class Reduction(FeatureStep):
    """A step that takes all numbers of the steps before it."""

    def width(self, given: int) -> int:
        """How many numbers leave it at most where `given` enter."""
        return given

    def left(self, given: int, learnt: Learnt) -> int:
        """How many leave it, now that it has learnt."""
        return given

    def learn(self, features: NDArray[np.float32], seed: int) -> Learnt:
        """From the features of the rows to learn from, (n, width)."""
        raise NotImplementedError

    def nodes(self, graph: Graph, features: str, learnt: Learnt) -> str:
        raise NotImplementedError


def _is_step(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, Extractor | Reduction)


FEATURES: Registry[Any] = Registry("feature", f"{__name__.rpartition('.')[0]}.steps", _is_step)
"""Every step's class by the key that names it."""
_S = TypeVar("_S", bound=FeatureStep)


def register(step: type[_S]) -> type[_S]:
    """Make a class known under its `name`, which is one of its fields; TypeError where not."""
    if step.name not in step.model_fields:
        raise TypeError(f"the step {step.__name__} has no field {step.name!r}, which names it")
    FEATURES.register(step)
    return step


def kind_of(value: Any) -> str | None:
    """The key that says which step this is."""
    if isinstance(value, FeatureStep):
        return value.name
    named = [key for key in value if key in FEATURES] if isinstance(value, dict) else []
    whole = [key for key in named if value.keys() <= FEATURES[key].model_fields.keys()]
    return next(iter([*whole, *named]), None)


def check_kinds(values: Any) -> Any:
    """Name a step that is none, and the nearest, which pydantic's own message would not."""
    for index, value in enumerate(values if isinstance(values, list | tuple) else []):
        if not isinstance(value, dict | FeatureStep):
            raise ValueError(
                f"step {index + 1}: a table such as {{ hog = 4 }} is needed, not {value!r}"
            )
        if kind_of(value) is None:
            raise ValueError(f"step {index + 1}: {unknown_key('step', value, FEATURES)}")
    return values


def check_order(steps: Sequence[FeatureStep] | None) -> Sequence[FeatureStep] | None:
    """Images are looked at first, and what takes all numbers comes after; ValueError where not."""
    kinds = [isinstance(step, Extractor) for step in steps or ()]
    if steps and not kinds[0]:
        raise ValueError(
            f"{steps[0].name} takes numbers of the steps before it, and there are none: begin with "
            "a step that looks at images, such as { pixels = true }"
        )
    if kinds != sorted(kinds, reverse=True):
        raise ValueError(
            "steps that look at images stand side by side and come first; what takes all their "
            "numbers (pca, scale) comes after the last of them"
        )
    return steps
