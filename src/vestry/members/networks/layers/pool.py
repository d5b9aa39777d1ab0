"""Maximum or average over windows."""

from typing import Literal

from vestry.members.networks.block import Block, Tensor, functional, torch
from vestry.members.networks.geometry import Pair, Size, pair, require_room
from vestry.members.networks.layer import (
    Layer,
    Nodes,
    Place,
    Shape,
    Value,
    register,
    require_image,
)
from vestry.members.networks.own_weights import Own


@register("pool")
class Pool(Layer):
    """Maximum or average over windows; the stride is the window's size unless given."""

    pool: Size
    stride: Size | None = None
    kind: Literal["max", "average"] = "max"

    @property
    def window(self) -> Pair:
        return pair(self.pool)

    @property
    def strides(self) -> Pair:
        return pair(self.stride or self.pool)

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        require_image(shape)
        (ph, pw), (sh, sw) = self.window, self.strides
        pooled = ((shape[0] - ph) // sh + 1, (shape[1] - pw) // sw + 1, shape[2])
        return require_room(pooled, shape, f"a {ph} x {pw} pool")

    def blocks(self, place: Place) -> list[Block]:
        return [self.block(is_windowed=False)]

    def block(self, is_windowed: bool) -> Block:
        """is_windowed: whether the convolution before arranges its output for `WindowMax`."""
        if is_windowed:
            return _WindowMax()
        return (MaxPool if self.kind == "max" else AveragePool)(self.window, self.strides)

    def plain(self, own: Own, x: Tensor, joined: Tensor | None) -> Tensor:
        pooled = functional.max_pool2d if self.kind == "max" else functional.avg_pool2d
        return pooled(_channels_first(x), self.window, self.strides).permute(0, 2, 3, 1)

    def nodes(self, to: Nodes, value: Value) -> Value:
        operator = "MaxPool" if self.kind == "max" else "AveragePool"
        planes = to.planes(value).name
        name = to.add(operator, planes, kernel_shape=self.window, strides=self.strides)
        return Value(name, to.step.output_shape, "channels_first")


def _channels_first(x: Tensor) -> Tensor:
    """The same memory in torch's order of dimensions; its kernels call that channels_last."""
    return x.permute(0, 3, 1, 2)


def _channels_last(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1).contiguous()


class _Pooling(Block):
    def __init__(self, window: Pair, stride: Pair) -> None:
        self.window = list(window)
        self.stride = list(stride)


class MaxPool(_Pooling):
    """The maximum; where several values share it the first takes the gradient, as in TensorFlow."""

    def forward(self, x: Tensor, training: bool) -> Tensor:
        x = _channels_first(x)
        if not training:
            return _channels_last(functional.max_pool2d(x, self.window, self.stride))
        self.input = x
        y, self.places = torch.ops.aten.max_pool2d_with_indices(x, self.window, self.stride)
        return _channels_last(y)

    def backward(self, gradient: Tensor) -> Tensor:
        given = _channels_first(gradient), self.input, self.window, self.stride
        none, one = [0, 0], [1, 1]  # padding and dilation
        back = torch.ops.aten.max_pool2d_with_indices_backward
        return _channels_last(back(*given, none, one, False, self.places))


class _WindowMax(Block):
    """The maximum over the first axis of (places in a window, n, windows down, windows across,
    channels), as `Convolution` arranges its output.

    The same as `MaxPool` over windows that do not overlap, by whole-array arithmetic, which needs
    neither indices nor comparisons (booleans are slow on a CPU) and does not care how few channels
    there are.
    """

    def forward(self, x: Tensor, training: bool) -> Tensor:
        if not training:
            return x.amax(0)
        self.values = x
        self.largest = [x[0]]  # of the places up to each
        for place in x[1:]:
            self.largest.append(torch.maximum(self.largest[-1], place))
        # the activation after works in place, so it must not be given what backward needs
        return self.largest.pop()

    def backward(self, gradient: Tensor) -> Tensor:
        """From the last place to the first: one that is above all before it takes the gradient that
        is left (value - largest > 0, the derivative of a relu), the others leave it.
        """
        result = torch.empty_like(self.values)
        derivative = torch.ops.aten.threshold_backward.grad_input
        for place in range(len(self.values) - 1, 0, -1):
            above = self.values[place] - self.largest[place - 1]
            derivative(gradient, above, 0, grad_input=result[place])
            gradient = gradient - result[place]
        result[0] = gradient
        return result


class AveragePool(_Pooling):
    def forward(self, x: Tensor, training: bool) -> Tensor:
        self.input = _channels_first(x)
        return _channels_last(functional.avg_pool2d(self.input, self.window, self.stride))

    def backward(self, gradient: Tensor) -> Tensor:
        given = _channels_first(gradient), self.input, self.window, self.stride
        no_padding, whole_windows = [0, 0], (False, True, None)
        back = torch.ops.aten.avg_pool2d_backward
        return _channels_last(back(*given, no_padding, *whole_windows))
