"""A search whose trials are drawn several at a time.

A batch is drawn knowing how all batches before it ended, and no more. Its trials may then be fitted
anywhere, at once and in any order; they are told in the order of their numbers. So what a search
comes to depends on its settings alone, not on what was done with first.
"""

import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from vestry.search.ending import Ending
from vestry.search.space import Choice, SearchSettings
from vestry.search.trials import LEAST_EPOCHS, LEAST_TRIALS, Search, Trial

_STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


@dataclass(frozen=True)
class Asked:
    """A trial to be fitted. number: from 0. limits: by epoch, the validation loss above which it is
    stopped, if it has not been below it in an epoch before."""

    number: int
    values: dict[str, Any]
    limits: dict[int, float]


class Batches:
    """As `Search`, in memory: `ask`, then `tell`, until `is_over`."""

    def __init__(self, space: Mapping[str, Choice], settings: SearchSettings, sign: int) -> None:
        self.search = Search(space, settings, None, sign)
        self.settings = settings
        self.sign = sign
        self.drawn: list[optuna.Trial] = []

    @property
    def numbers(self) -> set[int]:
        """Of the trials of the batch."""
        return {trial.number for trial in self.drawn}

    @property
    def is_over(self) -> bool:
        return not self.drawn and len(self.search.study.trials) >= self.settings.trials

    def ask(self) -> list[Asked]:
        """The next batch, without trials whose values were drawn before, in it or earlier."""
        limits, asked = self.limits(), []
        while len(self.drawn) < self.settings.batch and (trial := self.search.ask()):
            drawn = self.search.draw(trial)
            self.drawn.append(trial)
            if self.search.same_before(trial.number, drawn) is None:
                asked.append(Asked(trial.number, self.search.values(drawn), limits))
        return asked

    def tell(self, endings: Mapping[int, Ending]) -> None:
        """How the trials of the batch ended, by number; all that were asked for."""
        for trial in self.drawn:
            if trial.number in endings:
                self.tell_one(trial, endings[trial.number])
            else:
                before = self.search.same_before(trial.number, trial.params)
                assert before is not None  # noqa: S101 - for the type checker: see `ask`
                self.search.repeat(trial, before)
        self.drawn.clear()

    def tell_one(self, trial: optuna.Trial, ending: Ending) -> None:
        for epoch, loss in ending.losses.items():
            trial.report(-loss, epoch)
        for key in ("validation_loss", "epochs_run", "seconds", "reason"):
            if (fact := getattr(ending, key)) is not None:
                trial.set_user_attr(key, fact)
        if ending.score is None:
            self.search.study.tell(trial, state=_STATES[ending.state])
        else:
            self.search.study.tell(trial, self.sign * ending.score)

    def limits(self) -> dict[int, float]:
        """The median loss of complete trials after each epoch, as optuna's pruner of a trial at a
        time has it; none before there are enough of them."""
        complete = self.search.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if not self.settings.pruning or len(complete) < LEAST_TRIALS:
            return {}
        losses: dict[int, list[float]] = defaultdict(list)
        for trial in complete:
            for epoch, value in trial.intermediate_values.items():
                losses[epoch].append(-value)
        return {
            epoch: statistics.median(found)
            for epoch, found in sorted(losses.items())
            if epoch >= LEAST_EPOCHS
        }

    def trials(self) -> list[Trial]:
        """All that are told, in order."""
        return [self.search.shown(trial) for trial in self.search.study.trials]

    def save(self, path: Path) -> None:
        """Write its journal."""
        self.search.copy_journal(path)
