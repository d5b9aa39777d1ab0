"""Pools: the maximum or the average over windows, or over a whole channel."""

import torch
from torch import Tensor
from torch.nn import functional

from vestry.members.networks.blocks.block import Block

aten = torch.ops.aten


def channels_first(x: Tensor) -> Tensor:
    """The same memory in torch's order of dimensions; its kernels call that channels_last."""
    return x.permute(0, 3, 1, 2)


def channels_last(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1).contiguous()


class MaxPool(Block):
    """The maximum; where several values share it the first takes the gradient, as in TensorFlow."""

    def __init__(self, window: tuple[int, int], stride: tuple[int, int]) -> None:
        self.window = list(window)
        self.stride = list(stride)

    def forward(self, x: Tensor, training: bool) -> Tensor:
        x = channels_first(x)
        if not training:
            return channels_last(functional.max_pool2d(x, self.window, self.stride))
        self.input = x
        y, self.places = aten.max_pool2d_with_indices(x, self.window, self.stride)
        return channels_last(y)

    def backward(self, gradient: Tensor) -> Tensor:
        return channels_last(
            aten.max_pool2d_with_indices_backward(
                channels_first(gradient),
                self.input,
                self.window,
                self.stride,
                [0, 0],
                [1, 1],
                False,
                self.places,
            )
        )


class WindowMax(Block):
    """The maximum over the first axis: the places in a window, as `Convolution` arranges them.

    The same as `MaxPool` over windows that do not overlap, by whole-array arithmetic, which needs
    neither indices nor comparisons (booleans are slow on a CPU) and does not care how few channels
    there are.
    """

    def forward(self, x: Tensor, training: bool) -> Tensor:
        if not training:
            return x.amax(0)
        self.values = x
        self.largest = [x[0]]
        for place in x[1:]:
            self.largest.append(torch.maximum(self.largest[-1], place))
        # the activation after works in place, so it must not be given what backward needs
        return self.largest.pop()

    def backward(self, gradient: Tensor) -> Tensor:
        result = torch.empty_like(self.values)
        for place in range(len(self.values) - 1, 0, -1):
            above = self.values[place] - self.largest[place - 1]
            aten.threshold_backward.grad_input(gradient, above, 0, grad_input=result[place])
            gradient = gradient - result[place]
        result[0] = gradient
        return result


class AveragePool(Block):
    def __init__(self, window: tuple[int, int], stride: tuple[int, int]) -> None:
        self.window = list(window)
        self.stride = list(stride)

    def forward(self, x: Tensor, training: bool) -> Tensor:  # noqa: ARG002
        self.input = channels_first(x)
        return channels_last(functional.avg_pool2d(self.input, self.window, self.stride))

    def backward(self, gradient: Tensor) -> Tensor:
        return channels_last(
            aten.avg_pool2d_backward(
                channels_first(gradient),
                self.input,
                self.window,
                self.stride,
                [0, 0],
                False,
                True,
                None,
            )
        )


class GlobalAveragePool(Block):
    def forward(self, x: Tensor, training: bool) -> Tensor:  # noqa: ARG002
        self.shape = x.shape
        return x.mean((1, 2))

    def backward(self, gradient: Tensor) -> Tensor:
        n, height, width, channels = self.shape
        spread = gradient.div(height * width).view(n, 1, 1, channels)
        return spread.expand(self.shape).contiguous()


class GlobalMaxPool(Block):
    def forward(self, x: Tensor, training: bool) -> Tensor:  # noqa: ARG002
        self.shape = x.shape
        y, places = x.flatten(1, 2).max(1)
        self.places = places
        return y

    def backward(self, gradient: Tensor) -> Tensor:
        n, height, width, channels = self.shape
        spread = gradient.new_zeros(n, height * width, channels)
        spread.scatter_(1, self.places.unsqueeze(1), gradient.unsqueeze(1))
        return spread.view(self.shape)
