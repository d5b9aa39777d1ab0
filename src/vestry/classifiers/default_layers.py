"""The network that is taken where no layers are given."""

from typing import Any

SMALLEST_POOLED = 4
"""Pixels a side below which a picture is not halved again."""


def default_layers(shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """For images (height, width, channels) a small CNN, for flat rows (features,) two dense layers.

    The CNN has two convolutions of 32 and 64 filters of 3 x 3, each followed by a pool of 2 as long
    as the picture has 4 pixels a side, and a dense layer of 64 units behind them.
    """
    if len(shape) == 1:
        return [{"dense": 128}, {"dense": 64}]
    layers: list[dict[str, Any]] = []
    side = min(shape[:2])
    for filters in (32, 64):
        layers.append({"conv": filters, "kernel": 3, "padding": "same"})
        if side >= SMALLEST_POOLED:
            layers.append({"pool": 2})
            side //= 2
    return [*layers, {"flatten": True}, {"dense": 64}]
