"""Batch normalisation (Ioffe and Szegedy, 2015), and the statistics that it predicts with."""

import torch
from torch import Tensor

from vestry.members.networks.blocks.block import Block
from vestry.members.networks.parameters import Parameter

aten = torch.ops.aten


class BatchNorm(Block):
    """Normalise each channel over the batch and all pixels; over fixed statistics for inference.

    momentum: what stays of the statistics at every batch of training, as in Keras, which unlike
    torch moves the *biased* variance. None leaves them alone while training, and they are measured
    afterwards: between `start_measuring` and `stop_measuring`, inference normalises over its own
    batch, and the statistics become those of all rows that have passed.
    """

    def __init__(self, channels: int, momentum: float | None, epsilon: float) -> None:
        self.shapes = ((channels,), (channels,))
        self.momentum = momentum
        self.epsilon = epsilon
        self.measured: int | None = None
        self.moving_mean = torch.zeros(channels)
        self.moving_variance = torch.ones(channels)

    def bind(self, parameters: list[Parameter]) -> None:
        super().bind(parameters)
        self.scale, self.shift = parameters

    def state(self) -> dict[str, Tensor]:
        return {"moving_mean": self.moving_mean, "moving_variance": self.moving_variance}

    def forward(self, x: Tensor, training: bool) -> Tensor:
        rows = x.view(-1, x.shape[-1])
        if self.measured is not None:
            self.measure(rows)
            return self.normalise(rows).view(x.shape)
        if not training:
            factor = self.scale.value * torch.rsqrt(self.moving_variance + self.epsilon)
            return torch.addcmul(self.shift.value - self.moving_mean * factor, x, factor)
        y = self.normalise(rows)
        self.input = rows
        if self.momentum is not None:
            self.moving_mean.lerp_(self.mean, 1 - self.momentum)
            self.moving_variance.lerp_(self.inverse.pow(-2) - self.epsilon, 1 - self.momentum)
        return y.view(x.shape)

    def normalise(self, rows: Tensor) -> Tensor:
        """By the mean and deviation of `rows` themselves, which are kept."""
        y: Tensor
        y, self.mean, self.inverse = torch.native_batch_norm(
            rows, self.scale.value, self.shift.value, None, None, True, 0.0, self.epsilon
        )
        return y

    def start_measuring(self) -> None:
        self.measured = None if self.momentum is not None else 0

    def stop_measuring(self) -> None:
        self.measured = None

    def measure(self, rows: Tensor) -> None:
        """Join `rows` to those that were measured before (Chan, Golub and LeVeque, 1983)."""
        variance, mean = torch.var_mean(rows, 0, correction=0)
        before = self.measured or 0
        self.measured = before + len(rows)
        share = len(rows) / self.measured
        between = (mean - self.moving_mean).square_().mul_(share * (1 - share))
        self.moving_mean.lerp_(mean, share)
        self.moving_variance.lerp_(variance, share).add_(between)

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
