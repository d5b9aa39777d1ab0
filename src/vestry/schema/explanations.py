"""What the models look at.

All keys are always there; a member whose model was not stored has `nearest` alone, and the
`reason`. `figures/explanations.npz` holds `names` (`MEMBER/KEY`) and `maps`, float16, of an image's
size or averaged down to 64 pixels.
"""

from typing import Literal

from pydantic import Field

from vestry.schema.base import Record


class OcclusionSettings(Record):
    """Patches that were put over images."""

    patch: int = Field(description="side, pixels")
    stride: int = Field(description="pixels")
    places: int = Field(description="an image")
    cover: str = Field(description="what the patch shows, in words")


class ExplainedImage(Record):
    """A test image, covered place by place."""

    split: str = Field(description="`test`")
    id: str = Field(description="of the image")
    truth: int = Field(description="label")
    predicted: int = Field(description="label")
    role: Literal["sample", "mistake"] = Field(description="why it is here")
    confidence: float = Field(description="probability of the answer")
    map: str = Field(description="its key")
    peak: float = Field(description="most of the answer's probability that one place costs")
    gain: float = Field(description="most of it that one place adds")
    changed: float = Field(description="share of places with another answer")
    middle: float | None = Field(
        description="share of all loss in the middle half in height and width; null without any"
    )


class OcclusionSummary(Record):
    """Over the images."""

    images: int = Field(description="how many")
    peak: float = Field(description="mean")
    changed: int = Field(description="images with another answer at some place")
    middle: float | None = Field(description="mean")
    middle_area: float = Field(description="the middle's share of the picture")


class WeightMaps(Record):
    """A linear model's weights, held against the stored model."""

    maps: list[str] = Field(description="a key a class")
    rows: int = Field(description="validation images")
    labels_equal: int = Field(description="of these, images with the same answer")
    gap: float = Field(description="largest difference of scores, by their spread")


class MostImportant(Record):
    """The block that costs most."""

    row: int = Field(description="from 0")
    column: int = Field(description="from 0")
    accuracy: float = Field(description="that exchanging it costs")
    probability: float = Field(description="of the true class that exchanging it costs, mean")


class Importance(Record):
    """What exchanging pixels among images costs a model of trees."""

    map: str = Field(description="its key")
    block: int = Field(description="pixels of a block's side that is exchanged as one")
    rows: int = Field(description="validation images")
    of: int = Field(description="there are")
    seen: bool = Field(description="whether the model was fitted on them, too")
    accuracy: float = Field(description="on these as they are")
    blocks: int = Field(description="how many")
    constant: int = Field(description="blocks that never vary")
    harmless: int = Field(description="blocks that cost no accuracy")
    most: MostImportant = Field(description="by the true class's probability")
    most_accuracy: float = Field(description="the most that a block costs")


class NearImage(Record):
    """A training image."""

    id: str = Field(description="of the image")
    label: int = Field(description="its class")
    distance: float = Field(description="as of near duplicates")


class NearestImages(Record):
    """A mistake and the training images most like it."""

    id: str = Field(description="of the test image")
    truth: int = Field(description="label")
    predicted: int = Field(description="label")
    images: list[NearImage] = Field(description="three training images")


class Explanation(Record):
    """Of one member."""

    method: Literal["occlusion"] | None = Field(
        description="the average training image is put over a patch at every place in turn"
    )
    settings: OcclusionSettings | None = Field(description="of that")
    images: list[ExplainedImage] = Field(
        description="test images of the sample and the surest mistakes"
    )
    summary: OcclusionSummary | None = Field(description="over these")
    weights: WeightMaps | None = Field(description="of a linear model")
    importance: Importance | None = Field(description="of trees")
    nearest: list[NearestImages] = Field(description="for each of the surest mistakes")
    nearest_among: int | None = Field(description="of how many training images")
    reason: str | None = Field(description="why there is nothing more, in words")
    limited: str | None = Field(
        description="what the budget made coarser or left out, which may differ where the machine "
        "is busier"
    )
