"""Following one image through a network's layers, without torch: shapes, costs, and how many cores
training uses well.
"""

from collections.abc import Iterator, Sequence

from vestry.errors import StudyError, did_you_mean
from vestry.members.networks.layer import Layer, Shape, TracedLayer
from vestry.members.networks.layers.dense import Dense


def trace(layers: Sequence[Layer], image_shape: Shape, classes: int) -> list[TracedLayer]:
    """Follow one image of shape (height, width[, channels]) to its class scores.

    The last entry is the output layer, which the network adds. Raises StudyError with the
    layer's place where an image shrinks to nothing, a vector is missing, or a name is unknown.
    """
    shape: Shape = (*image_shape, 1) if len(image_shape) == 2 else tuple(image_shape)
    known: dict[str, Shape] = {"input": shape}
    traced = []
    for place, layer in _enumerated(layers, classes):
        try:
            step = _trace_one(layer, shape, known)
        except ValueError as error:
            raise StudyError(f"{place}: {error}") from error
        traced.append(step)
        shape = step.output_shape
        if layer.name is not None:
            known[layer.name] = shape
    return traced


def _enumerated(layers: Sequence[Layer], classes: int) -> Iterator[tuple[str, Layer]]:
    for index, layer in enumerate(layers):
        for part in layer.expanded():
            yield f"layer {index + 1} ({part.key})", part
    yield "the output layer", Dense(dense=classes, activation="none")


def _trace_one(layer: Layer, shape: Shape, known: dict[str, Shape]) -> TracedLayer:
    if layer.name is not None and layer.name in known:
        raise ValueError(f"the name {layer.name!r} is taken already; choose another")
    joined: Shape = ()
    if layer.joins is not None:
        if layer.joins not in known:
            raise ValueError(
                f"no earlier layer is called {layer.joins!r}{did_you_mean(layer.joins, known)}"
            )
        joined = known[layer.joins]
    return TracedLayer(layer, shape, layer.output_shape(shape, joined), *layer.parameters(shape))


_MULTIPLY_ADDS_PER_CORE = 5_000_000
MOST_CORES = 8


def network_threads(traced: Sequence[TracedLayer], batch_size: int) -> int:
    """One core for each five million multiply-adds of a batch, from one to eight.

    Measured on two cores (AMD Zen 4) over the ten networks of `benchmarks/networks.toml`: a second
    core pays from about ten million multiply-adds a batch upwards and gains little or nothing
    below. There a single core also leaves the other to the next member.
    """
    wanted = sum(step.multiply_adds for step in traced) * batch_size // _MULTIPLY_ADDS_PER_CORE
    return min(max(wanted, 1), MOST_CORES)
