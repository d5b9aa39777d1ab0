"""Functions applied to each value; all of them rise with their input, so they commute with a
maximum.
"""

import numpy as np
import torch
from torch import Tensor

from vestry.members.networks.blocks.block import Block


class Relu(Block):
    def forward(self, x: Tensor, training: bool) -> Tensor:
        y = torch.relu_(x)
        if training:
            self.output = y
        return y

    def backward(self, gradient: Tensor) -> Tensor:
        result: Tensor = torch.ops.aten.threshold_backward(gradient, self.output, 0)
        return result


class Tanh(Block):
    def forward(self, x: Tensor, training: bool) -> Tensor:
        y = torch.tanh(x)
        if training:
            self.output = y
        return y

    def backward(self, gradient: Tensor) -> Tensor:
        result: Tensor = torch.ops.aten.tanh_backward(gradient, self.output)
        return result


class Sigmoid(Block):
    def forward(self, x: Tensor, training: bool) -> Tensor:
        y = torch.sigmoid(x)
        if training:
            self.output = y
        return y

    def backward(self, gradient: Tensor) -> Tensor:
        result: Tensor = torch.ops.aten.sigmoid_backward(gradient, self.output)
        return result


ACTIVATIONS: dict[str, type[Block]] = {"relu": Relu, "tanh": Tanh, "sigmoid": Sigmoid}


# Dropout: while training, a random part of the values is zero and the rest is scaled up.


LEVELS = 1 << 15
MOST = (1 << 64) - 1
RESERVE = 1 << 18
"""Masks for small layers are drawn for many batches at once, about so many values."""


class Dropout(Block):
    """Drops each value with probability `rate`, exact to 1/32768.

    torch draws masks one number after another and compares into booleans, both slow on a CPU. Here
    15 random bits per value become an all-ones or all-zeros word in integer arithmetic, and
    a bitwise "and" with the value's own bits keeps or clears it.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.threshold = round(rate * LEVELS)
        self.scale = 1 / (1 - rate)
        self.random: np.random.Generator | None = None

    def seed(self, random: np.random.Generator) -> None:
        """Draw the masks from `random` from now on."""
        self.random = random
        self.reserve = torch.empty(0, dtype=torch.int16)

    def forward(self, x: Tensor, training: bool) -> Tensor:
        if not training or self.threshold == 0:
            return x
        kept = self.take(x.numel()).view(x.shape)
        self.mask = kept.to(torch.int32) if x.dtype == torch.float32 else kept
        return self.apply(x)

    def backward(self, gradient: Tensor) -> Tensor:
        return gradient if self.threshold == 0 else self.apply(gradient)

    def apply(self, x: Tensor) -> Tensor:
        return (x.view(self.mask.dtype) & self.mask).view(x.dtype).mul_(self.scale)

    def take(self, count: int) -> Tensor:
        """The next `count` masks of 16 bits, all ones where a value is kept."""
        if len(self.reserve) < count:
            self.reserve = self.draw(count * max(1, RESERVE // count))
        taken, self.reserve = self.reserve[:count], self.reserve[count:]
        return taken

    def draw(self, count: int) -> Tensor:
        if self.random is None:
            raise RuntimeError("dropout has no source of random numbers; call seed first")
        drawn = self.random.integers(0, MOST, -(-count // 4), np.uint64, endpoint=True)
        words = torch.from_numpy(drawn.view(np.int16))[:count].bitwise_and_(LEVELS - 1)
        return torch.rsub(words, self.threshold - 1).bitwise_right_shift_(15)


# Blocks that only change how values are arranged.


class Flatten(Block):
    def forward(self, x: Tensor, training: bool) -> Tensor:  # noqa: ARG002
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, gradient: Tensor) -> Tensor:
        return gradient.view(self.shape)


class Concat(Block):
    """Puts an earlier layer's output, flattened, in front of the vector.

    The network sets `other` before `forward` and reads `other_gradient` after `backward`.
    """

    other: Tensor
    other_gradient: Tensor

    def forward(self, x: Tensor, training: bool) -> Tensor:  # noqa: ARG002
        front = self.other.reshape(len(x), -1).to(x.dtype)
        self.width = front.shape[1]
        return torch.cat((front, x), 1)

    def backward(self, gradient: Tensor) -> Tensor:
        self.other_gradient = gradient[:, : self.width]
        return gradient[:, self.width :].contiguous()
