"""Which backbones are published.

The weights of VGG16 and ResNet50 are torchvision's (ImageNet, version 1), under the names that it
gives them. Nothing here needs torch.
"""

from dataclasses import dataclass

from vestry.members.networks.layer import Shape

HOST = "https://download.pytorch.org/models/"


@dataclass(frozen=True)
class PublishedBackbone:
    """One backbone. layers: that can be fine-tuned, convolutions or blocks of them. file: the
    published weights, whose name ends in 8 digits of their SHA-256; its publishers say no more of
    it, so all of `sha256` is what everybody finds who has the file.

    unused: beginnings of the names of weights that belong to the published head.
    """

    name: str
    title: str
    parameters: int
    layers: int
    file: str
    unused: str
    sha256: str

    @property
    def url(self) -> str:
        return HOST + self.file

    @property
    def hash_prefix(self) -> str:
        return self.sha256[:8]

    def feature_map(self, image_size: tuple[int, int]) -> Shape:
        """The shape of an image's features, (height, width, channels): a 32nd of its sides."""
        if self.name == "vgg16":  # pools without padding drop what is left over
            return image_size[0] // 32, image_size[1] // 32, 512
        return -(-image_size[0] // 32), -(-image_size[1] // 32), 2048


PUBLISHED = {
    backbone.name: backbone
    for backbone in (
        PublishedBackbone(
            "vgg16",
            "VGG16",
            14_714_688,
            13,
            "vgg16-397923af.pth",
            "classifier.",
            "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        ),
        PublishedBackbone(
            "resnet50",
            "ResNet50",
            23_508_032,
            16,
            "resnet50-0676ba61.pth",
            "fc.",
            "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
        ),
    )
}
