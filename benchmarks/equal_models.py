"""Models that are equally good by construction, for simulations of what calls them different."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Rights = NDArray[np.bool_]
_OF_ALL, _OF_MODEL, _OF_SEED = 0.5, 0.3, 0.2
"""How much of what makes an image hard is shared by all models, by a model's seeds, and by none."""


def equal_models(
    rng: np.random.Generator,
    seeds: Sequence[int],
    rows: int,
    accuracy: float,
    spread: float | Sequence[float | None] = 0.0,
) -> list[Rights]:
    """(seeds, rows) of each model, whether each seed is right. seeds: of each model. accuracy: of
    all of them, on average over seeds, which vary by `spread`, or each model's by its own; None:
    one that answers alike with every seed."""
    common = _OF_ALL**0.5 * rng.normal(size=rows)
    spreads = [spread] * len(seeds) if isinstance(spread, int | float) else spread
    return [
        _model(rng, count, common, accuracy, own)
        if own is not None
        else np.repeat(_model(rng, 1, common, accuracy, 0.0), count, axis=0)
        for count, own in zip(seeds, spreads, strict=True)
    ]


def _model(
    rng: np.random.Generator,
    seeds: int,
    common: NDArray[np.float64],
    accuracy: float,
    spread: float,
) -> Rights:
    own = common + _OF_MODEL**0.5 * rng.normal(size=len(common))
    noise = _OF_SEED**0.5 * rng.normal(size=(seeds, len(common)))
    drawn = np.clip(accuracy + spread * rng.normal(size=seeds), 0.001, 0.999)
    limits = np.array([NormalDist().inv_cdf(share) for share in drawn])
    return np.asarray(own + noise < limits[:, None])
