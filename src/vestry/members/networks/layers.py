"""A network as data: the layers that may stand in a study file, and the shapes that follow from
them.

Nothing here needs torch, so a study is checked, and its parameters are counted, before any work.
"""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from vestry.errors import did_you_mean

Shape = tuple[int, ...]
"""Of one image: (height, width, channels), or (features,) after flattening."""
Count = Annotated[int, Field(ge=1, le=65536)]
Size = Count | tuple[Count, Count]
Activation = Literal["relu", "none", "tanh", "sigmoid"]
Padding = Literal["valid", "same"]
Statistics = Literal["precise", "keras"]

MOMENTUM = 0.99
"""Keras's default."""


def describe(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def same_padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Pixels added before and after, as TensorFlow does it: the odd one goes to the end."""
    total = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


def require_image(shape: Shape) -> None:
    if len(shape) != 3:
        raise ValueError("the image is flat already; put this layer before { flatten = true }")


def require_room(output: Shape, shape: Shape, what: str) -> Shape:
    if min(output[:2]) < 1:
        raise ValueError(
            f"{what} does not fit a {shape[0]} x {shape[1]} image, which would shrink below 1 x 1; "
            'take a smaller one, padding = "same", or fewer pools'
        )
    return output


class LayerBase(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str | None = None

    def output_shape(self, shape: Shape) -> Shape:
        """The shape that leaves the layer; ValueError where `shape` cannot enter it."""
        raise NotImplementedError

    def parameters(self, shape: Shape) -> tuple[int, int]:  # noqa: ARG002
        """All parameters, and those of them that training changes."""
        return 0, 0


class Conv(LayerBase):
    """Two-dimensional convolution; `conv` is the number of filters."""

    conv: Count
    kernel: Size
    stride: Size = 1
    padding: Padding = "valid"
    activation: Activation = "relu"

    def pads(self, shape: Shape) -> tuple[tuple[int, int], tuple[int, int]]:
        """Rows added above and below, columns added left and right."""
        if self.padding == "valid":
            return (0, 0), (0, 0)
        (kh, kw), (sh, sw) = pair(self.kernel), pair(self.stride)
        return same_padding(shape[0], kh, sh), same_padding(shape[1], kw, sw)

    def output_shape(self, shape: Shape) -> Shape:
        require_image(shape)
        (kh, kw), (sh, sw) = pair(self.kernel), pair(self.stride)
        (top, bottom), (left, right) = self.pads(shape)
        height = (shape[0] + top + bottom - kh) // sh + 1
        width = (shape[1] + left + right - kw) // sw + 1
        return require_room((height, width, self.conv), shape, f"a {kh} x {kw} kernel")

    def parameters(self, shape: Shape) -> tuple[int, int]:
        kh, kw = pair(self.kernel)
        count = (kh * kw * shape[2] + 1) * self.conv
        return count, count


class Pool(LayerBase):
    """Maximum or average over windows; the stride is the window's size unless given."""

    pool: Size
    stride: Size | None = None
    kind: Literal["max", "average"] = "max"

    def output_shape(self, shape: Shape) -> Shape:
        require_image(shape)
        (ph, pw), (sh, sw) = pair(self.pool), pair(self.stride or self.pool)
        pooled = ((shape[0] - ph) // sh + 1, (shape[1] - pw) // sw + 1, shape[2])
        return require_room(pooled, shape, f"a {ph} x {pw} pool")


class Dense(LayerBase):
    """Fully connected; `dense` is the number of units."""

    dense: Count
    activation: Activation = "relu"

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ValueError(
                f"dense takes a flat vector, but a {describe(shape)} image arrives; "
                'put { flatten = true } or { global_pool = "average" } before it'
            )
        return (self.dense,)

    def parameters(self, shape: Shape) -> tuple[int, int]:
        count = (shape[0] + 1) * self.dense
        return count, count


class Dropout(LayerBase):
    """Sets this fraction of values to zero while training, and scales the rest up."""

    dropout: float = Field(ge=0, lt=1)

    def output_shape(self, shape: Shape) -> Shape:
        return shape


class BatchNorm(LayerBase):
    """Normalises each channel over the batch; for inference by fixed statistics.

    Those are measured over training rows after each epoch ("precise batch norm", Wu and Johnson,
    2021), or averaged as training goes. Keras's averages start at 0 and 1 and take hundreds of
    batches to get away from there, which small data does not have.
    """

    batch_norm: Literal[True]
    statistics: Statistics = "precise"
    momentum: float | None = Field(None, ge=0, lt=1)
    """What stays of Keras's averages at every batch; with it alone, those are meant."""
    epsilon: float = Field(1e-3, gt=0)

    @model_validator(mode="before")
    @classmethod
    def momentum_means_keras(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        if values.get("momentum") is not None:
            return {"statistics": "keras"} | values
        return values | {"momentum": MOMENTUM} if values.get("statistics") == "keras" else values

    @model_validator(mode="after")
    def momentum_is_used(self) -> Self:
        if self.statistics == "precise" and self.momentum is not None:
            raise ValueError(
                "precise statistics are measured anew and have no momentum; leave it out, or write "
                'statistics = "keras"'
            )
        return self

    @model_serializer(mode="wrap")
    def shortest(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Its momentum alone says "keras", as it did before there was a choice: so the studies of
        that time keep their hash.
        """
        values: dict[str, Any] = dump(self)
        kept = values.keys() - ({"statistics"} if self.statistics == "keras" else set())
        return {key: value for key, value in values.items() if key in kept}

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def parameters(self, shape: Shape) -> tuple[int, int]:
        return 4 * shape[-1], 2 * shape[-1]


class Flatten(LayerBase):
    """An image becomes a vector, row by row, channels fastest."""

    flatten: Literal[True]

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


class GlobalPool(LayerBase):
    """Each channel becomes one number."""

    global_pool: Literal["average", "max"]

    def output_shape(self, shape: Shape) -> Shape:
        require_image(shape)
        return (shape[2],)


class Concat(LayerBase):
    """Puts an earlier layer's output, flattened, in front of the current vector."""

    concat: str

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ValueError(
                f"concat joins flat vectors, but a {describe(shape)} image arrives; "
                "put { flatten = true } before it"
            )
        return shape


KINDS: dict[str, type[LayerBase]] = {
    "conv": Conv,
    "pool": Pool,
    "dense": Dense,
    "dropout": Dropout,
    "batch_norm": BatchNorm,
    "flatten": Flatten,
    "global_pool": GlobalPool,
    "concat": Concat,
}


def kind_of(value: Any) -> str | None:
    """The one key that says which layer this is."""
    keys = value if isinstance(value, dict) else type(value).model_fields
    return next((kind for kind in KINDS if kind in keys), None)


def check_kinds(values: Any) -> Any:
    """Name the layer and the nearest valid kind, which pydantic's own message would not."""
    for index, value in enumerate(values if isinstance(values, list | tuple) else []):
        if isinstance(value, dict) and kind_of(value) is None:
            raise ValueError(f"layer {index + 1}: {unknown_kind(list(value))}")
    return values


def unknown_kind(keys: list[str]) -> str:
    for key in keys:
        if "mean" in (near := did_you_mean(key, KINDS)):
            return f"unknown layer `{key}`{near}"
    shown = ", ".join(map(repr, keys)) or "nothing"
    return f"found {shown}, but a layer is one of {', '.join(KINDS)}"


Layer = Annotated[
    Annotated[Conv, Tag("conv")]
    | Annotated[Pool, Tag("pool")]
    | Annotated[Dense, Tag("dense")]
    | Annotated[Dropout, Tag("dropout")]
    | Annotated[BatchNorm, Tag("batch_norm")]
    | Annotated[Flatten, Tag("flatten")]
    | Annotated[GlobalPool, Tag("global_pool")]
    | Annotated[Concat, Tag("concat")],
    Discriminator(kind_of),
]
Layers = Annotated[tuple[Layer, ...], BeforeValidator(check_kinds)]
