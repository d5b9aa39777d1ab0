"""Following one image through a network's layers, without torch: shapes, costs, and how many cores
training uses well.
"""

from collections.abc import Iterator, Mapping, Sequence

from vestry.errors import StudyError, did_you_mean
from vestry.members.networks.layer import Layer, Shape, TracedLayer, flattened
from vestry.members.networks.layers.dense import Dense


def trace(layers: Sequence[Layer], image_shape: Shape, classes: int) -> list[TracedLayer]:
    """Follow one image of shape (height, width[, channels]) to its class scores.

    The last entry is the output layer, which the network adds. Raises StudyError with the
    layer's place where an image shrinks to nothing, a vector is missing, or a name is unknown.
    """
    shape: Shape = (*image_shape, 1) if len(image_shape) == 2 else tuple(image_shape)
    traced: list[TracedLayer] = []
    outputs, names = [shape], {"input": -1}
    for place, layer in _enumerated(layers, classes):
        try:
            step = _trace_one(layer, outputs, names)
        except ValueError as error:
            raise StudyError(f"{place}: {error}") from error
        if layer.name is not None:
            names[layer.name] = len(traced)
        traced.append(step)
        outputs.append(step.output_shape)
    return traced


def _enumerated(layers: Sequence[Layer], classes: int) -> Iterator[tuple[str, Layer]]:
    for index, layer in enumerate(layers):
        parts = flattened([layer])
        for number, part in enumerate(parts):
            inner = "" if len(parts) == 1 else f", {number + 1} of the {len(parts)} in it"
            yield f"layer {index + 1} ({part.key}{inner})", part
    yield "the output layer", Dense(dense=classes, activation="none")


def _trace_one(layer: Layer, outputs: Sequence[Shape], names: Mapping[str, int]) -> TracedLayer:
    """outputs: the network's input and what left every layer before; names: indices of layers."""
    if layer.name is not None and layer.name in names:
        raise ValueError(f"the name {layer.name!r} is taken already; choose another")
    shape, joined = outputs[-1], _joined(layer, len(outputs) - 1, names)
    with_it = () if joined is None else outputs[joined + 1]
    output = layer.output_shape(shape, with_it)
    every, trained = layer.parameters(shape)
    more, _ = layer.joined_costs(shape, with_it)
    return TracedLayer(layer, shape, output, every + more, trained + more, joined, with_it)


def _joined(layer: Layer, index: int, names: Mapping[str, int]) -> int | None:
    """The index of the layer whose output the layer at `index` takes too; -1 is the input."""
    if isinstance(layer.joins, int):
        return index - layer.joins
    if layer.joins is not None and layer.joins not in names:
        raise ValueError(
            f"no earlier layer is called {layer.joins!r}{did_you_mean(layer.joins, names)}"
        )
    return None if layer.joins is None else names[layer.joins]


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
