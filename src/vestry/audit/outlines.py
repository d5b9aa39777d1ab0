"""Images as their outlines: where light changes and which way, each part as strong as any other.

Two pictures of unlike things agree in what is broad (a sky above, a horizon), not in their outlines
all over the image; one picture agrees with itself there under another brightness, contrast or
compression and when it is moved by a pixel. Every image's gradients over their own local strength,
as in histograms of oriented gradients (Dalal and Triggs, "Histograms of oriented gradients for
human detection", CVPR 2005), but kept in place.
"""

import numpy as np
from numpy.typing import NDArray

_BLUR, _AROUND = 1.0, 3.0
"""Standard deviations in pixels: of the smoothing, and of where a gradient's strength is measured
in."""
_FAINT = 0.05
"""Of an image's mean strength: what is fainter than that counts less."""
_NO_CHANGE = 1e-10
"""Of an image's mean square: less is what 32-bit numbers were rounded to."""
_STEP = 2
"""Pixels from one gradient to the next; smoothing leaves nothing finer."""
_CHUNK = 1024
_SMALLEST_SIDE = 16
"""In smaller images everything has the same few outlines."""


def has_outlines(shape: tuple[int, ...]) -> bool:
    return min(shape[:2]) >= _SMALLEST_SIDE


def outlines(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, d) float32 of length 1, zeros for an image without any change.

    images: (n, height, width[, 3]), at least 16 pixels each way, in any scale of brightness;
    colours are averaged.
    """
    parts = [_outlines(images[start : start + _CHUNK]) for start in range(0, len(images), _CHUNK)]
    return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)


def _outlines(images: NDArray[np.float32]) -> NDArray[np.float32]:
    grey = images.mean(axis=3) if images.ndim == 4 else images
    smooth = _smoothed(grey, _BLUR)
    down = smooth[:, 2:, 1:-1] - smooth[:, :-2, 1:-1]
    across = smooth[:, 1:-1, 2:] - smooth[:, 1:-1, :-2]
    strength = _smoothed(down**2 + across**2, _AROUND)
    usual = strength.mean(axis=(1, 2), keepdims=True)
    usual[usual <= _NO_CHANGE * (grey**2).mean(axis=(1, 2), keepdims=True)] = np.inf
    weight = 1 / np.sqrt(strength + _FAINT * usual)
    both = np.stack([down * weight, across * weight], axis=3)[:, ::_STEP, ::_STEP]
    flat = both.reshape(len(images), -1)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.where(lengths > 0, lengths, 1), np.float32)


def _smoothed(images: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    """(n, height, width) under a Gaussian, the border continued."""
    down, across = (_gaussian(size, deviation) for size in images.shape[1:])
    return np.asarray(down @ images @ across.T, np.float32)


def _gaussian(size: int, deviation: float) -> NDArray[np.float32]:
    """(size, size) what each pixel takes of each other; rows sum to 1."""
    reach = round(3 * deviation)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (steps / deviation) ** 2)
    matrix = np.zeros((size, size), np.float32)
    for step, weight in zip(steps, weights / weights.sum(), strict=True):
        at = np.clip(np.arange(size) + step, 0, size - 1)
        matrix[np.arange(size), at] += weight
    return matrix
