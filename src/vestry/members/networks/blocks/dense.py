"""A fully connected layer without its activation."""

import torch
from torch import Tensor

from vestry.members.networks.blocks.block import Block
from vestry.members.networks.parameters import Parameter


class Dense(Block):
    """y = x W + b, with W of shape (inputs, units) as Keras stores it.

    Training computes in `compute`; inference always in float32.
    """

    def __init__(
        self, inputs: int, units: int, compute: torch.dtype = torch.float32, first: bool = False
    ) -> None:
        self.shapes = ((inputs, units), (units,))
        self.compute = compute
        self.first = first

    def bind(self, parameters: list[Parameter]) -> None:
        super().bind(parameters)
        self.weight, self.bias = parameters

    def forward(self, x: Tensor, training: bool) -> Tensor:
        dtype = self.compute if training else torch.float32
        self.outside = x.dtype
        x = x.to(dtype)
        if training:
            self.input = x
        return torch.addmm(self.bias.as_type(dtype), x, self.weight.as_type(dtype))

    def backward(self, gradient: Tensor) -> Tensor | None:
        gradient = gradient.to(self.compute)
        store_product(self.weight.gradient, self.input.t(), gradient)
        self.bias.gradient.copy_(gradient.sum(0))
        if self.first:
            return None
        return (gradient @ self.weight.as_type(self.compute).t()).to(self.outside)


def store_product(target: Tensor, left: Tensor, right: Tensor) -> None:
    """target = left @ right, where target is float32 and the factors may not be."""
    if left.dtype == target.dtype:
        torch.mm(left, right, out=target)
    else:
        target.copy_(left @ right)
