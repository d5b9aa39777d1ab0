"""What lies behind the object of a photograph: its colour, its unevenness, where it ends.

After Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
Learning Algorithms" (2017), section 2: edges go that lie within 5% of the largest possible distance
in RGB from the corner's colour. A photograph has no such even background, so a plane is fitted to
each channel along the whole border, and its noise widens the tolerance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Floats = NDArray[np.float32]
Box = tuple[int, int, int, int]

_FARTHEST = float(np.sqrt(3) * 255)
"""The distance in RGB between black and white."""
_NEAR = 0.05
"""Of FARTHEST: what counts as the background's colour in the published method."""
_NOISE = 3.5
"""Times the border's median distance: what counts as background in a noisy photograph."""
_WIDEST = 0.2
"""Of FARTHEST: a tolerance beyond it would take objects for background."""
_PLAIN = 0.55
"""Share of the border within the tolerance, from which on a background is one."""
_RING = 0.03
"""Of the shorter side: how wide the border is that the background is read from."""
_RING_PIXELS = 2000
_ROUNDS = 12
_LEAST_SHARE = 0.02
"""Of the object's pixels: smaller pieces apart from it are dust."""
_SMALLEST_FILTERED = 64
"""Pixels of the shorter side, from which on noise is averaged away."""


@dataclass(frozen=True, eq=False)
class Background:
    """level: (height, width, 3), the background's colour at each pixel, 0 to 255. distance:
    (height, width), each pixel's from it in RGB. tolerance: distances up to it are background.
    plain: whether most of the border agrees with such a background."""

    level: Floats
    distance: Floats
    tolerance: float
    plain: bool

    @classmethod
    def of(cls, picture: Image.Image) -> "Background":
        """Of an RGB picture."""
        smooth = picture
        if min(picture.size) >= _SMALLEST_FILTERED:
            smooth = picture.filter(ImageFilter.BoxBlur(1))
        pixels = np.asarray(smooth, np.float32)
        height, width = pixels.shape[:2]
        ring = _ring_of(height, width)
        planes = _fitted_planes(_places(height, width)[ring], pixels[ring])
        level = np.clip(_places(height, width) @ planes, 0, 255)
        distance = np.sqrt(((pixels - level) ** 2).sum(axis=2))
        noise = float(np.median(distance[ring]))
        tolerance = min(max(_NEAR, _NOISE * noise / _FARTHEST), _WIDEST) * _FARTHEST
        plain = float((distance[ring] <= tolerance).mean()) >= _PLAIN
        return cls(level, distance, tolerance, plain)

    @property
    def object(self) -> NDArray[np.bool_]:
        """(height, width), where the picture is not background."""
        return self.distance > self.tolerance

    @property
    def matte(self) -> Floats:
        """(height, width), 0 on the background, 1 on the object, with a soft edge."""
        half = self.tolerance / 2
        soft: Floats = np.clip((self.distance - half) / half, 0, 1)
        return soft

    @property
    def box(self) -> Box | None:
        """(left, top, right, bottom) around the object; None where there is nothing but
        background."""
        mask = self.object
        rows, columns = _span(mask.sum(axis=1)), None
        if rows is not None:
            columns = _span(mask[rows[0] : rows[1]].sum(axis=0))
        if rows is None or columns is None:
            return None
        rows = _span(mask[:, columns[0] : columns[1]].sum(axis=1)) or rows
        return columns[0], rows[0], columns[1], rows[1]

    def cropped(self, box: Box) -> "Background":
        left, top, right, bottom = box
        part = (slice(top, bottom), slice(left, right))
        return Background(self.level[part], self.distance[part], self.tolerance, self.plain)


def _places(height: int, width: int) -> Floats:
    """(height, width, 3): 1 and each pixel's place from -1 to 1, what a plane is made of."""
    y, x = np.meshgrid(
        np.linspace(-1, 1, height, dtype=np.float32),
        np.linspace(-1, 1, width, dtype=np.float32),
        indexing="ij",
    )
    return np.stack([np.ones_like(x), x, y], axis=2)


def _ring_of(height: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of _RING_PIXELS or fewer pixels along the border."""
    thick = max(1, round(_RING * min(height, width)))
    inside = np.zeros((height, width), bool)
    inside[thick : height - thick, thick : width - thick] = True
    rows, columns = np.nonzero(~inside)
    step = -(-len(rows) // _RING_PIXELS)
    return rows[::step], columns[::step]


def _fitted_planes(places: Floats, colours: Floats) -> Floats:
    """(3, channels): the planes with the least sum of distances, by reweighted least squares.

    An object that touches the border is an outlier, and least squares alone would follow it.
    """
    weights = np.ones(len(places), np.float32)
    planes = np.zeros((3, colours.shape[1]), np.float32)
    planes[0] = np.median(colours, axis=0)
    for _ in range(_ROUNDS):
        distance = np.sqrt(((colours - places @ planes) ** 2).sum(axis=1))
        weights = 1 / np.maximum(distance, 1.0)
        weighted = places * weights[:, None]
        # A little towards even: a picture of one row or column does not determine a plane.
        square = weighted.T @ places + np.diag([0, 1e-3, 1e-3]).astype(np.float32)
        planes = np.linalg.solve(square, weighted.T @ colours).astype(np.float32)
    return planes


def _span(counts: NDArray[np.int64]) -> tuple[int, int] | None:
    """From where to where rows (or columns) hold the object, by how many of their pixels are it.

    Pieces with less than _LEAST_SHARE of all pixels are left out.
    """
    filled = np.concatenate([[0], (counts > 0).astype(np.int8), [0]])
    starts, ends = np.nonzero(np.diff(filled) == 1)[0], np.nonzero(np.diff(filled) == -1)[0]
    sums = np.concatenate([[0], np.cumsum(counts)])
    kept = (sums[ends] - sums[starts]) >= _LEAST_SHARE * sums[-1]
    if not kept.any():
        return None
    return int(starts[kept][0]), int(ends[kept][-1])
