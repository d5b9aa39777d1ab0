"""Smaller images in the first epochs: they take less work, and what is coarse is learnt from them.

Progressive resizing: Howard et al., fast.ai's entry to DAWNBench (2018); Tan and Le, EfficientNetV2
(2021), section 4.
"""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict, Field

from vestry.errors import StudyError
from vestry.members.networks.layer import Layer, Shape
from vestry.members.networks.tracing import trace

_STEP = 4
"""Pixels: sides are multiples of this, so that there are few sizes."""

Size = tuple[int, int]
"""Height and width in pixels."""


class Progressive(BaseModel):
    """How small images are at first, and for how long they grow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: float = Field(0.6, ge=0.25, lt=1)
    """The part of their sides that they have in the first epoch."""
    until: float = Field(0.5, gt=0, le=1)
    """The part of all epochs after which they are whole."""

    def size(self, epoch: int, epochs: int, whole: Size) -> Size:
        """Of the images of an epoch, which counts from 0, of so many."""
        part = self.start + (1 - self.start) * epoch / (self.until * epochs)
        height, width = (_side(part, side) for side in whole)
        return height, width

    def smaller(self, epochs: int, whole: Size, run: int | None = None) -> dict[Size, int]:
        """How many epochs of the first `run` (None: of all) have images of each size but the whole
        one."""
        found: dict[Size, int] = {}
        for epoch in range(epochs if run is None else min(epochs, run)):
            size = self.size(epoch, epochs, whole)
            if size != whole:
                found[size] = found.get(size, 0) + 1
        return found


def _side(part: float, whole: int) -> int:
    return whole if part >= 1 else min(whole, max(_STEP, _STEP * round(part * whole / _STEP)))


def check_sizes(
    progressive: Progressive, epochs: int, layers: Sequence[Layer], shape: Shape, classes: int
) -> None:
    """Raise StudyError unless these layers have the same weights whatever their images' size.

    shape: (height, width[, channels]).
    """
    wanted = _weights(layers, shape, classes)
    for size in progressive.smaller(epochs, (shape[0], shape[1])):
        words = f"progressive: for images of {size[0]} x {size[1]}"
        try:
            found = _weights(layers, (*size, *shape[2:]), classes)
        except StudyError as error:
            raise StudyError(f"{words}, {error}; a larger start may do") from error
        for (place, count), (_, other) in zip(wanted, found, strict=True):
            if count != other:
                raise StudyError(
                    f"{words} {place} has {other:,} weights instead of {count:,}; a global_pool "
                    "before it gives it as many for all sizes"
                )


def _weights(layers: Sequence[Layer], shape: Shape, classes: int) -> list[tuple[str, int]]:
    traced = trace(layers, shape, classes)
    return list(zip(_places(len(traced)), (step.parameters for step in traced), strict=True))


def _places(count: int) -> Iterator[str]:
    yield from (f"layer {index + 1}" for index in range(count - 1))
    yield "the output layer"


def words(progressive: Progressive, epochs: int, whole: Size, run: int) -> str:
    """What a reader of the page is told of a training of `run` epochs."""
    sizes = progressive.smaller(epochs, whole, run)
    if not sizes:
        return "All of its epochs saw whole images (progressive)."
    named = ", ".join(
        f"{height} x {width} ({count} epoch{'s' * (count != 1)})"
        for (height, width), count in sizes.items()
    )
    return f"It learnt from smaller images at first: {named} (progressive)."
