"""Blocks that only change how values are arranged."""

import torch
from torch import Tensor

from vestry.members.networks.blocks.block import Block


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
