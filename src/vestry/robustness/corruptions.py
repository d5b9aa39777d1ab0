"""Images made worse, one way and one strength at a time; what is random follows from the row's id.

So every model sees the same altered images, and a row is altered alike whatever rows stand beside
it. Kinds and strengths follow Hendrycks and Dietterich, "Benchmarking neural network robustness to
common corruptions and perturbations" (ICLR 2019), in units relative to the image.
"""

import hashlib
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse, special

from vestry.robustness.severities import Kind, Rung

Images = NDArray[np.uint8]
Floats = NDArray[np.float32]
Draws = NDArray[np.uint64]

CHUNK_VALUES = 8_000_000
_DIRECTIONS = 8
_TOP = 255
_MIDDLE = 128


def altered(images: Images, ids: NDArray[np.str_], rung: Rung, seed: int) -> Images:
    """Every image as `rung` leaves it.

    images: (n, height, width[, 3]) uint8; ids: (n,) the rows' ids. Returns an array of the same
    shape and type. Where something comes in from outside the image, it is the median of the
    image's own border, which is the background of most.
    """
    result = np.empty_like(images)
    for part in _chunks(images):
        values = images[part].astype(np.float32)
        made = _ALTERATIONS[rung.kind](values, rung.strength, _draws(ids[part], rung, seed))
        np.rint(np.clip(made, 0, _TOP, out=made), out=made)
        result[part] = made
    return result


def _chunks(images: Images) -> Iterator[slice]:
    """Rows at a time, so that large images never stand in memory as floats all at once."""
    rows = max(1, CHUNK_VALUES // max(1, int(np.prod(images.shape[1:]))))
    return (slice(start, start + rows) for start in range(0, len(images), rows))


def _draws(ids: NDArray[np.str_], rung: Rung, seed: int) -> Draws:
    """(n, 2) random numbers of 64 bits that follow from seed, rung and id alone, on any machine."""
    names = [f"{seed}/{rung.name}/{name}".encode() for name in ids.tolist()]
    drawn = b"".join(hashlib.blake2b(name, digest_size=16).digest() for name in names)
    return np.frombuffer(drawn, "<u8").reshape(-1, 2)


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


def noise(values: Floats, part: float, drawn: Draws) -> Floats:
    """Gaussian noise, its deviation `part` of the range of grey values."""
    result = np.empty_like(values)
    for row, key in enumerate(drawn):
        random = np.random.Generator(np.random.Philox(key=key))
        random.standard_normal(dtype=np.float32, out=result[row])
    result *= np.float32(part * _TOP)
    return values + result


def blur(values: Floats, part: float, _: Draws) -> Floats:
    """Gaussian blur, its deviation `part` of a side (of the geometric mean of both)."""
    height, width = values.shape[1:3]
    kernel = gaussian(part * (height * width) ** 0.5)
    down = ndimage.correlate1d(values, kernel, axis=1, mode="nearest")
    return np.asarray(ndimage.correlate1d(down, kernel, axis=2, mode="nearest"))


def gaussian(deviation: float) -> NDArray[np.float64]:
    """Weights of a pixel's neighbours, pixels being areas: taken at points alone, a Gaussian
    narrower than a pixel would leave small images as they are."""
    reach = int(np.ceil(4 * deviation)) + 1
    x = np.arange(-reach - 1, reach + 2) / deviation
    twice = deviation * (x * special.ndtr(x) + np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
    weights = np.diff(twice, 2)
    return np.asarray(weights / weights.sum())


def contrast(values: Floats, lost: float, _: Draws) -> Floats:
    """Every value moved towards the image's mean by `lost` of the way."""
    mean = values.mean(axis=tuple(range(1, values.ndim)), keepdims=True, dtype=np.float64)
    mean = mean.astype(np.float32)
    return np.asarray(mean + np.float32(1 - lost) * (values - mean), np.float32)


def inversion(values: Floats, part: float, _: Draws) -> Floats:
    """Solarised: the brightest `part` of the range of grey values becomes its negative.

    A blend with the negative would pass through plain grey, which measures contrast once more.
    """
    return np.where(values >= _TOP * (1 - part), _TOP - values, values)


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


_Alteration = Callable[[Floats, float, Draws], Floats]
_ALTERATIONS: dict[Kind, _Alteration] = {
    "shift": shift,
    "rotation": rotation,
    "noise": noise,
    "blur": blur,
    "contrast": contrast,
    "inversion": inversion,
    "occlusion": occlusion,
}


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


def _bilinear(y: NDArray[np.float64], x: NDArray[np.float64]) -> sparse.csr_array:
    """(pixels, pixels) weights; places outside the image count as 0."""
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
