"""What of the tried models is worth the time that is left, and for how many epochs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vestry.pipeline.tryout.candidates import Candidate
from vestry.pipeline.tryout.screening import Trial

_MOST_MODELS, _MOST_NETWORKS = 5, 3
_LEAST_EPOCHS, _FEWEST_EPOCHS, _MOST_EPOCHS = 15, 3, 40
_PASSES = 2_900
"""Over the root of the rows: the epochs that few rows may be given, 290 of 100 and 130 of 500."""
_SEEN = 120_000
"""Training images, each epoch's counted, that a network should see: of many rows few epochs do."""
_MORE_ROWS = 4
"""From so many times the rows of the trials on, networks gain on the others, as rows do most for
them: then the best of them comes first."""
_ONE_SHARE = 0.5
"""Of the time, for one model beside others."""
_CHEAP = 0.05
"""Of the time: a model that takes no more is kept for being among the best, though a dear one
before it has left next to nothing; then networks have a few epochs less."""
_NEAR = 0.05
"""In accuracy: what is so near the best of the trials may be taken for its speed."""
_CAUTION = 0.75
"""Of the time that is planned with: what a fit takes is only known from smaller ones."""
_BESIDE = 0.6
"""Of what one core does alone, each further one: the trials, too, were fitted side by side."""


@dataclass(frozen=True)
class Allotment:
    """kept: best first in the trials. passes: of its networks over the `rows` to learn from; None
    without any. dropped: each with the reason."""

    kept: list[Candidate]
    passes: int | None
    dropped: dict[str, str]
    rows: int

    def has_best_of(self, trials: Sequence[Trial]) -> bool:
        """Whether the best of the trials is kept; so it is where all failed."""
        good = [trial for trial in trials if trial.accuracy is not None]
        best = max(good, key=lambda trial: trial.accuracy or 0.0, default=None)
        return best is None or best.candidate in self.kept


@dataclass(frozen=True)
class _Work:
    """Rows to learn from, fits of each model, images that are only asked about, cores, and seconds
    for all."""

    rows: int
    fits: int
    tested: int
    cores: int
    seconds: float

    @property
    def turns(self) -> float:
        """Fits that a model waits for: those of folds, one a core, go side by side."""
        return self.fits / (1 + _BESIDE * (min(self.fits, self.cores) - 1))


def allot(
    trials: Sequence[Trial], rows: int, fits: int, seconds: float, tested: int = 0, cores: int = 1
) -> Allotment:
    """The best of the trials that the time is enough for; what is left goes to networks' epochs.

    trials: best first, each candidate once. rows: to learn from in the end. fits: of each model,
    with those of folds. seconds: what is left for all fits. tested: images that are only asked
    about, which pass a backbone as well. cores: to fit on.
    """
    time = _CAUTION * seconds
    work = _Work(rows, fits, tested, cores, time)
    kept: list[Trial] = []
    dropped: dict[str, str] = {}
    for trial in _by_promise(trials, rows):
        reason = _why_not(trial, kept, work, time)
        if reason:
            dropped[trial.candidate.name] = reason
        else:
            kept.append(trial)
            time -= _needed(trial, work)
    if not kept:  # one, for as few epochs as it takes
        kept = _quickest_of_the_best(trials, rows)
        time -= sum(_needed(trial, work) for trial in kept)
    networks = [trial for trial in kept if trial.candidate.is_network]
    a_round = work.turns * sum(trial.seconds_for(rows) for trial in networks)
    more = math.floor(time / a_round) if a_round else 0
    passes = max(1, min(_most_epochs(rows), least_epochs(rows) + more))
    names = {trial.candidate.name for trial in kept}
    dropped = {name: reason for name, reason in dropped.items() if name not in names}
    return Allotment([each.candidate for each in kept], passes if networks else None, dropped, rows)


def least_epochs(rows: int) -> int:
    return max(_FEWEST_EPOCHS, min(_LEAST_EPOCHS, round(_SEEN / rows)))


def _most_epochs(rows: int) -> int:
    """Networks go on gaining for some hundred steps, which few rows make only in many epochs."""
    return max(_MOST_EPOCHS, round(_PASSES / math.sqrt(rows)))


def _by_promise(trials: Sequence[Trial], rows: int) -> list[Trial]:
    """As they came, but the networks first where there are many more rows than were tried."""
    tried = max(trial.rung.rows for trial in trials)
    if rows < _MORE_ROWS * tried:
        return list(trials)
    return sorted(trials, key=lambda trial: not trial.candidate.is_network)


def _needed(trial: Trial, work: _Work) -> float:
    """Seconds at least."""
    epochs = least_epochs(work.rows) if trial.candidate.is_network else 1
    passing = trial.passing * (work.rows + work.tested)
    return passing + trial.seconds_for(work.rows) * work.turns * epochs


def _why_not(trial: Trial, kept: Sequence[Trial], work: _Work, time: float) -> str | None:
    if trial.accuracy is None:
        return "failed or took too long"
    if len(kept) == _MOST_MODELS:
        return "was behind in the trials"
    alike = [each for each in kept if each.candidate.is_network]
    if trial.candidate.is_network and len(alike) == _MOST_NETWORKS:
        return "was behind in the trials"
    needed = _needed(trial, work)
    if needed > max(time * (_ONE_SHARE if kept else 1), _CHEAP * work.seconds):
        return f"would take about {max(1, round(needed)):,} s"
    return None


def _quickest_of_the_best(trials: Sequence[Trial], rows: int) -> list[Trial]:
    """Where there is too little time for any: a late answer helps more than a wrong one."""
    known = [(trial.accuracy, trial) for trial in trials if trial.accuracy is not None]
    best = max((accuracy for accuracy, _ in known), default=0.0)
    near = [trial for accuracy, trial in known if accuracy >= best - _NEAR]
    return sorted(near, key=lambda trial: trial.seconds_for(rows))[:1]
