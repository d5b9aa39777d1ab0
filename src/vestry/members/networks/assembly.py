"""From layers as data to blocks that compute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch

from vestry.members.networks import layers as definition
from vestry.members.networks.blocks.batch_norm import BatchNorm
from vestry.members.networks.blocks.block import Block
from vestry.members.networks.blocks.convolution import (
    Convolution,
    LibraryConvolution,
    PatchConvolution,
)
from vestry.members.networks.blocks.dense import Dense
from vestry.members.networks.blocks.geometry import Geometry
from vestry.members.networks.blocks.pooling import (
    AveragePool,
    GlobalAveragePool,
    GlobalMaxPool,
    MaxPool,
    WindowMax,
)
from vestry.members.networks.blocks.simple import ACTIVATIONS, Concat, Dropout, Flatten
from vestry.members.networks.layers import pair
from vestry.members.networks.tracing import TracedLayer

Method = Literal["fold", "transposed", "library"]
"""Of a convolution: over patches, with either way to the input's gradient, or the library's own."""


@dataclass(frozen=True)
class Computation:
    """How one layer's products are computed in training; `precision.py` finds it by trial."""

    compute: torch.dtype = torch.float32
    method: Method = "fold"

    def convolution(self, geometry: Geometry, filters: int, first: bool) -> Convolution:
        if self.method == "library":
            return LibraryConvolution(geometry, filters, self.compute, first)
        return PatchConvolution(geometry, filters, self.compute, first, self.method)


PLAIN = Computation()
FEW_FILTERS = 16
"""Below this, torch's max pool, which takes 16 channels at a time, is far slower than `WindowMax`.
"""


@dataclass
class LayerBlocks:
    """The blocks that stand for one layer; none where a neighbour does its work."""

    traced: TracedLayer
    blocks: list[Block] = field(default_factory=list)


def assemble(
    traced: Sequence[TracedLayer], computations: Mapping[int, Computation]
) -> list[LayerBlocks]:
    """Blocks for each layer; `computations` holds those of layer indices that are not plain.

    Every activation rises with its input, so it commutes with a maximum: where a max pool follows
    a convolution, the activation comes after the pool, on a fraction of the values, and pixels that
    the pool would drop are not made.
    """
    wanted = {step.layer.concat for step in traced if isinstance(step.layer, definition.Concat)}
    assembled: list[LayerBlocks] = []
    moved: str | None = None
    learnt = False
    for index, step in enumerate(traced):
        after = traced[index + 1] if index + 1 < len(traced) else None
        computation = computations.get(index, PLAIN)
        blocks: list[Block]
        match step.layer:
            case definition.Conv() as layer:
                pool = pool_after(step, after, wanted)
                blocks = [convolution(step, layer, pool, computation, first=not learnt)]
                if pool is None:
                    blocks += activation(layer.activation)
                else:
                    moved = layer.activation
            case definition.Dense() as layer:
                inputs, units = step.input_shape[0], layer.dense
                blocks = [Dense(inputs, units, computation.compute, first=not learnt)]
                blocks += activation(layer.activation)
            case definition.Pool() as layer:
                window, stride = pair(layer.pool), pair(layer.stride or layer.pool)
                pooled: Block
                if windowed(assembled):
                    pooled = WindowMax()
                else:
                    pooled = (MaxPool if layer.kind == "max" else AveragePool)(window, stride)
                blocks = [pooled, *activation(moved or "none")]
                moved = None
            case _:
                blocks = [simple(step)]
        learnt = learnt or step.trainable > 0
        assembled.append(LayerBlocks(step, blocks))
    return assembled


def windowed(layers: list[LayerBlocks]) -> bool:
    """Whether the last layer is a convolution that arranges its output for `WindowMax`."""
    block = layers[-1].blocks[-1] if layers else None
    return isinstance(block, Convolution) and block.geometry.window != (1, 1)


def simple(step: TracedLayer) -> Block:
    match step.layer:
        case definition.Dropout() as layer:
            return Dropout(layer.dropout)
        case definition.BatchNorm() as layer:
            return BatchNorm(step.input_shape[-1], layer.momentum, layer.epsilon)
        case definition.GlobalPool() as layer:
            return GlobalAveragePool() if layer.global_pool == "average" else GlobalMaxPool()
        case definition.Flatten():
            return Flatten()
        case definition.Concat():
            return Concat()
    raise TypeError(f"no block stands for {step.layer!r}")


def activation(name: str) -> list[Block]:
    return [] if name == "none" else [ACTIVATIONS[name]()]


def pool_after(
    step: TracedLayer, after: TracedLayer | None, wanted: set[str]
) -> definition.Pool | None:
    """The max pool that directly follows a convolution whose own output nobody else needs."""
    if step.layer.name in wanted or after is None or not isinstance(after.layer, definition.Pool):
        return None
    return after.layer if after.layer.kind == "max" else None


def convolution(
    step: TracedLayer,
    layer: definition.Conv,
    pool: definition.Pool | None,
    computation: Computation,
    first: bool,
) -> Convolution:
    height, width, channels = step.input_shape
    output = step.output_shape[0], step.output_shape[1]
    window = (1, 1)
    if pool is not None:
        (ph, pw), (sh, sw) = pair(pool.pool), pair(pool.stride or pool.pool)
        output = (output[0] - ph) // sh * sh + ph, (output[1] - pw) // sw * sw + pw
        if (ph, pw) == (sh, sw) and layer.conv < FEW_FILTERS:
            window = (ph, pw)
    geometry = Geometry(
        (height, width, channels),
        pair(layer.kernel),
        pair(layer.stride),
        layer.pads(step.input_shape),
        output,
        window,
    )
    return computation.convolution(geometry, layer.conv, first)
