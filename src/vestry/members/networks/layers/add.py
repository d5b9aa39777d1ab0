"""What went in, or an earlier output, added to what comes out (He, Zhang, Ren and Sun, 2016)."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Discriminator, Field, Tag

from vestry.members.networks.activations import (
    Activation,
    activated,
    activation_blocks,
    activation_node,
)
from vestry.members.networks.block import (
    Block,
    JoinBlock,
    Parameter,
    ParameterSpec,
    Tensor,
    store_product,
    torch,
)
from vestry.members.networks.layer import (
    Layer,
    Nodes,
    Place,
    Shape,
    TracedLayer,
    Value,
    describe,
    flattened,
    register,
)
from vestry.members.networks.own_weights import Own

if TYPE_CHECKING:
    from vestry.members.networks.layers import Layers


def _way(value: Any) -> str:
    return "str" if isinstance(value, str) else "list[layer]"


@register("add")
class Add(Layer):
    """Layers, with what enters them added to what leaves them; or, where a name is given, the
    output of that earlier layer added to the current one.

    Where the two have unlike channels or sides, what is added goes through a 1 x 1 convolution,
    without biases, whose stride makes the sides equal.
    """

    add: Annotated[
        Annotated[str, Tag("str")] | Annotated["Layers", Field(min_length=1), Tag("list[layer]")],
        Discriminator(_way),
    ]
    activation: Activation = "none"
    drop: float = Field(0.0, ge=0, lt=1)

    def expanded(self) -> Sequence[Layer]:
        if isinstance(self.add, str):
            return (self._sum(self.add),)
        inner = flattened(self.add)
        return (*inner, self._sum(len(inner) + 1))

    def _sum(self, joined: str | int) -> "_Sum":
        return _Sum(add=joined, activation=self.activation, drop=self.drop)


class _Sum(Layer):
    """The sum alone; it stands in a network, never in a study."""

    key: ClassVar[str] = "add"

    add: str | int
    activation: Activation
    drop: float

    @property
    def joins(self) -> str | int:
        return self.add

    def words(self) -> str:
        said = f"add {self.add}" if isinstance(self.add, str) else _came_before(self.add - 1)
        said += "" if self.activation == "none" else f", activation {self.activation}"
        return said + (f", drop {self.drop}" if self.drop else "")

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        _stride(shape, joined)
        return shape

    def joined_costs(self, shape: Shape, joined: Shape) -> tuple[int, int]:
        if shape == joined:
            return 0, 0
        return shape[-1] * joined[-1], math.prod(shape) * joined[-1]

    def blocks(self, place: Place) -> list[Block]:
        return [_SumBlock(place.step, self.drop), *activation_blocks(self.activation)]

    def plain(self, own: Own, x: Tensor, joined: Tensor | None) -> Tensor:
        assert joined is not None  # noqa: S101 - for the type checker
        if joined.shape[1:] != x.shape[1:]:
            down, across = _stride(tuple(x.shape[1:]), tuple(joined.shape[1:]))
            joined = joined[:, ::down, ::across] if joined.ndim == 4 else joined
            joined = joined @ own.weight("kernel")
        if own.training and self.drop:
            kept = torch.rand(len(x), *[1] * (x.ndim - 1), device=x.device) >= self.drop
            x = x * kept / (1 - self.drop)
        return activated(self.activation, joined + x)

    def nodes(self, to: Nodes, value: Value) -> Value:
        assert to.joined is not None  # noqa: S101 - for the type checker
        flat = len(value.shape) == 1
        other, own = (to.flat(v) if flat else to.planes(v) for v in (to.joined, value))
        name = other.name if own.shape == other.shape else self._projected(to, other, own)
        name = activation_node(to, self.activation, to.add("Add", name, own.name))
        return Value(name, own.shape, own.layout)

    def _projected(self, to: Nodes, other: Value, own: Value) -> str:
        kernel = to.weights_of("kernel").reshape(other.shape[-1], own.shape[-1])
        if own.layout == "flat":
            return to.add("MatMul", other.name, to.constant(kernel, "kernel"))
        weights = to.constant(kernel.T[:, :, np.newaxis, np.newaxis], "kernel")
        strides = _stride(own.shape, other.shape)
        return to.add("Conv", other.name, weights, kernel_shape=(1, 1), strides=strides)


def _came_before(layers: int) -> str:
    return f"add what entered the {layers} layers before" if layers > 1 else "add what entered it"


def _stride(shape: Shape, joined: Shape) -> tuple[int, int]:
    """By which `joined` has the sides of `shape`; ValueError where none does."""
    if len(shape) != len(joined):
        raise ValueError(
            f"add takes two images or two vectors, not {describe(joined)} and {describe(shape)}"
        )
    if len(shape) == 1:
        return 1, 1
    down, across = (round(old / new) for old, new in zip(joined[:2], shape[:2], strict=True))
    if min(down, across) < 1 or any(
        math.ceil(old / stride) != new
        for old, stride, new in zip(joined, (down, across), shape[:2], strict=False)
    ):
        raise ValueError(
            f"add cannot make the sides of {describe(joined)} those of {describe(shape)}, which "
            "must be a whole number of times smaller; "
            'take padding = "same" in its convolutions'
        )
    return down, across


class _SumBlock(JoinBlock):
    """y = x + P(other), where P is nothing, or a matrix (channels there, channels here) over every
    stride-th pixel.

    In training x is left out of `drop` of the rows and scaled up in the others ("stochastic depth",
    Huang and others, 2016, a mask a row).
    """

    kernel: Parameter

    def __init__(self, step: TracedLayer, drop: float) -> None:
        own, other = step.output_shape, step.joined_shape
        self.step = step
        self.stride = _stride(own, other)
        self.drop = drop
        self.random: np.random.Generator | None = None
        if own != other:
            self.specs = {"kernel": ParameterSpec((other[-1], own[-1]), (other[-1], own[-1]))}

    @property
    def filter_bank(self) -> Parameter | None:
        return self.kernel if self.specs and len(self.step.joined_shape) == 3 else None

    def seed(self, random: np.random.Generator) -> None:
        self.random = random

    def forward(self, x: Tensor, training: bool) -> Tensor:
        self.outside = self.other.dtype
        other = self.other.to(x.dtype)
        if self.specs:
            other = self._projected(other)
        if not (training and self.drop):
            return x + other
        self.kept = self._drawn(x)
        return torch.addcmul(other, x, self.kept)

    def _projected(self, other: Tensor) -> Tensor:
        self.before = other.shape
        if other.ndim == 4:
            other = other[:, :: self.stride[0], :: self.stride[1]]
        self.sides = other.shape[:-1]
        self.rows = other.reshape(-1, other.shape[-1])
        return (self.rows @ self.kernel.as_type(other.dtype)).view(*self.sides, -1)

    def _drawn(self, x: Tensor) -> Tensor:
        """A factor for each row: 0, or 1 over the share of rows that are kept."""
        if self.random is None:
            raise RuntimeError("stochastic depth has no source of random numbers; call seed first")
        kept = self.random.random(len(x), np.float32) >= self.drop
        factors = torch.from_numpy(kept).to(x.dtype).div_(1 - self.drop)
        return factors.view(-1, *[1] * (x.ndim - 1))

    def backward(self, gradient: Tensor) -> Tensor:
        other = self._projected_back(gradient) if self.specs else gradient
        self.other_gradient = other.to(self.outside)
        return gradient * self.kept if self.drop else gradient

    def _projected_back(self, gradient: Tensor) -> Tensor:
        rows = gradient.reshape(-1, gradient.shape[-1])
        store_product(self.kernel.gradient, self.rows.t(), rows)
        back = (rows @ self.kernel.as_type(gradient.dtype).t()).view(*self.sides, -1)
        if self.stride == (1, 1):
            return back
        whole = back.new_zeros(self.before)
        whole[:, :: self.stride[0], :: self.stride[1]] = back
        return whole
