"""How far the best of several lies above the truth because the same rows chose it, and scored it.

Bootstrap bias correction: rows are drawn with replacement, the best is chosen by the rows drawn
and scored on those left out. Tsamardinos, Greasidou and Borboudakis, "Bootstrapping the
out-of-sample predictions for efficient and accurate cross-validation", Machine Learning 107 (2018).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.predictions import Predictions
from vestry.schema.models import ScoredModel
from vestry.schema.optimism import BestOfSeveral, Optimism
from vestry.storage.tried import Losses, Tried, TriedTrials

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


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen among, on the rows that chose.

    right: (rows, candidates) whether each is right on each row, or the share of its seeds that is;
    in the order in which they were tried. taken: the one that was; None for the first that is best.
    by: (rows, candidates) the figure that chooses by its mean, the higher the better; None for
    `right`. min_delta: a later one is taken only where its mean is higher by more than this.
    counts: so many candidates at a time, in their order, of which first the best by `by` is taken;
    then among these, by `then_by`; None where all are one choice.
    """

    right: Figures
    taken: int | None = None
    by: Figures | None = None
    min_delta: float = 0.0
    counts: Sequence[int] | None = None
    then_by: Figures | None = None

    def best(self, weights: _Floats) -> _Picks:
        """(resamples,) what is chosen by rows of these weights, (resamples, rows)."""
        means = self._means(weights, self.by)
        if self.counts is None:
            return _first_best(means, self.min_delta)
        edges = np.cumsum([0, *self.counts])
        each = [
            start + _first_best(means[:, start:end], self.min_delta)
            for start, end in pairwise(edges.tolist())
        ]
        ends = np.stack(each, axis=1)
        reached = np.take_along_axis(self._means(weights, self.then_by), ends, axis=1)
        return np.take_along_axis(ends, _first_best(reached)[:, None], axis=1)[:, 0]

    def _means(self, weights: _Floats, by: Figures | None) -> _Floats:
        figures = np.asarray(self.right if by is None else by, np.float32)
        return np.asarray(weights @ figures / weights.sum(axis=1, keepdims=True))


def _first_best(means: _Floats, min_delta: float = 0.0) -> _Picks:
    """(resamples,) the best of (resamples, candidates): the first among equals."""
    best, picks = means[:, 0], np.zeros(len(means), dtype=np.int64)
    for place in range(1, means.shape[1]):
        better = means[:, place] > best + min_delta + _ROUNDING
        best, picks = np.where(better, means[:, place], best), np.where(better, place, picks)
    return picks


def optimism(choice: Choice) -> float:
    """How much of the accuracy of the one chosen, on the rows that chose it, is due to the choice.

    A share in 0..1, 0 with fewer than two candidates. It is what all rows choose, less what each
    resample's rows choose, both scored on the rows which the resample left out, in the mean over
    resamples: so rows that happen to be easy cancel.
    """
    right = np.asarray(choice.right, np.float32)
    rows, count = right.shape
    if count < 2 or rows < 2:
        return 0.0
    taken = choice.taken
    if taken is None:
        taken = int(choice.best(np.ones((1, rows), np.float32))[0])
    weights, step = _weights(rows), max(1, _CELLS // rows)
    lost = [
        _lost(choice, right, weights[start : start + step], taken)
        for start in range(0, len(weights), step)
    ]
    return max(0.0, float(np.concatenate(lost).mean()))


def _lost(choice: Choice, right: _Floats, drawn: NDArray[np.uint8], taken: int) -> _Floats:
    """(resamples,) how much less often right, on rows left out, what a resample chooses is."""
    weights = drawn[(drawn == 0).any(axis=1)].astype(np.float32)
    left_out = (weights == 0).astype(np.float32)
    picks = choice.best(weights)
    scores = left_out @ right / left_out.sum(axis=1, keepdims=True)
    return np.asarray(scores[:, taken] - scores[np.arange(len(picks)), picks])


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


# What a model has from choices that were made by the validation rows.


def optimism_of_member(
    epochs: Sequence[Tried | None], trials: TriedTrials | None, right: NDArray[np.bool_]
) -> Optimism | None:
    """None where nothing was chosen by the validation rows.

    epochs: of each seed's network; trials: of the search; None where there was no such choice.
    right: (seeds, rows) of the models that were fitted in the end. Choices by other rows, inside of
    folds, flatter no figure of these, and are left out.
    """
    rows = right.shape[1]
    known = [tried for tried in epochs if tried is not None and len(tried.right) == rows]
    stopped = fmean(map(_of_epochs, known)) if known else None
    searched = None
    if trials is not None and len(trials.each[0].right) == rows:
        searched = _of_search(trials, right)
    if stopped is None and searched is None:
        return None
    return _together(float(right.mean()), stopped, searched)


def _of_epochs(tried: Tried) -> float:
    return optimism(Choice(tried.right, tried.taken, _by_loss(tried.loss), tried.min_delta))


def _by_loss(loss: Losses | None) -> Figures | None:
    return None if loss is None else np.negative(loss)


def _of_search(trials: TriedTrials, right: NDArray[np.bool_]) -> float:
    """What the best trial has from being that, beyond what its own epochs' choice gave it, by what
    of it the models have that were fitted in the end."""
    ends = np.stack([trial.right[:, trial.taken] for trial in trials.each], axis=1)
    kept = fmean(carried_over(own, ends, trials.taken) for own in right)
    best = trials.each[trials.taken]
    return kept * max(0.0, optimism(_nested(trials)) - _of_epochs(best))


def _nested(trials: TriedTrials) -> Choice:
    """All epochs of all trials: first each trial's best one, then the best trial."""
    counts = [trial.right.shape[1] for trial in trials.each]
    losses = [np.negative(trial.loss) for trial in trials.each if trial.loss is not None]
    by = np.concatenate(losses, axis=1) if losses else None
    return Choice(
        right=np.concatenate([trial.right for trial in trials.each], axis=1),
        taken=sum(counts[: trials.taken]) + trials.each[trials.taken].taken,
        by=by,
        min_delta=trials.each[0].min_delta,
        counts=counts,
        then_by=by if trials.by_loss else None,
    )


def _together(accuracy: float, stopped: float | None, searched: float | None) -> Optimism:
    left = accuracy - (stopped or 0.0) - (searched or 0.0)
    return Optimism(early_stopping=stopped, search=searched, corrected=max(0.0, left))


def optimism_of_committee(members: Sequence[ScoredModel], accuracy: float) -> Optimism | None:
    """As its members' in the mean: what is flattered in them goes into its answers.

    accuracy: the committee's own on the validation rows. None where no member has any.
    """
    found = [member.optimism for member in members]
    parts = {
        key: [getattr(each, key) if each else None for each in found]
        for key in ("early_stopping", "search")
    }
    if not any(found):
        return None
    return _together(accuracy, *(_mean(values) for values in parts.values()))


def _mean(values: Sequence[float | None]) -> float | None:
    """Over all members, who have 0 where nothing was chosen; None where it is of none."""
    if all(value is None for value in values):
        return None
    return fmean(value or 0.0 for value in values)


def best_of_several(
    ranked: Mapping[str, ScoredModel], evidence: Predictions
) -> BestOfSeveral | None:
    """What the first has from being first; ranked: by name, in the order of the ranking.

    None for a single model, and without validation rows.
    """
    truth = evidence.truths["validation"]
    if len(ranked) < 2 or not len(truth):
        return None
    right = np.stack(
        [(evidence.labels(name, "validation") == truth).mean(axis=0) for name in ranked], axis=1
    )
    corrected = np.array([entry.corrected_accuracy for entry in ranked.values()])
    found = optimism(Choice(right - (right.mean(axis=0) - corrected), taken=0))
    return BestOfSeveral(
        models=len(ranked),
        first=next(iter(ranked)),
        optimism=found,
        corrected=max(0.0, float(corrected[0]) - found),
    )
