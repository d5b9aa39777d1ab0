"""Dropout: while training, a random part of the values is zero and the rest is scaled up."""

import numpy as np
from pydantic import Field

from vestry.members.networks.block import Block, Tensor, functional, torch
from vestry.members.networks.layer import Layer, Nodes, Place, Value, register
from vestry.members.networks.own_weights import Own

_LEVELS = 1 << 15
_MOST = (1 << 64) - 1
_RESERVE = 1 << 18
"""Masks for small layers are drawn for many batches at once, about so many values."""


@register("dropout")
class Dropout(Layer):
    """Sets this fraction of values to zero while training, and scales the rest up."""

    dropout: float = Field(ge=0, lt=1)

    def blocks(self, place: Place) -> list[Block]:
        return [DropoutBlock(self.dropout)]

    def plain(self, own: Own, x: Tensor, joined: Tensor | None) -> Tensor:
        return functional.dropout(x, self.dropout, own.training)

    def nodes(self, to: Nodes, value: Value) -> Value:
        return value  # it does nothing when predicting


class DropoutBlock(Block):
    """Drops each value with probability `rate`, exact to 1/32768.

    torch draws masks one number after another and compares into booleans, both slow on a CPU. Here
    15 random bits per value become an all-ones or all-zeros word in integer arithmetic, and
    a bitwise "and" with the value's own bits keeps or clears it.
    """

    def __init__(self, rate: float) -> None:
        self.threshold = round(rate * _LEVELS)
        self.scale = 1 / (1 - rate)
        self.random: np.random.Generator | None = None

    def seed(self, random: np.random.Generator) -> None:
        self.random = random
        self.reserve = torch.empty(0, dtype=torch.int16)

    def forward(self, x: Tensor, training: bool) -> Tensor:
        if not training or self.threshold == 0:
            return x
        kept = self._take(x.numel()).view(x.shape)
        self.mask = kept.to(torch.int32) if x.dtype == torch.float32 else kept
        return self._apply(x)

    def backward(self, gradient: Tensor) -> Tensor:
        return gradient if self.threshold == 0 else self._apply(gradient)

    def _apply(self, x: Tensor) -> Tensor:
        return (x.view(self.mask.dtype) & self.mask).view(x.dtype).mul_(self.scale)

    def _take(self, count: int) -> Tensor:
        """The next `count` masks of 16 bits, all ones where a value is kept."""
        if len(self.reserve) < count:
            self.reserve = self._draw(count * max(1, _RESERVE // count))
        taken, self.reserve = self.reserve[:count], self.reserve[count:]
        return taken

    def _draw(self, count: int) -> Tensor:
        if self.random is None:
            raise RuntimeError("dropout has no source of random numbers; call seed first")
        drawn = self.random.integers(0, _MOST, -(-count // 4), np.uint64, endpoint=True)
        words = torch.from_numpy(drawn.view(np.int16))[:count].bitwise_and_(_LEVELS - 1)
        # below the threshold the difference is not negative, and its sign fills the word
        return torch.rsub(words, self.threshold - 1).bitwise_right_shift_(15)
