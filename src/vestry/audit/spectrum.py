"""Images as spectra, which a shift hardly changes; and their distance where one may be shifted."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from vestry.audit.unit_vectors import SMALLEST_DEVIATION, chunks

SHIFTS = tuple(shift for shift in product((-1, 0, 1), repeat=2) if any(shift))
_SMALLEST_SIDE = 16
"""In smaller images a pixel is too much of the picture for a shift by one to be the same."""


def can_be_shifted(shape: tuple[int, ...]) -> bool:
    return min(shape[:2]) >= _SMALLEST_SIDE


def shifted_distance(
    images: NDArray[np.float32], among: NDArray[np.float32], place: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(n,) the smallest distance of each image and its own one of `among` over shifts by one pixel,
    diagonal ones too.

    images: (n, height, width[, 3]); place: (n,) which of `among` each is compared with. Compared
    are what an image holds within its border of one pixel and the part of the other that a shift
    moves there, each less its mean and over its length: so it does not matter what a shift filled
    up with. 2, the largest distance, where one of the two is constant.
    """
    found = np.full(len(images), 2.0)
    for rows in chunks(len(images), images[:1].size):
        inner, others = _parts(images[rows], 0, 0), among[place[rows]]
        for down, across in SHIFTS:
            moved = _parts(others, down, across)
            both = inner.any(axis=1) & moved.any(axis=1)
            difference = inner - moved
            distance = np.sqrt(np.einsum("ij,ij->i", difference, difference))
            found[rows] = np.where(both, np.minimum(found[rows], distance), found[rows])
    return found


def _parts(images: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """(n, values) each image but a border of one pixel, moved; less its mean, over its length."""
    height, width = images.shape[1:3]
    part = images[:, 1 + down : height - 1 + down, 1 + across : width - 1 + across]
    flat = part.reshape(len(images), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.einsum("ij,ij->i", flat, flat))
    # Of the whole image's length, which is 1.
    lengths[lengths < SMALLEST_DEVIATION] = np.inf
    return np.asarray(flat / lengths[:, None], np.float32)


# Images as spectra, which a shift hardly changes.


_HIGHEST = 8
"""Waves across the image's height or width; finer ones tell noise apart rather than images."""

_CHUNK = 4096


def spectra(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, d) float32 of length 1: roots of the amplitudes of each image's lowest frequencies.

    images: (n, height, width[, 3]), each with a mean of 0; colours are averaged. A shift changes
    the phase of a Fourier coefficient and not its amplitude (Oppenheim and Lim, "The importance of
    phase in signals", 1981). Hann's window makes what leaves or enters at the border count little,
    and the root lets faint frequencies count as well.
    """
    height, width = images.shape[1:3]
    down = np.flatnonzero(np.abs(np.fft.fftfreq(height, 1 / height)) <= _HIGHEST)
    across = np.arange(min(_HIGHEST, width // 2) + 1)
    window = np.outer(_hann(height), _hann(width))
    found = np.empty((len(images), len(down) * len(across)), np.float32)
    for start in range(0, len(images), _CHUNK):
        part = images[start : start + _CHUNK]
        grey = part.mean(axis=3) if part.ndim == 4 else part
        amplitudes = np.abs(np.fft.rfft2(grey * window))[:, down[:, None], across]
        found[start : start + _CHUNK] = np.sqrt(amplitudes).reshape(len(part), -1)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.where(lengths > 0, lengths, 1), np.float32)


def _hann(size: int) -> NDArray[np.float32]:
    """(size,) Hann's window, nowhere quite 0."""
    return np.asarray(np.sin(np.pi * (np.arange(size) + 0.5) / size), np.float32)
