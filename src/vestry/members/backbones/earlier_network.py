"""A network of an earlier run as a trunk: cut before its last dense layer, and frozen."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from vestry.members.backbones.image_input import planes_of, resized, with_channels
from vestry.members.backbones.trunk import Compute, Trunk
from vestry.members.backbones.trunk_source import network_of
from vestry.members.backbones.trunk_weights import digest
from vestry.members.networks.layers import Shape, describe
from vestry.members.networks.network import Network

BATCH = 256


class EarlierNetwork(Trunk):
    """Dropout does nothing and batch normalisation keeps its moving statistics, as in predicting.

    card: the card of the member that it was. tensors: its weights; the output layer's may be left
    out. image_shape: of the images that it now gets.
    """

    def __init__(
        self, title: str, card: dict[str, Any], tensors: Mapping[str, Tensor], image_shape: Shape
    ) -> None:
        layers, shape, classes = network_of(card)
        self.network = Network(layers, shape, classes)
        for name, tensor in self.own(self.network.tensors()).items():
            tensor.copy_(tensors[name].view_as(tensor))
        self.network.vector.refresh()
        self.network.blocks = self.network.blocks[: -len(self.network.assembled[-1].blocks)]
        self.card = card
        self.title = title
        self.channels = shape[2]
        self.size = shape[0], shape[1]
        self.weights = digest(self.tensors())
        self.parameters = sum(layer.parameters for layer in self.network.traced[:-1])
        self.feature_shape = (1, 1, self.network.traced[-1].input_shape[0])
        self.normalisation = "pixels / 255, as the network was trained"
        self.batch = BATCH
        self.computes = ("fp32",)
        self.notes = tuple(changes(image_shape, shape))

    def settings(self) -> dict[str, object]:
        return {key: self.card[key] for key in ("settings", "image_shape", "classes")}

    def tensors(self) -> dict[str, Tensor]:
        return self.own(self.network.tensors())

    def own(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Those of the layers before the output layer."""
        output = f"{len(self.network.traced)}."
        return {name: t for name, t in tensors.items() if not name.startswith(output)}

    def forward(self, images: Tensor, compute: Compute) -> Tensor:  # noqa: ARG002 - fp32 alone
        planes = resized(with_channels(planes_of(images), self.channels), self.size)
        pixels = planes.permute(0, 2, 3, 1).mul(1 / 255).contiguous()
        return self.network.forward(pixels, training=False).reshape(-1, *self.feature_shape)


def changes(image_shape: Shape, shape: Shape) -> list[str]:
    """What is done to images of another size or colour than the network was trained on."""
    said = []
    if tuple(image_shape[:2]) != shape[:2]:
        said.append(
            f"Images of {describe(image_shape[:2])} are resized (bilinear) to the "
            f"{describe(shape[:2])} that its trunk was trained on."
        )
    channels = image_shape[2] if len(image_shape) == 3 else 1
    if channels != shape[2]:
        turned = "grey" if shape[2] == 1 else "three equal channels"
        said.append(f"Images are turned to {turned}, which its trunk was trained on.")
    return said
