"""What scores are sums of: a number a row, of (rows, classes) probabilities and (rows,) labels."""

import numpy as np
from numpy.typing import NDArray

from vestry.predictions.sums import BINS, Floats, Placed, equal_mass_bins
from vestry.predictions.table import Labels


def predicted(values: Floats, truth: Labels) -> Placed:
    """1 for each row, by the class that it was taken for."""
    return Placed(values.argmax(axis=1), np.ones(len(truth)), values.shape[1])


def right(values: Floats, truth: Labels) -> Placed:
    """1 for each row that was taken for what it is, by that class."""
    labels = values.argmax(axis=1)
    return Placed(labels, labels == truth, values.shape[1])


def of_class(values: Floats, truth: Labels) -> Placed:
    """1 for each row, by the class that it is of."""
    return Placed(truth, np.ones(len(truth)), values.shape[1])


def right_at_half(values: Floats, truth: Labels) -> NDArray[np.bool_]:
    """1 where the true class has a probability above 0.5."""
    return np.asarray(values[np.arange(len(truth)), truth] > 0.5)


def claimed_at_half(values: Floats, truth: Labels) -> Labels:  # noqa: ARG001
    """1 where some class has a probability above 0.5; two cannot."""
    return np.asarray((values > 0.5).sum(axis=1))


def log_losses(values: Floats, truth: Labels) -> Floats:
    """Negative log probability of the truth, in nats; clipped as scikit-learn does."""
    tiny = np.finfo(np.float64).eps
    given = values[np.arange(len(truth)), truth] / values.sum(axis=1)
    return np.asarray(-np.log(np.clip(given, tiny, 1 - tiny)))


def briers(values: Floats, truth: Labels) -> Floats:
    """Squared distances from the truth as (0, .., 1, .., 0), 0 to 2."""
    return np.asarray((values**2).sum(axis=1) - 2 * values[np.arange(len(truth)), truth] + 1)


def gaps(values: Floats, truth: Labels) -> Placed:
    """Confidence less 1 where it is right, by the bin that the row's confidence is in."""
    confidence, hit = values.max(axis=1), values.argmax(axis=1) == truth
    bins = np.empty(len(truth), dtype=np.int64)
    for number, part in enumerate(equal_mass_bins(confidence)):
        bins[part] = number
    return Placed(bins, confidence - hit, BINS)
