"""A network: blocks in a row over one vector of parameters."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vestry.members.networks.block import (
    PLAIN,
    Block,
    Computation,
    JoinBlock,
    Parameter,
    ParameterSpec,
    ParameterVector,
    ProductBlock,
)
from vestry.members.networks.layer import DEVIATION, MEAN, Layer, Place, Shape, TracedLayer
from vestry.members.networks.tracing import trace


@dataclass(frozen=True)
class LayerBlocks:
    """The blocks that stand for one layer; none where the layer before does its work."""

    traced: TracedLayer
    blocks: list[Block]


def assemble(
    traced: Sequence[TracedLayer], computations: Mapping[int, Computation]
) -> list[LayerBlocks]:
    """Blocks for each layer; `computations` holds those of layer indices that are not plain."""
    joined = {step.joined for step in traced}
    assembled: list[LayerBlocks] = []
    absorbed: Layer | None = None
    learnt = False
    for index, step in enumerate(traced):
        if step.layer is absorbed:
            assembled.append(LayerBlocks(step, []))
            absorbed = None
            continue
        layer = step.layer
        after = traced[index + 1].layer if index + 1 < len(traced) else None
        private = index not in joined
        absorbed = after if after is not None and private and layer.absorbs(after) else None
        place = Place(step, absorbed, computations.get(index, PLAIN), needs_input_gradient=learnt)
        assembled.append(LayerBlocks(step, layer.blocks(place)))
        learnt = learnt or step.trainable > 0
    return assembled


@dataclass(frozen=True)
class Standardised:
    """z = (x - mean) / deviation of each channel, both (channels,) float32, of pixels in 0..1."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, images: Tensor) -> "Standardised":
        """By counts of bytes, so exactly; a channel that never changes is only moved."""
        counts = torch.stack(
            [channel.reshape(-1).bincount(minlength=256) for channel in images.unbind(3)]
        )
        shares = counts.double() / counts.sum(1, keepdim=True)
        values = torch.arange(256, dtype=torch.float64) / 255
        mean = shares @ values
        deviation = ((shares * (values - mean[:, None]).square()).sum(1)).sqrt()
        deviation[deviation == 0] = 1.0
        return cls(mean.float(), deviation.float())

    @classmethod
    def among(cls, tensors: Mapping[str, Tensor]) -> "Standardised | None":
        """Of stored weights; None where the network took pixels in 0..1. ValueError where they are
        none of images."""
        if MEAN not in tensors:
            return None
        mean, deviation = tensors[MEAN], tensors[DEVIATION]
        if mean.shape not in ((1,), (3,)) or mean.shape != deviation.shape:
            raise ValueError(f"pixels are standardised by a mean of {tuple(mean.shape)}")
        return cls(mean.float().clone(), deviation.float().clone())

    def tensors(self) -> dict[str, Tensor]:
        return {MEAN: self.mean, DEVIATION: self.deviation}

    def apply(self, x: Tensor) -> Tensor:
        return torch.addcmul(-self.mean / self.deviation, x, 1 / self.deviation)


class Network:
    """Takes images scaled to [0, 1] as (n, height, width, channels) float32, gives (n, classes)
    scores. After `standardise` its layers get z-scores of these.

    The scores are logits: their softmax is the probability. Weights start from `seed` alone, biases
    at zero: Glorot-uniform, as in Keras (Glorot and Bengio, 2010); but where batch normalisation
    has precise statistics, uniform within 1 / sqrt(inputs) either way, as in PyTorch. Values that
    it leaves are of order one, and from Glorot's larger weights a network then learns slower and
    generalises worse on small data.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        image_shape: Shape,
        classes: int,
        seed: int = 0,
        computations: Mapping[int, Computation] | None = None,
    ) -> None:
        self.traced = trace(layers, image_shape, classes)
        self.computations = computations or {}
        self.assembled = assemble(self.traced, self.computations)
        self.blocks = [block for layer in self.assembled for block in layer.blocks]
        specs = [spec for block in self.blocks for spec in block.specs.values()]
        self.vector = ParameterVector([spec.shape for spec in specs])
        self.classes = classes
        self.place = "cpu"
        self.standardised: Standardised | None = None
        self._bind()
        self._initialise(specs, seed)
        self.joins = _find_joins(self.assembled)

    def _bind(self) -> None:
        rest = iter(self.vector.parameters)
        for block in self.blocks:
            block.bind({name: next(rest) for name in block.specs})

    def _initialise(self, specs: Sequence[ParameterSpec], seed: int) -> None:
        random = np.random.default_rng([seed, 0])
        precise = any(block.measures for block in self.blocks)
        for spec, parameter in zip(specs, self.vector.parameters, strict=True):
            if spec.fans is None:
                parameter.value.fill_(spec.start)
                continue
            inputs, outputs = spec.fans
            limit = 1 / math.sqrt(inputs) if precise else math.sqrt(6 / (inputs + outputs))
            drawn = random.uniform(-limit, limit, spec.shape)
            parameter.value.copy_(torch.from_numpy(drawn))

    def _named_blocks(self) -> list[tuple[str, Block]]:
        """Blocks that learn, each under its layer's place and key, as in '3.conv'."""
        return [
            (f"{index + 1}.{layer.traced.layer.key}", block)
            for index, layer in enumerate(self.assembled)
            for block in layer.blocks
            if block.specs
        ]

    def parameters(self) -> dict[str, Parameter]:
        names = [f"{key}.{name}" for key, block in self._named_blocks() for name in block.specs]
        return dict(zip(names, self.vector.parameters, strict=True))

    def tensors(self) -> dict[str, Tensor]:
        """All that inference needs, by name; views, so copying into them restores the network."""
        found = {name: parameter.value for name, parameter in self.parameters().items()}
        if self.standardised is not None:
            found |= self.standardised.tensors()
        for key, block in self._named_blocks():
            found |= {f"{key}.{name}": tensor for name, tensor in block.state().items()}
        return found

    def standardise(self, images: Tensor) -> None:
        """Give the layers z-scores by the mean and deviation of each channel of `images`, bytes of
        (n, height, width, channels).
        """
        self.standardised = Standardised.of(images)

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self.standardised = Standardised.among(tensors)
        own = self.tensors()
        if own.keys() != tensors.keys():
            raise ValueError(f"weights of another network: {sorted(own.keys() ^ tensors.keys())}")
        for name, tensor in own.items():
            tensor.copy_(tensors[name].view_as(tensor))
        self.vector.refresh()

    def resized(self, image_shape: Shape) -> "Network":
        """The same layers for images of another size, of the same parameters in memory. Raises
        ValueError where they would have others."""
        layers = [step.layer for step in self.traced[:-1]]
        other = Network(layers, image_shape, self.classes, computations=self.computations)
        own = [tuple(parameter.value.shape) for parameter in self.vector.parameters]
        if own != [tuple(parameter.value.shape) for parameter in other.vector.parameters]:
            raise ValueError(f"other weights for images of shape {image_shape}")
        other.vector, other.standardised = self.vector, self.standardised
        other._bind()
        return other

    def measure_statistics(self, batches: Iterable[Tensor]) -> None:
        """Let the blocks that measure take their statistics from `batches`, images as `forward`
        takes them. Nothing is dropped meanwhile.
        """
        measuring = [block for block in self.blocks if block.measures]
        if not measuring:
            return
        for block in measuring:
            block.start_measuring()
        for batch in batches:
            self.forward(batch, training=False)
        for block in measuring:
            block.stop_measuring()

    def seed(self, random: np.random.Generator) -> None:
        """Let what is drawn in training, such as dropout's masks, be drawn from `random`."""
        for block in self.blocks:
            block.seed(random)

    def filter_banks(self) -> list[Parameter]:
        """The filters of convolutions over several channels, as matrices (inputs, filters)."""
        return [block.filter_bank for block in self.blocks if block.filter_bank is not None]

    def forward(self, x: Tensor, training: bool) -> Tensor:
        if self.standardised is not None:
            x = self.standardised.apply(x)
        for join in self.joins.get(-1, ()):
            join.other = x
        for index, block in enumerate(self.blocks):
            x = block.forward(x, training)
            for join in self.joins.get(index, ()):
                join.other = x
        return x.to(torch.float32)

    def ask_input_gradient(self) -> None:
        """Let `backward` give the gradient of what goes in."""
        for block in self.blocks:
            if isinstance(block, ProductBlock):
                block.needs_input_gradient = True

    def backward(self, gradient: Tensor) -> Tensor | None:
        """Store the gradient of every parameter, given that of the scores; that of what goes in,
        or None where nobody asked for it."""
        for index in range(len(self.blocks) - 1, -1, -1):
            for join in self.joins.get(index, ()):
                gradient = gradient + join.other_gradient.view_as(gradient)
            passed = self.blocks[index].backward(gradient)
            if passed is None:
                return None
            gradient = passed
        for join in self.joins.get(-1, ()):
            gradient = gradient + join.other_gradient.view_as(gradient)
        return gradient


def _find_joins(assembled: list[LayerBlocks]) -> dict[int, list[JoinBlock]]:
    """By the index of the block whose output they take: the blocks that join it in again; -1 is the
    input.
    """
    ends = [-1]  # of the input, and of every layer
    joins: dict[int, list[JoinBlock]] = {}
    for part in assembled:
        for block in part.blocks:
            if isinstance(block, JoinBlock) and part.traced.joined is not None:
                joins.setdefault(ends[part.traced.joined + 1], []).append(block)
        ends.append(ends[-1] + len(part.blocks))
    return joins
