"""Which threshold on confidence keeps an accuracy among the answers, with a stated confidence.

A threshold that reaches the accuracy on validation rows falls short of it on new ones about every
second time, for it is the last that happened to reach it. Here each is tested instead: an exact
binomial test (Clopper and Pearson 1934) of "its answers are right less often than asked", in an
order that keeps the error over all of them in bounds ("learn then test": Angelopoulos, Bates,
Candes, Jordan and Lei 2021; selective classification: Geifman and El-Yaniv 2017).
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Counts = NDArray[np.int64]

_SEQUENCE = 0.8
"""Of the error that is allowed: what the tests in sequence spend; those anywhere have the rest."""
_FIRST, _LAST = 0.25, 0.5
"""Of the rows, the surest first: where the sequence starts at the earliest and, where it can, at
the latest."""
_MISTAKES = 1
"""So many must be allowed where the sequence starts: the first should not end it."""
_PLACES = 200
_HALVINGS = 10
_SLOW = 1000
"""Numbers of mistakes from which on a convolution is faster by Fourier transforms."""
_POWER = 0.8
_MOST_ROWS = 10_000_000


def guaranteed_place(
    answered: _Counts, wrong: _Counts, accuracy: float, confidence: float
) -> int | None:
    """The laxest threshold that keeps `accuracy` with `confidence`; None where none does.

    answered, wrong: (thresholds,) rows that each threshold takes, and wrong ones among them, the
    strictest first; rows of equal confidence are taken together, and the last takes every row. With
    probability `confidence` at least, over validation rows drawn like those to come, what that
    threshold answers is right with probability `accuracy` at least, wherever a surer row is no more
    often wrong than a less sure one. It is the laxer of what two tests find, which share the error
    that is allowed:

    - in sequence: from a start that the number of rows alone decides towards laxer ones, as long as
      each test rejects. Best where the surest are nearly always right.
    - anywhere: the laxest with so few mistakes that a model that is right exactly as often as asked
      has so few at any threshold only with the probability allowed. It needs no unbroken row of
      successes.
    """
    allowed, risk = 1 - confidence, 1 - accuracy
    found = max(
        _in_sequence(answered, wrong, risk, _SEQUENCE * allowed),
        _anywhere(answered, wrong, risk, (1 - _SEQUENCE) * allowed),
    )
    return None if found < 0 else found


def fewest_rows(accuracy: float, confidence: float) -> int:
    """So many answers without a mistake are the least that a guarantee can rest on."""
    return _rows_for(0, 1 - accuracy, _SEQUENCE * (1 - confidence))


def rows_that_would_do(
    answered: _Counts, wrong: _Counts, accuracy: float, confidence: float
) -> int | None:
    """About how many rows would guarantee some threshold in four of five cases.

    answered, wrong: as above. That threshold counts that needs fewest; its share of mistakes (with
    one more in two more rows, so that few rows without any prove nothing) is taken for the truth.
    None where none has a smaller one than is asked, or more than 10 million rows would be needed.
    """
    risk, found = 1 - accuracy, (wrong + 1) / (answered + 2)
    places = np.flatnonzero(found < risk)
    if not len(places):
        return None
    normal, held = NormalDist(), found[places]
    chance = normal.inv_cdf(1 - _SEQUENCE * (1 - confidence)) * (risk * accuracy) ** 0.5
    power = normal.inv_cdf(_POWER) * np.sqrt(held * (1 - held))
    needed = np.maximum(((chance + power) / (risk - held)) ** 2, fewest_rows(accuracy, confidence))
    rows = float((needed * answered[-1] / answered[places]).min())
    return ceil(rows) if rows <= _MOST_ROWS else None


def _in_sequence(answered: _Counts, wrong: _Counts, risk: float, error: float) -> int:
    """The last place of an unbroken row of successes; -1 where the first test fails."""
    start = int(np.searchsorted(answered, _start(int(answered[-1]), risk, error)))
    failed = np.flatnonzero(_chance(wrong[start:], answered[start:], risk) > error)
    passed = int(failed[0]) if len(failed) else len(answered) - start
    return start + passed - 1 if passed else -1


def _start(rows: int, risk: float, error: float) -> int:
    """Rows that the first threshold must take; more than there are where no mistake at all would
    prove nothing."""
    comfortable = min(_rows_for(_MISTAKES, risk, error), int(_LAST * rows))
    return max(_rows_for(0, risk, error), comfortable, ceil(_FIRST * rows))


@lru_cache(maxsize=256)
def _rows_for(mistakes: int, risk: float, error: float) -> int:
    """The least number of rows among which so many mistakes are few enough for the test."""
    low = high = max(1, ceil(log(error) / log(1 - risk)))
    while _chance(mistakes, high, risk) > error:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if _chance(mistakes, middle, risk) > error else (low, middle)
    return high


def _chance(wrong: NDArray[np.int64] | int, rows: NDArray[np.int64] | int, risk: float) -> Any:
    """That at most so many of so many answers are wrong, each with probability `risk`."""
    from scipy.special import bdtr  # noqa: PLC0415 - studies are read without it

    return bdtr(wrong, rows, risk)


def _anywhere(answered: _Counts, wrong: _Counts, risk: float, error: float) -> int:
    limits = _limits(int(answered[-1]), risk, error)
    if limits is None:
        return -1
    # So few mistakes here are so few at the place before, too, where that was accounted for.
    before = np.searchsorted(limits.places, answered, side="right") - 1
    kept = np.flatnonzero((before >= 0) & (wrong <= limits.mistakes[np.maximum(before, 0)]))
    return int(kept[-1]) if len(kept) else -1


@dataclass(frozen=True, eq=False)
class _Limits:
    """places: rising numbers of rows. mistakes: the most at each; -1 where none are few enough."""

    places: _Counts
    mistakes: _Counts


@lru_cache(maxsize=64)
def _limits(rows: int, risk: float, error: float) -> _Limits | None:
    """Limits that a model of this very risk keeps at any place with probability `error` at most.

    At each place the test has the same level, the largest that keeps this: found by halving, with
    the exact probability of the walk. None where there are too few rows for any.
    """
    first = _rows_for(0, risk, error)
    if first > rows:
        return None
    places = np.unique(np.linspace(first, rows, min(_PLACES, rows - first + 1)).astype(np.int64))
    low, high = 0.0, error
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        kept = _ever_kept(places, _mistakes(places, risk, middle), risk) <= error
        low, high = (middle, high) if kept else (low, middle)
    return _Limits(places, _mistakes(places, risk, low))


def _mistakes(places: _Counts, risk: float, level: float) -> _Counts:
    """The most mistakes at each place that the test of this level rejects."""
    from scipy.stats import binom  # noqa: PLC0415 - studies are read without it

    most = np.maximum(binom.ppf(level, places, risk), 0).astype(np.int64)  # the first not rejected
    return np.asarray(most - (_chance(most, places, risk) > level))


def _ever_kept(places: _Counts, most: _Counts, risk: float) -> float:
    """The probability that mistakes, each row one with `risk`, are within `most` at any place."""
    from scipy.signal import convolve  # noqa: PLC0415 - studies are read without it
    from scipy.stats import binom  # noqa: PLC0415

    size = int(most.max()) + 1
    if size <= 0:
        return 0.0
    states = np.r_[1.0, np.zeros(size - 1)]
    steps = {
        int(step): binom.pmf(np.arange(size), step, risk)
        for step in np.unique(np.diff(places, prepend=0))
    }
    together = np.convolve if size < _SLOW else convolve
    kept = 0.0
    for step, limit in zip(np.diff(places, prepend=0).tolist(), most.tolist(), strict=True):
        states = together(states, steps[step])[:size]
        kept += float(states[: limit + 1].sum())
        states[: limit + 1] = 0
    return kept
