"""Normalisations that go by one image alone, and so do the same in training and after it."""

from typing import Literal

import numpy as np
from pydantic import Field

from vestry.members.networks.autograd_block import AutogradBlock
from vestry.members.networks.block import Block, ParameterSpec, Tensor, functional, torch
from vestry.members.networks.layer import Count, Layer, Nodes, Place, Shape, Value, register


class _Norm(Layer):
    """A factor and a shift for each channel are learnt."""

    epsilon: float = Field(1e-5, gt=0)

    def parameters(self, shape: Shape) -> tuple[int, int]:
        return 2 * shape[-1], 2 * shape[-1]


@register("layer_norm")
class LayerNorm(_Norm):
    """Over the channels of each pixel, or over a vector (Ba, Kiros and Hinton, 2016)."""

    layer_norm: Literal[True]

    def blocks(self, place: Place) -> list[Block]:
        return [_LayerNormBlock(place.step.input_shape[-1], self.epsilon)]

    def nodes(self, to: Nodes, value: Value) -> Value:
        name, layout = value.name, value.layout
        if layout == "channels_first":
            name, layout = to.add("Transpose", name, perm=[0, 2, 3, 1]), "channels_last"
        by = to.weight("scale"), to.weight("shift")
        name = to.add("LayerNormalization", name, *by, axis=-1, epsilon=self.epsilon)
        return Value(name, value.shape, layout)


@register("group_norm")
class GroupNorm(_Norm):
    """Over all pixels of each of `group_norm` groups of channels (Wu and He, 2018); 1 takes in the
    whole image.
    """

    group_norm: Count

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        if shape[-1] % self.group_norm:
            raise ValueError(
                f"{shape[-1]} channels cannot be put into {self.group_norm} equal groups"
            )
        return shape

    def blocks(self, place: Place) -> list[Block]:
        return [_GroupNormBlock(place.step.input_shape[-1], self.group_norm, self.epsilon)]

    def nodes(self, to: Nodes, value: Value) -> Value:
        """By arithmetic that every runtime knows; ONNX's own node for it is a new one."""
        value = value if value.layout == "flat" else to.planes(value)
        grouped = to.graph.reshape(value.name, -1, self.group_norm, value.size // self.group_norm)
        axis = to.constant(np.array([2], np.int64), "axis")
        epsilon = to.constant(np.array(self.epsilon, np.float32), "epsilon")
        centred = to.add("Sub", grouped, to.add("ReduceMean", grouped, axis))
        variance = to.add("ReduceMean", to.add("Mul", centred, centred), axis)
        deviation = to.add("Sqrt", to.add("Add", variance, epsilon))
        name = to.add("Div", centred, deviation)
        sides = value.shape[:2] if value.layout == "channels_first" else ()
        name = to.graph.reshape(name, -1, value.shape[-1], *sides)
        factors, shifts = (
            to.constant(to.weights_of(role).reshape(-1, *[1] * len(sides)), role)
            for role in ("scale", "shift")
        )
        return Value(to.add("Add", to.add("Mul", name, factors), shifts), value.shape, value.layout)


class _NormBlock(AutogradBlock):
    def __init__(self, channels: int, epsilon: float) -> None:
        self.specs = {
            "scale": ParameterSpec((channels,), start=1.0),
            "shift": ParameterSpec((channels,)),
        }
        self.epsilon = epsilon


class _LayerNormBlock(_NormBlock):
    def compute(self, x: Tensor, *parameters: Tensor) -> Tensor:
        scale, shift = (parameter.to(x.dtype) for parameter in parameters)
        return functional.layer_norm(x, x.shape[-1:], scale, shift, self.epsilon)


class _GroupNormBlock(_NormBlock):
    def __init__(self, channels: int, groups: int, epsilon: float) -> None:
        super().__init__(channels, epsilon)
        self.groups = groups

    def compute(self, x: Tensor, *parameters: Tensor) -> Tensor:
        """By the library's layer norm: its group norm takes squares of the mean from means of
        squares, and so loses digits where images hardly differ from their mean.
        """
        scale, shift = (parameter.to(x.dtype) for parameter in parameters)
        planes = x.movedim(-1, 1)
        groups = planes.reshape(len(x), self.groups, -1)
        alike = functional.layer_norm(groups, groups.shape[-1:], eps=self.epsilon)
        return torch.addcmul(shift, alike.view(planes.shape).movedim(1, -1), scale).contiguous()
