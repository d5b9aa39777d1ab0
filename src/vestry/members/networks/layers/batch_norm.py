"""Batch normalisation (Ioffe and Szegedy, 2015), and the statistics that it predicts with."""

from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from vestry.members.networks.activations import activation_blocks
from vestry.members.networks.block import (
    Block,
    Parameter,
    ParameterSpec,
    Tensor,
    functional,
    torch,
)
from vestry.members.networks.layer import Layer, Nodes, Place, Shape, Value, register
from vestry.members.networks.layers.activation import Activated
from vestry.members.networks.own_weights import Own

_MOMENTUM = 0.99
"""Keras's default."""
_WIDE = 64
"""From so many channels on, a row is long enough by itself."""
_WORTH = 1 << 15
"""Values below which the bookkeeping of rows side by side takes longer than it saves."""


@register("batch_norm")
class BatchNorm(Layer):
    """Normalises each channel over the batch; for inference by fixed statistics.

    Those are measured over training rows after each epoch ("precise batch norm", Wu and Johnson,
    2021), or averaged as training goes. Keras's averages start at 0 and 1 and take hundreds of
    batches to get away from there, which small data does not have.
    """

    batch_norm: Literal[True]
    statistics: Literal["precise", "keras"] = "precise"
    momentum: float | None = Field(None, ge=0, lt=1)
    """What stays of Keras's averages at every batch; with it alone, those are meant."""
    epsilon: float = Field(1e-3, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _momentum_means_keras(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        if values.get("momentum") is not None:
            return {"statistics": "keras"} | values
        return values | {"momentum": _MOMENTUM} if values.get("statistics") == "keras" else values

    @model_validator(mode="after")
    def _momentum_is_used(self) -> Self:
        if self.statistics == "precise" and self.momentum is not None:
            raise ValueError(
                "precise statistics are measured anew and have no momentum; leave it out, or write "
                'statistics = "keras"'
            )
        return self

    @model_serializer(mode="wrap")
    def _shortest(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Its momentum alone says "keras", as it did before there was a choice: so the studies of
        that time keep their hash.
        """
        values: dict[str, Any] = dump(self)
        kept = values.keys() - ({"statistics"} if self.statistics == "keras" else set())
        return {key: value for key, value in values.items() if key in kept}

    def parameters(self, shape: Shape) -> tuple[int, int]:
        return 4 * shape[-1], 2 * shape[-1]

    def absorbs(self, after: Layer) -> bool:
        """An activation may then work in place on what nobody else reads."""
        return isinstance(after, Activated)

    def blocks(self, place: Place) -> list[Block]:
        block = _BatchNormBlock(place.step.input_shape[-1], self.momentum, self.epsilon)
        after = place.absorbed
        return [
            block,
            *(activation_blocks(after.activation) if isinstance(after, Activated) else []),
        ]

    def plain(self, own: Own, x: Tensor, joined: Tensor | None) -> Tensor:
        rows, by = x.flatten(0, -2), (own.weight("scale"), own.weight("shift"))
        moving = own.weight("moving_mean"), own.weight("moving_variance")
        if own.measured is not None:
            own.measured = _joined_statistics(rows, *moving, own.measured)
        elif not own.training:
            alike = functional.batch_norm(rows, *moving, *by, False, 0.0, self.epsilon)
            return alike.view(x.shape)
        elif self.momentum is not None:
            with torch.no_grad():
                found = reversed(torch.var_mean(rows.float(), 0, correction=0))
                for average, value in zip(moving, found, strict=True):
                    average.lerp_(value, 1 - self.momentum)
        alike = functional.batch_norm(rows, None, None, *by, True, 0.0, self.epsilon)
        return alike.view(x.shape)

    def nodes(self, to: Nodes, value: Value) -> Value:
        """With its moving statistics: one factor and one shift a channel."""
        scale, shift, mean, variance = (
            to.weights_of(role).astype(np.float64)
            for role in ("scale", "shift", "moving_mean", "moving_variance")
        )
        factor = scale / np.sqrt(variance + self.epsilon)
        shape = (-1, 1, 1) if value.layout == "channels_first" else (-1,)
        factors, shifts = (
            to.constant(part.astype(np.float32).reshape(shape), role)
            for role, part in (("factor", factor), ("shift", shift - mean * factor))
        )
        return Value(
            to.add("Add", to.add("Mul", value.name, factors), shifts), value.shape, value.layout
        )


class _BatchNormBlock(Block):
    """Normalise each channel over the batch and all pixels; over fixed statistics for inference.

    momentum: what stays of the statistics at every batch of training, as in Keras, which unlike
    torch moves the *biased* variance. None leaves them alone while training, and they are measured
    afterwards: between `start_measuring` and `stop_measuring`, inference normalises over its own
    batch, and the statistics become those of all rows that have passed.
    """

    scale: Parameter
    shift: Parameter

    def __init__(self, channels: int, momentum: float | None, epsilon: float) -> None:
        self.specs = {
            "scale": ParameterSpec((channels,), start=1.0),
            "shift": ParameterSpec((channels,)),
        }
        self.momentum = momentum
        self.measures = momentum is None
        self.epsilon = epsilon
        self.measured: int | None = None
        self.moving_mean = torch.zeros(channels)
        self.moving_variance = torch.ones(channels)

    def state(self) -> dict[str, Tensor]:
        return {"moving_mean": self.moving_mean, "moving_variance": self.moving_variance}

    def forward(self, x: Tensor, training: bool) -> Tensor:
        rows = x.view(-1, x.shape[-1])
        if self.measured is not None:
            self._measure(rows)
            return self._normalise(rows).view(x.shape)
        if not training:
            factor = self.scale.value * torch.rsqrt(self.moving_variance + self.epsilon)
            return torch.addcmul(self.shift.value - self.moving_mean * factor, x, factor)
        y = self._normalise(rows)
        self.input = rows
        if self.momentum is not None:
            self.moving_mean.lerp_(self.mean, 1 - self.momentum)
            self.moving_variance.lerp_(self.inverse.pow(-2) - self.epsilon, 1 - self.momentum)
        return y.view(x.shape)

    def _normalise(self, rows: Tensor) -> Tensor:
        """By the mean and deviation of `rows` themselves, which are kept."""
        y: Tensor
        self.side_by_side = _side_by_side(rows)
        if self.side_by_side > 1:
            return self._normalise_wide(rows)
        y, self.mean, self.inverse = torch.native_batch_norm(
            rows, self.scale.value, self.shift.value, None, None, True, 0.0, self.epsilon
        )
        return y

    def _normalise_wide(self, rows: Tensor) -> Tensor:
        """The same, where the library works on several rows side by side as if they were one."""
        wide, count = self._wide(rows), self.side_by_side
        none = torch.zeros(wide.shape[1]), torch.ones(wide.shape[1])  # float32 statistics, kept
        means, variances = torch.ops.aten.batch_norm_update_stats(wide, *none, 0.0)
        between, self.mean = torch.var_mean(means.view(count, -1), 0, correction=0)
        self.inverse = torch.rsqrt(variances.view(count, -1).mean(0) + between + self.epsilon)
        factor = self.scale.value * self.inverse
        return self._scaled(rows, factor, self.shift.value - self.mean * factor)

    def _wide(self, rows: Tensor) -> Tensor:
        return rows.view(len(rows) // self.side_by_side, -1)

    def _scaled(self, rows: Tensor, factor: Tensor, shift: Tensor) -> Tensor:
        """rows * factor + shift, rounded once."""
        factors, shifts = factor.repeat(self.side_by_side), shift.repeat(self.side_by_side)
        zeros, ones = torch.zeros_like(factors), torch.ones_like(factors)
        wide = self._wide(rows)
        y = torch.native_batch_norm(wide, factors, shifts, zeros, ones, False, 0.0, 0.0)[0]
        return y.view(rows.shape)

    def start_measuring(self) -> None:
        self.measured = 0 if self.measures else None

    def stop_measuring(self) -> None:
        self.measured = None

    def _measure(self, rows: Tensor) -> None:
        moving = self.moving_mean, self.moving_variance
        self.measured = _joined_statistics(rows, *moving, self.measured or 0)

    def backward(self, gradient: Tensor) -> Tensor:
        rows = gradient.reshape(self.input.shape)
        if self.side_by_side > 1:
            return self._backward_wide(rows).view(gradient.shape)
        result, scale, shift = self._library_back(rows, self.input, 1, whole=True)
        self.scale.gradient.copy_(scale)
        self.shift.gradient.copy_(shift)
        return result.view(gradient.shape)

    def _backward_wide(self, rows: Tensor) -> Tensor:
        """scale / deviation * (gradient - its mean - z * the mean of gradient * z), where z is the
        input less its mean, over its deviation: a factor on the gradient, one on the input, and a
        shift.
        """
        count = self.side_by_side
        _, scale, shift = self._library_back(
            self._wide(rows), self._wide(self.input), count, whole=False
        )
        torch.sum(scale.view(count, -1), 0, out=self.scale.gradient)
        torch.sum(shift.view(count, -1), 0, out=self.shift.gradient)
        factor = self.scale.value * self.inverse
        of_input = -factor * self.inverse * self.scale.gradient / len(rows)
        rest = -factor * self.shift.gradient / len(rows) - of_input * self.mean
        by_gradient = self._scaled(rows, factor, torch.zeros_like(factor))
        return by_gradient.add_(self._scaled(self.input, of_input, rest))

    def _library_back(
        self, gradient: Tensor, rows: Tensor, count: int, whole: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of the input (where `whole`), scale and shift, of so many rows side by side."""
        scale, mean, inverse = (
            each.repeat(count) for each in (self.scale.value, self.mean, self.inverse)
        )
        given = gradient, rows, scale, None, None, mean, inverse, True, self.epsilon
        back: tuple[Tensor, Tensor, Tensor] = torch.ops.aten.native_batch_norm_backward(
            *given, [whole, True, True]
        )
        return back


def _joined_statistics(rows: Tensor, mean: Tensor, variance: Tensor, before: int) -> int:
    """Join `rows` to `before` others, of which mean and variance are; the number of all (Chan,
    Golub and LeVeque, 1983)."""
    own_variance, own_mean = torch.var_mean(rows, 0, correction=0)
    count = before + len(rows)
    share = len(rows) / count
    between = (own_mean - mean).square_().mul_(share * (1 - share))
    mean.lerp_(own_mean, share)
    variance.lerp_(own_variance, share).add_(between)
    return count


def _side_by_side(rows: Tensor) -> int:
    """How many rows the library takes at once: it works along a row, so that few channels fill no
    register (18 channels: 0.98 ms for 128 images of 28 x 28, forward; 8 rows at once, 0.45 ms).
    """
    count, channels = rows.shape
    if rows.numel() < _WORTH or channels >= _WIDE:
        return 1
    return next(together for together in (8, 4, 2, 1) if count % together == 0)
