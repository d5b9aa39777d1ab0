"""The backbones whose weights torchvision's makers publish, and where these are."""

from dataclasses import dataclass

from vestry.members.networks.layer import Shape

HOST = "https://download.pytorch.org/models/"


@dataclass(frozen=True)
class PublishedBackbone:
    """One backbone. layers: that can be fine-tuned, convolutions or blocks of them. file: the
    published weights, whose name ends in 8 digits of their SHA-256.

    unused: beginnings of the names of weights that belong to the published head.
    """

    name: str
    title: str
    parameters: int
    layers: int
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
        PublishedBackbone("vgg16", "VGG16", 14_714_688, 13, "vgg16-397923af.pth", "classifier."),
        PublishedBackbone("resnet50", "ResNet50", 23_508_032, 16, "resnet50-0676ba61.pth", "fc."),
    )
}
