"""Functions applied to each value; all of them rise with their input, so they commute with a
maximum.
"""

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
