"""Following one image through a network's layers: shapes and parameter counts, without torch."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vestry.errors import StudyError, did_you_mean
from vestry.members.networks.layers import Concat, Dense, LayerBase, Shape, kind_of


@dataclass(frozen=True)
class TracedLayer:
    """One layer of a network whose input is known."""

    layer: LayerBase
    input_shape: Shape
    output_shape: Shape
    parameters: int
    trainable: int

    @property
    def kind(self) -> str:
        return kind_of(self.layer) or ""

    def words(self) -> str:
        """The layer as a study file writes it, without what is left at its default."""
        settings = self.layer.model_dump(mode="json", exclude_defaults=True)
        kind = settings.pop(self.kind)
        parts = [self.kind if kind is True else f"{self.kind} {kind}"]
        return ", ".join(parts + [f"{name} {value}" for name, value in settings.items()])


def trace(layers: Sequence[LayerBase], image_shape: Shape, classes: int) -> list[TracedLayer]:
    """Follow one image of shape (height, width[, channels]) to its class scores.

    The last entry is the output layer, which the network adds. Raises StudyError with the
    layer's place where an image shrinks to nothing, a vector is missing, or a name is unknown.
    """
    shape: Shape = (*image_shape, 1) if len(image_shape) == 2 else tuple(image_shape)
    known: dict[str, Shape] = {"input": shape}
    traced = []
    for place, layer in enumerated(layers, classes):
        try:
            step = trace_one(layer, shape, known)
        except ValueError as error:
            raise StudyError(f"{place}: {error}") from error
        traced.append(step)
        shape = step.output_shape
        if layer.name is not None:
            known[layer.name] = shape
    return traced


def enumerated(layers: Sequence[LayerBase], classes: int) -> Iterator[tuple[str, LayerBase]]:
    for index, layer in enumerate(layers):
        yield f"layer {index + 1} ({kind_of(layer)})", layer
    yield "the output layer", Dense(dense=classes, activation="none")


def trace_one(layer: LayerBase, shape: Shape, known: dict[str, Shape]) -> TracedLayer:
    if layer.name is not None and layer.name in known:
        raise ValueError(f"the name {layer.name!r} is taken already; choose another")
    output = layer.output_shape(shape)
    if isinstance(layer, Concat):
        if layer.concat not in known:
            raise ValueError(
                f"no earlier layer is called {layer.concat!r}{did_you_mean(layer.concat, known)}"
            )
        output = (output[0] + math.prod(known[layer.concat]),)
    total, trainable = layer.parameters(shape)
    return TracedLayer(layer, shape, output, total, trainable)
