"""Batch normalisation as Keras does it (Ioffe and Szegedy, 2015)."""

import torch
from torch import Tensor

from vestry.members.networks.blocks.block import Block
from vestry.members.networks.parameters import Parameter

aten = torch.ops.aten


class BatchNorm(Block):
    """Normalise each channel over the batch and all pixels; keep moving statistics for inference.

    Unlike torch, Keras moves the *biased* variance, and its momentum is the share that stays.
    """

    def __init__(self, channels: int, momentum: float, epsilon: float) -> None:
        self.shapes = ((channels,), (channels,))
        self.momentum = momentum
        self.epsilon = epsilon
        self.moving_mean = torch.zeros(channels)
        self.moving_variance = torch.ones(channels)

    def bind(self, parameters: list[Parameter]) -> None:
        super().bind(parameters)
        self.scale, self.shift = parameters

    def state(self) -> dict[str, Tensor]:
        return {"moving_mean": self.moving_mean, "moving_variance": self.moving_variance}

    def forward(self, x: Tensor, training: bool) -> Tensor:
        rows = x.view(-1, x.shape[-1])
        if not training:
            factor = self.scale.value * torch.rsqrt(self.moving_variance + self.epsilon)
            return torch.addcmul(self.shift.value - self.moving_mean * factor, x, factor)
        y, self.mean, self.inverse = torch.native_batch_norm(
            rows, self.scale.value, self.shift.value, None, None, True, 0.0, self.epsilon
        )
        self.input = rows
        self.moving_mean.lerp_(self.mean, 1 - self.momentum)
        self.moving_variance.lerp_(self.inverse.pow(-2) - self.epsilon, 1 - self.momentum)
        return y.view(x.shape)

    def backward(self, gradient: Tensor) -> Tensor:
        result: Tensor
        result, scale, shift = aten.native_batch_norm_backward(
            gradient.reshape(self.input.shape),
            self.input,
            self.scale.value,
            None,
            None,
            self.mean,
            self.inverse,
            True,
            self.epsilon,
            [True, True, True],
        )
        self.scale.gradient.copy_(scale)
        self.shift.gradient.copy_(shift)
        return result.view(gradient.shape)
