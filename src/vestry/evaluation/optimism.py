"""How far the best of several lies above the truth because the same rows chose it, and scored it.

Bootstrap bias correction: rows are drawn with replacement, the best is chosen by the rows drawn
and scored on those left out. Tsamardinos, Greasidou and Borboudakis, "Bootstrapping the
out-of-sample predictions for efficient and accurate cross-validation", Machine Learning 107 (2018).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.floating] | NDArray[np.bool_]
_Floats = NDArray[np.float32]
_Picks = NDArray[np.int64]

_RESAMPLES = 1000
_FEWEST = 200
_DRAWN = 6_000_000
"""Rows drawn in all resamples together: of many rows fewer resamples are as good."""
_CELLS = 2_000_000
"""Rows drawn that are worked on at once."""
_SEED = 0
_ROUNDING = 1e-6


def optimism(
    right: Figures, by: Figures | None = None, taken: int | None = None, min_delta: float = 0.0
) -> float:
    """How much of the accuracy of the one chosen, on the rows that chose it, is due to the choice.

    right: (rows, candidates) whether each is right on each row, or the share of its seeds that is;
    in the order in which they were tried. by: (rows, candidates) the figure that chooses by its
    mean, the higher the better; None for `right` itself. taken: the one that was chosen; None for
    the first that is best. min_delta: a later one is taken only where its mean is higher by more
    than this. Gives a share in 0..1, 0 with fewer than two candidates.

    It is what all rows choose, less what each resample's rows choose, both scored on the rows which
    the resample left out, in the mean over resamples: so rows that happen to be easy cancel.
    """
    scored = np.asarray(right, np.float32)
    rows, count = scored.shape
    if count < 2 or rows < 2:
        return 0.0
    choosing = scored if by is None else np.asarray(by, np.float32)
    if taken is None:
        taken = int(_chosen(choosing.mean(axis=0, keepdims=True), min_delta)[0])
    weights, step = _weights(rows), max(1, _CELLS // rows)
    lost = [
        _lost(scored, choosing, weights[start : start + step], taken, min_delta)
        for start in range(0, len(weights), step)
    ]
    return max(0.0, float(np.concatenate(lost).mean()))


def _lost(
    right: _Floats, by: _Floats, drawn: NDArray[np.uint8], taken: int, min_delta: float
) -> _Floats:
    """(resamples,) how much less often right, on rows left out, what a resample chooses is."""
    weights = drawn[(drawn == 0).any(axis=1)].astype(np.float32)
    left_out = (weights == 0).astype(np.float32)
    picks = _chosen(weights @ by / weights.sum(axis=1, keepdims=True), min_delta)
    scores = left_out @ right / left_out.sum(axis=1, keepdims=True)
    return np.asarray(scores[:, taken] - scores[np.arange(len(picks)), picks])


def _chosen(means: _Floats, min_delta: float) -> _Picks:
    """(resamples,) the best of (resamples, candidates): the first among equals."""
    best, picks = means[:, 0], np.zeros(len(means), dtype=np.int64)
    for place in range(1, means.shape[1]):
        better = means[:, place] > best + min_delta + _ROUNDING
        best, picks = np.where(better, means[:, place], best), np.where(better, place, picks)
    return picks


@lru_cache(maxsize=1)
def _weights(rows: int) -> NDArray[np.uint8]:
    """(resamples, rows) how often each row was drawn; the same ones each time."""
    rng = np.random.default_rng(_SEED)
    resamples = min(_RESAMPLES, max(_FEWEST, _DRAWN // rows))
    drawn = (rng.integers(0, rows, rows) for _ in range(resamples))
    return np.stack([np.bincount(each, minlength=rows).astype(np.uint8) for each in drawn])


def carried_over(right: Figures, trials: Figures, taken: int) -> float:
    """Which share of a trial's luck on single rows the model has that was fitted after it.

    right: (rows,) of that model; trials: (rows, trials). 1 where it is right on the same rows as
    the trial that was taken, 0 where what that trial has over the others' mean tells nothing of
    what the model has: the slope of the one on the other. A model fitted anew, in full or with
    another seed, keeps what the settings do to single rows, and not what that fit did.
    """
    usual = np.asarray(trials, np.float64).mean(axis=1)
    lucky, own = (np.asarray(each, np.float64) - usual for each in (trials[:, taken], right))
    lucky, own = lucky - lucky.mean(), own - own.mean()
    spread = float(lucky @ lucky)
    return min(1.0, max(0.0, float(lucky @ own) / spread)) if spread else 0.0
