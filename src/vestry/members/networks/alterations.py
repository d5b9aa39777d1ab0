"""What a study file says of how training images are altered."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

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


class Augmentation(BaseModel):
    """Random alterations of training images, drawn anew for each image and epoch.

    Each range is uniform. They come in this order: flip; then rotation, zoom and shift about the
    image's centre, in one bilinear interpolation; then pad and crop; then erasing. Whatever comes
    in from outside the image is 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    horizontal_flip: bool = Field(False, description="left and right exchanged in every other one")
    shift: Shift = Field(
        0.0, description="at most this part of a side, or of [height, width], either way"
    )
    rotation: Annotated[float, Field(ge=0, le=180)] = Field(
        0.0, description="at most so many degrees, either way"
    )
    zoom: _Fraction = Field(0.0, description="sides become 1 - this to 1 + this times as long")
    erasing: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="in this part of the images, one rectangle becomes noise"
    )
    pad_crop: Annotated[int, Field(ge=0, le=1024)] = Field(
        0, description="so many pixels of 0 on each side, then a random crop of the first size"
    )

    @property
    def shifts(self) -> tuple[float, float]:
        """Parts of height and width."""
        return self.shift if isinstance(self.shift, tuple) else (self.shift, self.shift)

    @property
    def interpolates(self) -> bool:
        return bool(self.rotation or self.zoom or any(self.shifts))

    @property
    def alters(self) -> bool:
        """False where every alteration is off."""
        return bool(self.interpolates or self.horizontal_flip or self.erasing or self.pad_crop)

    def words(self) -> list[str]:
        """What is done, a phrase each, in the order in which it is done."""
        vertical, horizontal = (f"{100 * part:g}%" for part in self.shifts)
        shift = f"{vertical} of each side"
        if vertical != horizontal:
            shift = f"{vertical} of the height and {horizontal} of the width"
        said: list[tuple[float, str]] = [
            (self.horizontal_flip, "horizontal flip of every other image"),
            (self.rotation, f"rotation up to {self.rotation:g} degrees either way"),
            (self.zoom, f"zoom by {1 - self.zoom:g} to {1 + self.zoom:g}"),
            (any(self.shifts), f"shift up to {shift} either way"),
            (self.pad_crop, f"{self.pad_crop} pixels of padding and a random crop"),
            (self.erasing, f"a random rectangle erased in {100 * self.erasing:g}% of the images"),
        ]
        return [words for is_on, words in said if is_on]
