"""The layers of a study as a plain torch module, whose backward pass is autograd's: for devices
that blocks are not written for.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vestry.errors import MemberError
from vestry.members.networks.block import Block
from vestry.members.networks.layer import Layer, Place, Shape, TracedLayer
from vestry.members.networks.network import Network


class PlainLayer(nn.Module):
    """One layer; its parameters and statistics have the names and shapes that files have."""

    def __init__(self, step: TracedLayer) -> None:
        super().__init__()
        self.step = step
        self.blocks: Sequence[Block] = step.layer.blocks(Place(step))
        self.measured: int | None = None
        self.measures = any(block.measures for block in self.blocks)
        for block in self.blocks:
            for name, spec in block.specs.items():
                self.register_parameter(name, nn.Parameter(torch.zeros(spec.shape)))
            for name, tensor in block.state().items():
                self.register_buffer(name, tensor)

    def weight(self, name: str) -> Tensor:
        found: Tensor = getattr(self, name)
        return found

    def weights_of(self, block: Block) -> list[Tensor]:
        return [self.weight(name) for name in block.specs]

    def forward(self, x: Tensor, joined: Tensor | None) -> Tensor:
        return self.step.layer.plain(self, x, joined)

    def start_measuring(self) -> None:
        self.measured = 0 if self.measures else None

    def stop_measuring(self) -> None:
        self.measured = None


class PlainModule(nn.Module):
    """Takes (n, channels, height, width), gives (n, classes) scores. Its weights start as those of
    the network of the same layers and seed, and its `state_dict` has their names.

    bank_names: of filters over several channels, which are matrices already. Raises MemberError
    where a layer has no plain form.
    """

    def __init__(
        self, layers: Sequence[Layer], image_shape: Shape, classes: int, seed: int = 0
    ) -> None:
        super().__init__()
        network = Network(layers, image_shape, classes, seed)
        self.layers: list[PlainLayer] = []
        for index, step in enumerate(network.traced):
            place = nn.Module()
            place.add_module(step.layer.key, layer := PlainLayer(step))
            self.add_module(str(index + 1), place)
            self.layers.append(layer)
        self.load_state_dict(network.tensors())
        banks = {bank.value.data_ptr() for bank in network.filter_banks()}
        own = network.parameters().items()
        self.bank_names = [name for name, part in own if part.value.data_ptr() in banks]

    def forward(self, planes: Tensor) -> Tensor:
        outputs = [planes.permute(0, 2, 3, 1)]
        for layer in self.layers:
            index = layer.step.joined
            joined = None if index is None else outputs[index + 1]
            try:
                outputs.append(layer(outputs[-1], joined))
            except NotImplementedError as error:
                raise MemberError(
                    f"the layer {layer.step.layer.key!r} is trained on the processor alone: "
                    f'{error}; take device = "cpu"'
                ) from error
        return outputs[-1]
