"""How pixels vary together over the images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.audit.pictures import CHUNK, MOST_ROWS, drawn_rows, small_parts, small_size
from vestry.data.image_set import ImageSet
from vestry.schema import exploration as schema

UNDEFINED = -128
_STEPS = 100


@dataclass(frozen=True, eq=False)
class Correlation:
    """matrix: (pixels, pixels) int8, Pearson's correlation in hundredths, pixels row by row;
    UNDEFINED where a pixel never varies."""

    matrix: NDArray[np.int8]
    facts: schema.Correlation


def pixel_correlation(rows: ImageSet, seed: int) -> Correlation:
    """Correlation of every pair of pixels; colours are averaged to grey first, images of more
    than 1,024 pixels averaged down."""
    drawn = drawn_rows(rows, MOST_ROWS, seed)
    grey = _grey_vectors(rows, drawn)
    covariance = _centred_products(grey)
    deviation = np.sqrt(np.diag(covariance))
    varies = deviation > 1e-6 * max(float(deviation.max(initial=0)), 1e-12)
    scale = np.where(varies, deviation, 1)
    exact = np.clip(covariance / np.outer(scale, scale), -1, 1)
    exact[~varies, :] = np.nan
    exact[:, ~varies] = np.nan
    matrix = np.where(np.isnan(exact), UNDEFINED, np.rint(np.nan_to_num(exact) * _STEPS))
    size = small_size(rows.image_shape)
    near, far = _by_distance(exact, size)
    facts = schema.Correlation(
        rows=len(drawn),
        size=size,
        averaged_from=None if size == rows.image_shape[:2] else rows.image_shape[:2],
        grey_from_colour=len(rows.image_shape) == 3,
        constant=int((~varies).sum()),
        side_by_side=near,
        far_apart=far,
    )
    return Correlation(matrix.astype(np.int8), facts)


def _grey_vectors(rows: ImageSet, drawn: NDArray[np.int64]) -> NDArray[np.float32]:
    height, width = small_size(rows.image_shape)
    vectors, start = np.empty((len(drawn), height * width), np.float32), 0
    for small in small_parts(rows, drawn):
        grey = small.mean(axis=3) if small.ndim == 4 else small
        vectors[start : start + len(grey)] = grey.reshape(len(grey), -1)
        start += len(grey)
    return vectors


def _centred_products(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """(d, d) sums of products of the columns less their means."""
    mean = values.mean(axis=0, dtype=np.float64).astype(np.float32)
    products = np.zeros((values.shape[1], values.shape[1]))
    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK] - mean
        products += part.T @ part
    return products


def _by_distance(
    exact: NDArray[np.float64], size: tuple[int, int]
) -> tuple[float | None, float | None]:
    """Mean correlation of pixels side by side, and of those half the image's longer side or more
    apart; None where there are no such pairs."""
    across, down = np.meshgrid(np.arange(size[1]), np.arange(size[0]))
    places = np.stack([down.ravel(), across.ravel()], axis=1).astype(np.float32)
    apart = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))
    far = np.nanmax(apart) if apart.size else 0
    distant = (apart >= max(size) / 2) & (apart > 1)
    return _mean_of(exact[apart == 1]), _mean_of(exact[distant]) if far else None


def _mean_of(values: NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(known.mean()), 4) if len(known) else None
