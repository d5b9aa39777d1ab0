"""What a layer of a network is: its settings, and every fact about it that others ask for.

A layer stands in one file of `layers/`: what a study may say of it, the shape that leaves it, what
it costs, its computation and its ONNX nodes. Reading a study, counting, choosing threads, building
and exporting go by the registry alone, so a new layer is a new file there, or a module that an
installed package names as an entry point of the group `vestry.layers`.

Nothing here needs torch or onnx, so a study is checked, and its parameters are counted, before any
work.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from vestry.members.networks.block import PLAIN, Block, Computation, Tensor
from vestry.members.networks.own_weights import Own

Shape = tuple[int, ...]
"""Of one image: (height, width, channels), or (features,) after flattening."""
MEAN, DEVIATION = "input.mean", "input.deviation"
"""What weights call each channel's mean and deviation, where a network takes z-scores."""
Count = Annotated[int, Field(ge=1, le=65536)]


class Layer(BaseModel):
    """One layer of a study's `layers`; its class is registered under the key that names it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: ClassVar[str] = ""
    """The field that tells it from other layers; `register` sets it."""
    newer: ClassVar[frozenset[str]] = frozenset()
    """Fields that are stored only where they are set, since studies from before there were these
    must keep their hash.
    """

    name: str | None = None
    """By which a later layer may take its output."""

    @model_serializer(mode="wrap")
    def _shortest(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        unset = {name for name in self.newer if getattr(self, name) == fields[name].default}
        values = dump(self)
        order = dict.fromkeys(["name", self.key, *values])
        return {name: values[name] for name in order if name in values and name not in unset}

    @property
    def joins(self) -> str | int | None:
        """Whose output it takes too: the name of an earlier layer (or "input"), or how many layers
        before it that one stands; the layer right before it is 1.
        """
        return None

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        """The shape that leaves it; ValueError where `shape` cannot enter it.

        joined: the shape of what it joins; () where it joins nothing.
        """
        return shape

    def parameters(self, shape: Shape) -> tuple[int, int]:
        """All parameters, and those of them that training changes, for an input of `shape`."""
        return 0, 0

    def multiply_adds(self, shape: Shape, output: Shape) -> int:
        """Of one image, forward; those that decide how many cores training uses well."""
        return 0

    def joined_costs(self, shape: Shape, joined: Shape) -> tuple[int, int]:
        """Parameters, all of them trained, and multiply-adds that taking in what it joins costs
        beside the above.
        """
        return 0, 0

    def blocks(self, place: "Place") -> list[Block]:
        """What computes it; torch is imported when one of them first needs it."""
        raise NotImplementedError

    def plain(self, own: Own, x: Tensor, joined: Tensor | None) -> Tensor:
        """What it computes, by operations that autograd follows on any device: `x` (n, height,
        width, channels) or (n, features), and what it joins. Without it, the layer is trained on
        the processor alone, unless its blocks leave their backward pass to autograd.
        """
        for block in own.blocks:
            x = block.differentiable(x, own.weights_of(block))
        return x

    def absorbs(self, after: "Layer") -> bool:
        """Whether its blocks do the work of the layer `after` it too, where its own output is not
        wanted elsewhere.
        """
        return False

    def nodes(self, to: "Nodes", value: "Value") -> "Value":
        """Add its ONNX nodes, as it predicts, after `value`; gives what comes out of them."""
        raise NotImplementedError

    def expanded(self) -> "Sequence[Layer]":
        """The layers that it stands for, if it is but a short way to write them. The last of them
        gets its name.
        """
        return (self,)

    def words(self) -> str:
        """As a study file writes it, without what is left at its default."""
        settings = self.model_dump(mode="json", exclude_defaults=True)
        own = settings.pop(self.key)
        parts = [self.key if own is True else f"{self.key} {own}"]
        return ", ".join(parts + [f"{name} {value}" for name, value in settings.items()])


def flattened(layers: "Sequence[Layer]") -> "list[Layer]":
    """The layers with those that others stand for in their place, to the last one."""
    flat: list[Layer] = []
    for layer in layers:
        parts = layer.expanded()
        if len(parts) == 1 and parts[0] is layer:
            flat.append(layer)
            continue
        flat += flattened(parts)
        if layer.name is not None:
            flat[-1] = flat[-1].model_copy(update={"name": layer.name})
    return flat


@dataclass(frozen=True)
class TracedLayer:
    """One layer of a network whose input is known.

    joined: the index of the layer whose output it takes too, -1 for the network's input, None where
    it takes none; joined_shape: of that output.
    """

    layer: Layer
    input_shape: Shape
    output_shape: Shape
    parameters: int
    trainable: int
    joined: int | None = None
    joined_shape: Shape = ()

    @property
    def multiply_adds(self) -> int:
        joining = self.layer.joined_costs(self.input_shape, self.joined_shape)[1]
        return self.layer.multiply_adds(self.input_shape, self.output_shape) + joining


@dataclass(frozen=True)
class Place:
    """Where a layer's blocks will stand.

    absorbed: the layer after it, whose work they do too, or None.
    needs_input_gradient: whether anything before it learns.
    """

    step: TracedLayer
    absorbed: Layer | None = None
    computation: Computation = PLAIN
    needs_input_gradient: bool = True


def describe(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def require_image(shape: Shape) -> None:
    if len(shape) != 3:
        raise ValueError("the image is flat already; put this layer before { flatten = true }")


# The registry.


LAYERS: dict[str, type[Layer]] = {}
"""Every layer, by the key that names it in a study file."""
_L = TypeVar("_L", bound=Layer)


def register(key: str) -> Callable[[type[_L]], type[_L]]:
    """Make a class known as the layer that `key`, one of its fields, names.

    Raises TypeError for a class that leaves something out, and ValueError for a key that is taken.
    """

    def kept(layer: type[_L]) -> type[_L]:
        needed = ("blocks", "nodes") if layer.expanded is Layer.expanded else ()
        if missing := [name for name in needed if getattr(layer, name) is getattr(Layer, name)]:
            raise TypeError(f"the layer {layer.__name__} has no {', '.join(missing)}")
        if key not in layer.model_fields:
            raise TypeError(f"the layer {layer.__name__} has no field {key!r}, which names it")
        if key in LAYERS:
            raise ValueError(f"two layers are called {key!r}: {LAYERS[key]} and {layer}")
        layer.key = key
        LAYERS[key] = layer
        return layer

    return kept


# What a layer writes its ONNX nodes with.


class Graph(Protocol):
    """What layers need of `vestry.members.graph.Graph`; each gives the name of what it made."""

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str: ...

    def constant(self, value: NDArray[Any], word: str = "constant") -> str: ...

    def reshape(self, value: str, *shape: int) -> str: ...


Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Value:
    """A value in the graph. shape: of one row, (height, width, channels) or (features,), whatever
    the layout."""

    name: str
    shape: Shape
    layout: Literal["channels_last", "channels_first", "flat"]

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Nodes:
    """Adds the nodes of one layer, `step`, to `graph`.

    place: the layer's place and key, as in `3.conv`; its weights are named by it. weights: as
    `weights.safetensors` holds them, kernels as Keras orders them. joined: what the layer that it
    joins gave, or None.
    """

    graph: Graph
    step: TracedLayer
    place: str
    weights: Weights
    joined: Value | None = None

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        return self.graph.add(operator, *inputs, **attributes)

    def weights_of(self, role: str) -> NDArray[np.float32]:
        return self.weights[f"{self.place}.{role}"]

    def constant(self, value: NDArray[Any], role: str) -> str:
        return self.graph.constant(value, f"{self.place}.{role}")

    def weight(self, role: str) -> str:
        """The weights of this role as they are."""
        return self.constant(self.weights_of(role), role)

    def planes(self, value: Value) -> Value:
        """Channels first, as ONNX convolves."""
        if value.layout == "channels_first":
            return value
        height, width, channels = value.shape
        if channels == 1 or height * width == 1:  # the same bytes in either layout
            name = self.graph.reshape(value.name, -1, channels, height, width)
        else:
            name = self.add("Transpose", value.name, perm=[0, 3, 1, 2])
        return Value(name, value.shape, "channels_first")

    def flat(self, value: Value) -> Value:
        return flat(self.graph, value)


def flat(graph: Graph, value: Value) -> Value:
    """Row by row, channels fastest, as networks are trained."""
    if value.layout == "flat":
        return value
    name, size = value.name, math.prod(value.shape)
    if value.layout == "channels_first" and value.shape[2] > 1 and size > value.shape[2]:
        name = graph.add("Transpose", name, perm=[0, 2, 3, 1])
    return Value(graph.reshape(name, -1, size), (size,), "flat")
