"""What a study file says of how training images are altered."""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

_Fraction = Annotated[float, Field(ge=0, lt=1)]


def _check_shift(given: Any) -> Any:
    """One line for what would be a line for each branch of the union."""
    parts = given if isinstance(given, list | tuple) else [given, given]
    numbers = all(isinstance(part, int | float) and not isinstance(part, bool) for part in parts)
    if not (numbers and len(parts) == 2 and all(0 <= part < 1 for part in parts)):
        raise ValueError(
            f"a part of a side from 0 to below 1 is needed, or [vertical, horizontal], not {given}"
        )
    return given


Shift = Annotated[_Fraction | tuple[_Fraction, _Fraction], BeforeValidator(_check_shift)]


_Part = Annotated[float, Field(ge=0, le=1)]
_Side = Annotated[float, Field(gt=0, le=1)]


class Erasing(BaseModel):
    """A rectangle that is filled. sides: least and most of its height and width, as parts of the
    image's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: _Part = Field(0.5, description="of the images")
    sides: tuple[_Side, _Side] = Field(
        (0.15, 0.5), description="least and most of each side, as a part of the image's"
    )
    fill: Literal["mean", "noise"] = Field(
        "mean", description="each channel's mean over the training images, or noise"
    )

    @model_validator(mode="after")
    def least_before_most(self) -> "Erasing":
        if self.sides[0] > self.sides[1]:
            raise ValueError(f"sides are [least, most], not {list(self.sides)}")
        return self


def _check_erasing(given: Any) -> Any:
    """One line for what would be a line for each branch of the union."""
    is_table = isinstance(given, dict | Erasing)
    is_part = isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= 1
    if not (is_table or is_part):
        raise ValueError(
            "a part of the images from 0 to 1 is needed, or a table such as "
            f'{{ part = 0.5, sides = [0.15, 0.5], fill = "mean" }}, not {given!r}'
        )
    return Erasing.model_validate(given) if isinstance(given, dict) else given


_LATER = ("mixup", "cutmix")


class Augmentation(BaseModel):
    """Random alterations of training images, drawn anew for each image and epoch.

    Each range is uniform. They come in this order: flip; then rotation, zoom and shift about the
    image's centre, in one bilinear interpolation; then pad and crop; then erasing; then whole
    batches are mixed. Whatever comes in from outside the image is 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    horizontal_flip: bool | Literal["auto"] = Field(
        False,
        description="left and right exchanged in every other one; auto: where a quick check of the "
        "training rows finds that mirrored images show the same",
    )
    shift: Shift = Field(
        0.0, description="at most this part of a side, or of [height, width], either way"
    )
    rotation: Annotated[float, Field(ge=0, le=180)] = Field(
        0.0, description="at most so many degrees, either way"
    )
    zoom: _Fraction = Field(0.0, description="sides become 1 - this to 1 + this times as long")
    erasing: Annotated[_Part | Erasing, BeforeValidator(_check_erasing)] = Field(
        0.0,
        description="in this part of the images, one rectangle becomes noise; or a table of part, "
        "sides and fill",
    )
    pad_crop: Annotated[int, Field(ge=0, le=1024)] = Field(
        0, description="so many pixels of 0 on each side, then a random crop of the first size"
    )
    mixup: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="images are blended in pairs, by shares from Beta(this, this)"
    )
    cutmix: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="a rectangle comes from another image; its share from Beta(this, this)"
    )

    @model_serializer(mode="wrap")
    def without_unused(self, given: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without keys that came later and are not used: fits are known by the rest."""
        tables: dict[str, Any] = given(self)
        return {key: value for key, value in tables.items() if key not in _LATER or value}

    @property
    def shifts(self) -> tuple[float, float]:
        """Parts of height and width."""
        return self.shift if isinstance(self.shift, tuple) else (self.shift, self.shift)

    @property
    def interpolates(self) -> bool:
        return bool(self.rotation or self.zoom or any(self.shifts))

    @property
    def erased(self) -> float:
        """The part of the images in which a rectangle is erased."""
        return self.erasing.part if isinstance(self.erasing, Erasing) else self.erasing

    @property
    def mixes(self) -> bool:
        return bool(self.mixup or self.cutmix)

    @property
    def alters(self) -> bool:
        """False where every alteration is off."""
        one = self.interpolates or self.horizontal_flip or self.erased or self.pad_crop
        return bool(one or self.mixes)

    def words(self) -> list[str]:
        """What is done, a phrase each, in the order in which it is done."""
        vertical, horizontal = (f"{100 * part:g}%" for part in self.shifts)
        shift = f"{vertical} of each side"
        if vertical != horizontal:
            shift = f"{vertical} of the height and {horizontal} of the width"
        said: list[tuple[float, str]] = [
            (bool(self.horizontal_flip), "horizontal flip of every other image"),
            (self.rotation, f"rotation up to {self.rotation:g} degrees either way"),
            (self.zoom, f"zoom by {1 - self.zoom:g} to {1 + self.zoom:g}"),
            (any(self.shifts), f"shift up to {shift} either way"),
            (self.pad_crop, f"{self.pad_crop} pixels of padding and a random crop"),
            (self.erased, f"a random rectangle erased in {100 * self.erased:g}% of the images"),
            (self.mixup, "every image blended with another of its batch"),
            (self.cutmix, "a rectangle of every image taken from another of its batch"),
        ]
        done = [words for is_on, words in said if is_on]
        if self.mixup and self.cutmix:
            done[-2:] = [f"in every other batch {done[-2]}", f"in the others {done[-1]}"]
        return done
