"""From what a caller gives as X to what a network takes, and back to the same at predicting."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.sklearn_api.checks import ParameterError

Shape = tuple[int, ...]
Floats = NDArray[np.float64]


def flat_rows(X: Any) -> tuple[Any, Shape | None]:  # noqa: N803 - scikit-learn's name
    """Images (n, height, width[, channels]) as (n, features), with the shape that they had.

    Anything of another number of dimensions is given back as it is, with None: judging it is
    scikit-learn's part.
    """
    dimensions = X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
    if dimensions not in (3, 4):
        return X, None
    images = np.asarray(X)
    shape = images.shape[1:]
    return images.reshape(len(images), math.prod(shape)), shape


def with_channels(shape: Shape) -> Shape:
    return (*shape, 1) if len(shape) == 2 else shape


def agreed_shape(given: Sequence[int] | None, own: Shape | None, features: int) -> Shape:
    """(height, width, channels) of images, (features,) of flat rows.

    given: the parameter `image_shape`. own: that of X. Raises ParameterError where they disagree.
    """
    if given is None:
        return (features,) if own is None else with_channels(own)
    wanted = with_channels(tuple(given)) if isinstance(given, Sequence) else ()
    if len(wanted) != 3 or math.prod(wanted) != features:
        raise ParameterError(
            f"image_shape = {given!r} does not describe rows of {features} features; "
            "it is (height, width) or (height, width, channels)"
        )
    if own is not None and with_channels(own) != wanted:
        raise ParameterError(f"image_shape = {given!r}, but X holds images of {own}")
    return wanted


@dataclass(frozen=True)
class NetworkInput:
    """shape: (height, width, channels) of images, (features,) of flat rows.

    mean, deviation: (channels,) or (features,), those of the training rows; None where bytes go in
    as they are and the network scales them itself.
    """

    shape: Shape
    mean: Floats | None = None
    deviation: Floats | None = None

    @property
    def is_flat(self) -> bool:
        return len(self.shape) == 1

    @property
    def network_shape(self) -> Shape:
        """Of one row as a network takes it: flat rows are pictures of one pixel."""
        return (1, 1, *self.shape) if self.is_flat else self.shape

    def apply(self, rows: NDArray[Any]) -> NDArray[Any]:
        """(n, features) to (n, height, width, channels), uint8 or standardised float32."""
        images = rows.reshape(len(rows), *self.network_shape)
        if self.mean is None or self.deviation is None:
            return _as_bytes(images)
        standardised = images.astype(np.float64)
        standardised -= self.mean
        standardised /= self.deviation
        return standardised.astype(np.float32)


def fit_input(rows: NDArray[Any], shape: Shape) -> NetworkInput:
    """Learn from (n, features) training rows how such rows are prepared.

    A channel that never changes becomes 0 everywhere, whatever it is later: nothing can have been
    learnt of it. Raises ParameterError where squares of the values are beyond float64.
    """
    plain = NetworkInput(shape)
    if rows.dtype == np.uint8 and not plain.is_flat:
        return plain
    values = rows.reshape(-1, shape[-1]).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = values.std(axis=0)
    if not np.isfinite(deviation).all():
        raise ParameterError(
            f"the values of feature {int(np.argmin(np.isfinite(deviation))) + 1} are too large to "
            "be standardised"
        )
    deviation[values.min(axis=0) == values.max(axis=0)] = np.inf
    return NetworkInput(shape, values.mean(axis=0), deviation)


def _as_bytes(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Pictures for a network that was fitted on bytes; ParameterError where they are none."""
    if images.dtype == np.uint8:
        return images
    with np.errstate(invalid="ignore"):
        cast = images.astype(np.uint8)
    if not np.array_equal(cast, images):
        raise ParameterError(
            f"it was fitted on uint8 images, 0 to 255, but these are {images.dtype} with other "
            "values; give uint8 here, or fit on images scaled as these are"
        )
    return cast
