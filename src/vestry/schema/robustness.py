"""What models make of altered test images.

Rows are a beginning of one and the same order, so models with fewer are compared on what both have.
Tests are Student's for pairs of images (McNemar's on clean ones); `p_holm` is Holm's over all
`comparisons`.
"""

from typing import Literal

from pydantic import Field

from vestry.schema.base import Interval, Number, Record


class Corruption(Record):
    """A way to alter images."""

    kind: str = Field(description="its key")
    unit: str = Field(description="of the strengths")
    strengths: list[Number] = Field(description="rising")


class AlteredImage(Record):
    """The image that is shown at every strength."""

    id: str = Field(description="of the image")
    label: int = Field(description="its class")
    pictures: dict[str, list[str]] = Field(description="ids of pictures by kind, one a strength")


class UnaskedModel(Record):
    """One model that was not asked."""

    rows: Literal[0] = Field(description="none")
    reason: str = Field(description="why it had none")


class RobustnessOfModel(Record):
    """One model."""

    rows: int = Field(description="images that it was asked about")
    clean: float = Field(description="accuracy on the same images unaltered")
    clean_interval: Interval = Field(description="Blaker's")
    accuracy: dict[str, list[float]] = Field(description="by kind, one a strength")
    intervals: dict[str, list[Interval]] = Field(description="by kind, one a strength; Blaker's")
    area: dict[str, float] = Field(description="by kind: mean over the strengths")
    mean_area: float = Field(description="mean over all kinds")
    mean_area_interval: Interval = Field(description="Student's, over images")
    reason: str | None = Field(description="why it had fewer images")
    milliseconds_per_image: float | None = Field(description="null for committees")


class AlteredDifference(Record):
    """The first's accuracy less the second's."""

    value: float = Field(description="a share of images")
    interval: Interval = Field(description="Student's")
    p: float = Field(description="of the test")
    p_holm: float = Field(description="p adjusted over all `comparisons`")


class AlteredPair(Record):
    """Two models."""

    names: tuple[str, str] = Field(description="the first, the second")
    rows: int = Field(description="images that both were asked about")
    clean: AlteredDifference = Field(description="on unaltered images")
    all: AlteredDifference = Field(description="over all altered images")


class OrderChange(Record):
    """Where the model that is behind on clean images is ahead beyond chance."""

    kind: str = Field(description="of alteration, or `all`")
    ahead: str = Field(description="name")
    behind: str = Field(description="name")
    rows: int = Field(description="images")
    clean: AlteredDifference = Field(description="of `ahead` less `behind`, unaltered")
    altered: AlteredDifference = Field(description="of `ahead` less `behind`, altered")
    clean_beyond_chance: bool = Field(description="whether they differ on clean images, too")


class Robustness(Record):
    """Of all models."""

    rows: int = Field(description="test images that were asked for")
    there: int = Field(description="of so many")
    seed: int | None = Field(description="they were drawn with")
    seconds: float | None = Field(description="allowed for a model")
    image: AlteredImage | None = Field(description="the one that is shown")
    kinds: list[Corruption] = Field(description="of alteration")
    makers: dict[str, RobustnessOfModel | UnaskedModel] = Field(description="by name")
    comparisons: int = Field(description="every pair, on clean images, by kind and over all")
    pairs: list[AlteredPair] = Field(description="every two models")
    changes: list[OrderChange] = Field(description="of the order")

    @property
    def asked(self) -> dict[str, RobustnessOfModel]:
        """Those that were asked about any image, by name."""
        return {n: each for n, each in self.makers.items() if isinstance(each, RobustnessOfModel)}
