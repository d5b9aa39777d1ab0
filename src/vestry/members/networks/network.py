"""A network: blocks in a row over one vector of parameters."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from vestry.members.networks.assembly import Computation, LayerBlocks, assemble
from vestry.members.networks.blocks.batch_norm import BatchNorm
from vestry.members.networks.blocks.block import Block
from vestry.members.networks.blocks.simple import Concat, Dropout
from vestry.members.networks.layers import Concat as ConcatLayer
from vestry.members.networks.layers import LayerBase, Shape
from vestry.members.networks.parameters import Parameter, ParameterVector
from vestry.members.networks.tracing import trace


class Network:
    """Takes images scaled to [0, 1] as (n, height, width, channels) float32, gives (n, classes)
    scores.

    The scores are logits: their softmax is the probability. Weights start from `seed` alone, biases
    at zero: Glorot-uniform, as in Keras (Glorot and Bengio, 2010); but where batch normalisation
    has precise statistics, uniform within 1 / sqrt(inputs) either way, as in PyTorch. Values that
    it leaves are of order one, and from Glorot's larger weights a network then learns slower and
    generalises worse on small data.
    """

    def __init__(
        self,
        layers: Sequence[LayerBase],
        image_shape: Shape,
        classes: int,
        seed: int = 0,
        computations: Mapping[int, Computation] | None = None,
    ) -> None:
        self.traced = trace(layers, image_shape, classes)
        self.assembled = assemble(self.traced, computations or {})
        self.blocks = [block for layer in self.assembled for block in layer.blocks]
        self.vector = ParameterVector([shape for block in self.blocks for shape in block.shapes])
        self.norms = [block for block in self.blocks if isinstance(block, BatchNorm)]
        self.classes = classes
        self.bind()
        self.initialise(seed)
        self.joins = find_joins(self.assembled)

    def bind(self) -> None:
        rest = iter(self.vector.parameters)
        for block in self.blocks:
            block.bind([next(rest) for _ in block.shapes])

    def initialise(self, seed: int) -> None:
        random = np.random.default_rng([seed, 0])
        precise = any(norm.momentum is None for norm in self.norms)
        for name, parameter in self.parameters().items():
            value = parameter.value
            if name.endswith(".kernel"):
                *receptive, inputs, outputs = self.kernel_shape(name)
                field = math.prod(receptive)
                glorot = math.sqrt(6 / ((inputs + outputs) * field))
                limit = 1 / math.sqrt(inputs * field) if precise else glorot
                drawn = random.uniform(-limit, limit, tuple(value.shape))
                value.copy_(torch.from_numpy(drawn))
            else:
                value.fill_(1.0 if name.endswith(".scale") else 0.0)

    def kernel_shape(self, name: str) -> tuple[int, ...]:
        """(kernel height, kernel width, inputs, outputs) of a convolution, (inputs, outputs) of a
        dense layer.
        """
        block = next(block for key, block in self.named_blocks() if name.startswith(f"{key}."))
        geometry = getattr(block, "geometry", None)
        rows, columns = block.shapes[0]
        return (
            (rows, columns) if geometry is None else (*geometry.kernel, geometry.image[2], columns)
        )

    def named_blocks(self) -> list[tuple[str, Block]]:
        """Blocks that learn, each under its layer's place and kind, as in '3.conv'."""
        return [
            (f"{index + 1}.{layer.traced.kind}", block)
            for index, layer in enumerate(self.assembled)
            for block in layer.blocks
            if block.shapes
        ]

    def parameters(self) -> dict[str, Parameter]:
        roles = {True: ("scale", "shift"), False: ("kernel", "bias")}
        names = [
            f"{key}.{role}"
            for key, block in self.named_blocks()
            for role in roles[isinstance(block, BatchNorm)]
        ]
        return dict(zip(names, self.vector.parameters, strict=True))

    def tensors(self) -> dict[str, Tensor]:
        """All that inference needs, by name; views, so copying into them restores the network."""
        found = {name: parameter.value for name, parameter in self.parameters().items()}
        for key, block in self.named_blocks():
            found |= {f"{key}.{name}": tensor for name, tensor in block.state().items()}
        return found

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        own = self.tensors()
        if own.keys() != tensors.keys():
            raise ValueError(f"weights of another network: {sorted(own.keys() ^ tensors.keys())}")
        for name, tensor in own.items():
            tensor.copy_(tensors[name].view_as(tensor))
        self.vector.refresh()

    def measure_statistics(self, batches: Iterable[Tensor]) -> None:
        """Let batch normalisation take its statistics from `batches`, images as `forward` takes
        them, where it does not keep Keras's averages. Nothing is dropped meanwhile.
        """
        if all(norm.momentum is not None for norm in self.norms):
            return
        for norm in self.norms:
            norm.start_measuring()
        for batch in batches:
            self.forward(batch, training=False)
        for norm in self.norms:
            norm.stop_measuring()

    def seed_dropout(self, random: np.random.Generator) -> None:
        for block in self.blocks:
            if isinstance(block, Dropout):
                block.seed(random)

    def forward(self, x: Tensor, training: bool) -> Tensor:
        for join in self.joins.get(-1, ()):
            join.other = x
        for index, block in enumerate(self.blocks):
            x = block.forward(x, training)
            for join in self.joins.get(index, ()):
                join.other = x
        return x.to(torch.float32)

    def backward(self, gradient: Tensor) -> None:
        """Store the gradient of every parameter, given that of the scores."""
        for index in range(len(self.blocks) - 1, -1, -1):
            for join in self.joins.get(index, ()):
                gradient = gradient + join.other_gradient.view_as(gradient)
            passed = self.blocks[index].backward(gradient)
            if passed is None:
                return
            gradient = passed


def find_joins(assembled: list[LayerBlocks]) -> dict[int, list[Concat]]:
    """By the index of the block whose output they take: the blocks that join it in again; -1 is the
    input.
    """
    ends = {"input": -1}
    joins: dict[int, list[Concat]] = {}
    count = 0
    for layer in assembled:
        definition = layer.traced.layer
        count += len(layer.blocks)
        block = layer.blocks[-1]
        if isinstance(definition, ConcatLayer) and isinstance(block, Concat):
            joins.setdefault(ends[definition.concat], []).append(block)
        if definition.name is not None:
            ends[definition.name] = count - 1
    return joins
