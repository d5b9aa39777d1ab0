"""An interval for the expected calibration error, whose resamples are biased.

Every bin's gap is taken without its sign, so that chance alone makes an error of a calibrated
model, and resampling adds chance to chance: percentiles of resampled errors lie too high and need
not even hold the error itself. So the interval is had by test inversion (Carpenter, "Test inversion
bootstrap confidence intervals", Journal of the Royal Statistical Society B 61, 1999): gaps of the
same shape as those found, but c times as large, are put in place of the truth, and those c are kept
under which the error that was found would not be unusual.
"""

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import Interval

Floats = NDArray[np.float64]
STEPS = 40


def ece_interval(gaps: Floats, resampled: Floats, level: float) -> Interval:
    """gaps: (bins,) with sign; resampled: (bins, resamples). Both add up to an error without it.

    The low end is 0 where chance alone explains the error. The error that was found, which is too
    large on average, is never left outside.
    """
    found = float(np.abs(gaps).sum())
    noise = resampled - gaps[:, None]
    if not found:
        return 0.0, float(np.quantile(np.abs(noise).sum(axis=0), (1 + level) / 2))

    def quantile(scale: float, share: float) -> float:
        return float(np.quantile(np.abs(scale * gaps[:, None] + noise).sum(axis=0), share))

    def largest(share: float) -> float:
        """The largest scale under which this quantile is not above what was found."""
        low, high = 0.0, 1.0
        if quantile(low, share) > found:
            return 0.0
        while quantile(high, share) <= found:
            low, high = high, 2 * high
        for _ in range(STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if quantile(middle, share) <= found else (low, middle)
        return low

    return found * largest((1 + level) / 2), found * max(1.0, largest((1 - level) / 2))
