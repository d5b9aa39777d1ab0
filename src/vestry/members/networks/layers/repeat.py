"""The same layers several times, one after the other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from vestry.members.networks.layer import Layer, flattened, register

if TYPE_CHECKING:
    from vestry.members.networks.layers import Layers

_MOST = 1000
"""Layers that a list may stand for; lists in lists would otherwise outgrow any memory."""


@register("repeat")
class Repeat(Layer):
    """`repeat` times what `layers` lists; each time with weights of its own."""

    repeat: Annotated[int, Field(ge=1, le=_MOST)]
    layers: Annotated["Layers", Field(min_length=1)]

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        inner = flattened(self.layers)
        if (count := self.repeat * len(inner)) > _MOST:
            raise ValueError(f"stands for {count:,} layers, and may for {_MOST:,} at most")
        if self.repeat > 1 and (named := [layer.name for layer in inner if layer.name]):
            raise ValueError(
                f"a layer that is repeated cannot have a name ({named[0]!r}), which would stand "
                "for several"
            )
        return self

    def expanded(self) -> Sequence[Layer]:
        return self.layers * self.repeat
