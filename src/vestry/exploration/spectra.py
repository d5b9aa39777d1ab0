"""Images as spectra, which a shift hardly changes."""

import numpy as np
from numpy.typing import NDArray

HIGHEST = 8
"""Waves across the image's height or width; finer ones tell noise apart rather than images."""

CHUNK = 4096


def spectra(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, d) float32 of length 1: roots of the amplitudes of each image's lowest frequencies.

    images: (n, height, width[, 3]), each with a mean of 0; colours are averaged. A shift changes
    the phase of a Fourier coefficient and not its amplitude (Oppenheim and Lim, "The importance of
    phase in signals", 1981). Hann's window makes what leaves or enters at the border count little,
    and the root lets faint frequencies count as well.
    """
    height, width = images.shape[1:3]
    down = np.flatnonzero(np.abs(np.fft.fftfreq(height, 1 / height)) <= HIGHEST)
    across = np.arange(min(HIGHEST, width // 2) + 1)
    window = np.outer(hann(height), hann(width))
    found = np.empty((len(images), len(down) * len(across)), np.float32)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK]
        grey = part.mean(axis=3) if part.ndim == 4 else part
        amplitudes = np.abs(np.fft.rfft2(grey * window))[:, down[:, None], across]
        found[start : start + CHUNK] = np.sqrt(amplitudes).reshape(len(part), -1)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.where(lengths > 0, lengths, 1), np.float32)


def hann(size: int) -> NDArray[np.float32]:
    """(size,) Hann's window, nowhere quite 0."""
    return np.asarray(np.sin(np.pi * (np.arange(size) + 0.5) / size), np.float32)
