"""The corruptions, each with its strengths and its words; to add one, add it here.

Where something comes in from outside the image, it is the median of the image's own border, which
is the background of most.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vestry.robustness.corruption import CORRUPTIONS, WHITE, Corruption, Draws, Floats, Function

if TYPE_CHECKING:
    from scipy import sparse  # elsewhere where it is used: the page is drawn without it

_DIRECTIONS = 8
_MIDDLE = 128


def _registered(**facts: Any) -> Callable[[Function], Function]:
    """The decorated function as a corruption of its name."""

    def register(function: Function) -> Function:
        CORRUPTIONS.register(Corruption(function.__name__, function, **facts))
        return function

    return register


@_registered(
    strengths=(0.04, 0.08, 0.12, 0.18, 0.25),
    unit="of a side",
    remark="moved by this part of a side",
    how="the image is moved in one of eight directions by {} of a side",
)
def shift(values: Floats, part: float, drawn: Draws) -> Floats:
    """Moved by `part` of a side, in one of eight directions."""
    height, width = values.shape[1:3]
    direction = drawn[:, 0] % np.uint64(_DIRECTIONS)
    result = np.empty_like(values)
    for number in range(_DIRECTIONS):
        rows, angle = direction == number, 2 * np.pi * number / _DIRECTIONS
        y, x = np.mgrid[:height, :width].astype(np.float64)
        y -= part * height * np.sin(angle)
        x -= part * width * np.cos(angle)
        result[rows] = _resampled(values[rows], y, x)
    return result


@_registered(
    strengths=(5, 10, 20, 30, 45),
    unit="degrees",
    remark="turned to either side",
    how="it is turned to the left or right by {}",
    shown="{:g}°",
    times=1,
)
def rotation(values: Floats, degrees: float, drawn: Draws) -> Floats:
    """Turned about the centre, to either side."""
    height, width = values.shape[1:3]
    y, x = np.mgrid[:height, :width] - np.array([height - 1, width - 1])[:, None, None] / 2
    side = drawn[:, 0] % np.uint64(2)
    result = np.empty_like(values)
    for number, sign in enumerate((1, -1)):
        angle = sign * np.deg2rad(degrees)
        from_y = np.cos(angle) * y - np.sin(angle) * x + (height - 1) / 2
        from_x = np.sin(angle) * y + np.cos(angle) * x + (width - 1) / 2
        result[side == number] = _resampled(values[side == number], from_y, from_x)
    return result


@_registered(
    strengths=(0.04, 0.08, 0.12, 0.18, 0.26),
    unit="of the range of grey values (standard deviation)",
    remark="Gaussian, by the range of grey",
    how="Gaussian noise is added, its standard deviation {} of the range of grey values",
)
def noise(values: Floats, part: float, drawn: Draws) -> Floats:
    """Gaussian noise, its deviation `part` of the range of grey values."""
    result = np.empty_like(values)
    for row, key in enumerate(drawn):
        random = np.random.Generator(np.random.Philox(key=key))
        random.standard_normal(dtype=np.float32, out=result[row])
    result *= np.float32(part * WHITE)
    return values + result


@_registered(
    strengths=(0.02, 0.035, 0.05, 0.07, 0.1),
    unit="of a side (standard deviation)",
    remark="Gaussian, by the side",
    how="it is blurred by a Gaussian whose standard deviation is {} of a side",
)
def blur(values: Floats, part: float, _: Draws) -> Floats:
    """Gaussian blur, its deviation `part` of a side (of the geometric mean of both)."""
    from scipy import ndimage  # noqa: PLC0415 - heavy

    height, width = values.shape[1:3]
    kernel = gaussian(part * (height * width) ** 0.5)
    down = ndimage.correlate1d(values, kernel, axis=1, mode="nearest")
    return np.asarray(ndimage.correlate1d(down, kernel, axis=2, mode="nearest"))


def gaussian(deviation: float) -> NDArray[np.float64]:
    """Weights of a pixel's neighbours, pixels being areas: taken at points alone, a Gaussian
    narrower than a pixel would leave small images as they are."""
    from scipy import special  # noqa: PLC0415 - heavy

    reach = int(np.ceil(4 * deviation)) + 1
    x = np.arange(-reach - 1, reach + 2) / deviation
    twice = deviation * (x * special.ndtr(x) + np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
    weights = np.diff(twice, 2)
    return np.asarray(weights / weights.sum())


@_registered(
    strengths=(0.2, 0.4, 0.6, 0.75, 0.9),
    unit="of the contrast lost",
    remark="this much of it lost",
    how="every pixel moves towards the image's mean by {} of the way",
)
def contrast(values: Floats, lost: float, _: Draws) -> Floats:
    """Every value moved towards the image's mean by `lost` of the way."""
    mean = values.mean(axis=tuple(range(1, values.ndim)), keepdims=True, dtype=np.float64)
    mean = mean.astype(np.float32)
    return np.asarray(mean + np.float32(1 - lost) * (values - mean), np.float32)


@_registered(
    strengths=(0.2, 0.4, 0.6, 0.8, 1),
    unit="of the range of grey values, from the brightest",
    remark="the brightest turned negative",
    how="the brightest {} of the range of grey values become their negative",
)
def inversion(values: Floats, part: float, _: Draws) -> Floats:
    """Solarised: the brightest `part` of the range of grey values becomes its negative.

    A blend with the negative would pass through plain grey, which measures contrast once more.
    """
    return np.where(values >= WHITE * (1 - part), WHITE - values, values)


@_registered(
    strengths=(0.05, 0.1, 0.2, 0.3, 0.4),
    unit="of the area",
    remark="this part of the area covered",
    how="a grey rectangle covers {} of it, anywhere",
)
def occlusion(values: Floats, area: float, drawn: Draws) -> Floats:
    """A rectangle in the image's proportions, of `area` of it, covered with middle grey."""
    height, width = values.shape[1:3]
    tall, wide = (max(1, round(side * area**0.5)) for side in (height, width))
    top = drawn[:, 0] % np.uint64(height - tall + 1)
    left = drawn[:, 1] % np.uint64(width - wide + 1)
    down = np.arange(height)[None, :] - top.astype(np.int64)[:, None]
    across = np.arange(width)[None, :] - left.astype(np.int64)[:, None]
    under, beside = (down >= 0) & (down < tall), (across >= 0) & (across < wide)
    covered = under[:, :, None] & beside[:, None]
    covered = covered.reshape(*covered.shape, *[1] * (values.ndim - 3))
    return np.where(covered, np.float32(_MIDDLE), values)


def _resampled(values: Floats, y: NDArray[np.float64], x: NDArray[np.float64]) -> Floats:
    """Each pixel taken from the place (y, x), bilinearly.

    values: (n, height, width[, 3]); y, x: (height, width) places in the image, the same for all.
    That is linear in the pixels, so one sparse matrix does all images at once.
    """
    if not len(values):
        return values
    outside = _background(values)
    matrix = _bilinear(y, x)
    pixels = np.moveaxis(values - outside, 0, -1).reshape(y.size, -1)
    made = (matrix @ pixels).reshape(*values.shape[1:], len(values))
    return np.asarray(np.moveaxis(made, -1, 0) + outside, np.float32)


def _background(values: Floats) -> Floats:
    """(n, 1, 1[, 3]) the median of each image's border, by channel."""
    edges = [values[:, 0], values[:, -1], values[:, :, 0], values[:, :, -1]]
    return np.asarray(np.median(np.concatenate(edges, axis=1), axis=1)[:, None, None], np.float32)


def _bilinear(y: NDArray[np.float64], x: NDArray[np.float64]) -> "sparse.csr_array":
    """(pixels, pixels) weights; places outside the image count as 0."""
    from scipy import sparse  # noqa: PLC0415 - heavy

    height, width = y.shape
    up, left = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    rows, columns, weights = [], [], []
    for row, down in ((up, up + 1 - y), (up + 1, y - up)):
        for column, across in ((left, left + 1 - x), (left + 1, x - left)):
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            rows.append(np.flatnonzero(inside))
            columns.append((row * width + column)[inside])
            weights.append((down * across)[inside])
    entries = np.concatenate(weights).astype(np.float32)
    places = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array((entries, places), shape=(y.size, y.size))
