"""What a study file says of a backbone with a head, and which backbones are published.

The weights are torchvision's (ImageNet, version 1), under the names that it gives them. Nothing
here needs torch.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from vestry.errors import did_you_mean
from vestry.members.networks.layer import Shape
from vestry.members.networks.layers import Layers
from vestry.members.networks.settings import TrainingSettings

SMALLEST = 32
"""Pixels a side: below it VGG16's five pools leave nothing."""
HOST = "https://download.pytorch.org/models/"


@dataclass(frozen=True)
class PublishedBackbone:
    """One backbone. file: the published weights, whose name ends in 8 digits of their SHA-256.

    unused: beginnings of the names of weights that belong to the published head.
    """

    name: str
    title: str
    parameters: int
    file: str
    unused: str

    @property
    def url(self) -> str:
        return HOST + self.file

    @property
    def hash_prefix(self) -> str:
        return self.file.rpartition("-")[2].removesuffix(".pth")

    def feature_map(self, image_size: tuple[int, int]) -> Shape:
        """The shape of an image's features, (height, width, channels): a 32nd of its sides."""
        if self.name == "vgg16":  # pools without padding drop what is left over
            return image_size[0] // 32, image_size[1] // 32, 512
        return -(-image_size[0] // 32), -(-image_size[1] // 32), 2048


PUBLISHED = {
    backbone.name: backbone
    for backbone in (
        PublishedBackbone("vgg16", "VGG16", 14_714_688, "vgg16-397923af.pth", "classifier."),
        PublishedBackbone("resnet50", "ResNet50", 23_508_032, "resnet50-0676ba61.pth", "fc."),
    )
}


# What a study file says of a model of the kind `backbone`.


STUDY, FILE = "study:", "file:"
_Side = Annotated[int, Field(ge=SMALLEST, le=1024)]


class BackboneSettings(TrainingSettings):
    """A frozen backbone, a head on its features, and how the head is trained."""

    kind: Literal["backbone"] = "backbone"
    backbone: str = Field(
        description="vgg16, resnet50, or study:RUN/MODEL, a network trained by an earlier run"
    )
    weights: str | None = Field(
        None,
        validate_default=True,
        description="imagenet, file:PATH or random; of a published backbone only, imagenet if not "
        "given",
    )
    otherwise: Literal["random"] | None = Field(
        None, description="used, loudly, where the imagenet weights are not to be had"
    )
    image_size: tuple[_Side, _Side] | None = Field(
        None,
        description="height and width that images are resized to; by default their own, but at "
        f"least {SMALLEST}",
    )
    layers: Layers = Field(
        min_length=1, description="the head on the backbone's features; the output layer is added"
    )

    @property
    def published(self) -> bool:
        return not self.backbone.startswith(STUDY)

    @field_validator("augmentation", check_fields=False)
    @classmethod
    def no_augmentation(cls, value: Any) -> Any:
        if value == "auto":  # for the study's other networks: here is nothing to find
            return None
        if value is not None:
            raise ValueError(
                "each image goes through a frozen backbone once and its features are kept, so "
                "there is nothing to augment; give augmentation to the other models only"
            )
        return value

    @field_validator("backbone")
    @classmethod
    def known_backbone(cls, name: str) -> str:
        run, slash, member = name.removeprefix(STUDY).rpartition("/")
        if name.startswith(STUDY):
            if not (run and slash and member):
                raise ValueError("write study:RUN/MODEL, a run's folder and a network in it")
        elif name not in PUBLISHED:
            raise ValueError(
                f"{name!r} is not known{did_you_mean(name, PUBLISHED)}; or study:RUN/MODEL"
            )
        return name

    @field_validator("weights")
    @classmethod
    def known_weights(cls, given: str | None, info: ValidationInfo) -> str | None:
        if "backbone" not in info.data:
            return given
        if info.data["backbone"].startswith(STUDY):
            _refuse_for_study(given)
            return None
        weights = given or "imagenet"
        if weights not in ("imagenet", "random") and not weights.startswith(FILE):
            near = did_you_mean(weights, ("imagenet", "random"))
            raise ValueError(f"{weights!r} is not known{near}; or file:PATH")
        return weights

    @field_validator("otherwise", "image_size")
    @classmethod
    def of_a_published_backbone(cls, given: Any, info: ValidationInfo) -> Any:
        if info.data.get("backbone", "").startswith(STUDY):
            _refuse_for_study(given)
        if info.field_name == "otherwise" and given is not None:
            weights = info.data.get("weights", "imagenet")
            if weights != "imagenet":
                raise ValueError(f"only imagenet weights may be replaced, not {weights}")
        return given


def _refuse_for_study(given: Any) -> None:
    if given is not None:
        raise ValueError("a network of an earlier run has its own weights and image size")
