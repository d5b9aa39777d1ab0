"""The trials of a search: drawn by optuna, kept in a journal, gone on with after a kill.

What trial n draws depends on the seed, on n and on the trials before it alone, so a search that
was killed and resumed ends as one that was not.
"""

import itertools
import json
import math
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from vestry.errors import VestryError, one_line
from vestry.search.ending import Pruned
from vestry.search.space import Choice, Choose, SearchSettings
from vestry.storage.run_folder import atomic_path

JOURNAL = "trials.jsonl"
LEAST_TRIALS, LEAST_EPOCHS = 5, 2
"""Before so many complete trials, and in the epochs before this one, none is pruned."""
_NAME = "search"
_STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}

Watch = Callable[[int, float], None]
"""Told the validation loss after so many epochs; raises Pruned where it is not worth going on."""
Objective = Callable[[int, dict[str, Any], Watch], dict[str, float]]
"""Fits trial n with these values; gives its validation `accuracy` and `log_loss`."""


@dataclass(frozen=True)
class Trial:
    """One trial as the results show it; `score` is None where it did not come to one."""

    number: int
    state: str
    values: dict[str, Any]
    score: float | None
    validation_loss: float | None
    epochs_run: int
    seconds: float
    reason: str | None


class Search:
    """A search over `space` whose journal lies in `folder`; in memory alone where that is None.

    sign: 1 where more of `settings.score` is better, -1 where less is: optuna maximises.
    """

    def __init__(
        self, space: Mapping[str, Choice], settings: SearchSettings, folder: Path | None, sign: int
    ) -> None:
        self.space = space
        self.settings = settings
        self.sign = sign
        self.distributions = {key: _distribution(choice) for key, choice in space.items()}
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        if folder is None:
            self.study = self.opened(InMemoryStorage())
            return
        journal = folder / JOURNAL
        try:
            self.study = self.opened(_storage(_mended(journal)))
        except Exception:  # whatever optuna makes of a journal that somebody has changed
            journal.unlink(missing_ok=True)
            self.study = self.opened(_storage(journal))

    def opened(self, storage: BaseStorage) -> optuna.Study:
        """What the journal holds so far."""
        self.storage = storage
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study = optuna.create_study(
                study_name=_NAME,
                storage=storage,
                direction="maximize",
                load_if_exists=True,
                pruner=optuna.pruners.MedianPruner(LEAST_TRIALS, LEAST_EPOCHS)
                if self.settings.pruning
                else optuna.pruners.NopPruner(),
            )
        for trial in study.trials:
            self.check(trial)
        return study

    def check(self, trial: FrozenTrial) -> None:
        """Raises ValueError where a finished trial is none of this search."""
        ended = trial.state.is_finished()
        scored = trial.state != TrialState.COMPLETE or math.isfinite(trial.value or 0.0)
        known = trial.state in _STATES and trial.params.keys() == self.distributions.keys()
        losses = trial.intermediate_values.values()  # with which others are compared in any state
        if (
            trial.number >= self.settings.trials
            or (ended and not (known and scored))
            or not all(isinstance(loss, int | float) for loss in losses)
        ):
            raise ValueError(f"trial {trial.number} is not of this search")
        if ended:
            self.shown(trial)

    def run(self, objective: Objective, done: Callable[[Trial], None]) -> list[Trial]:
        """Do what trials are left, telling `done` after each; gives all of them in order."""
        while (trial := self.next()) is not None:
            self.work(trial, objective)
            done(self.shown(self.study.trials[trial.number]))
        return [self.shown(trial) for trial in self.study.trials]

    def next(self) -> optuna.Trial | None:
        """The trial that was cut short, or a new one; None when all are done."""
        for trial in self.study.trials:
            if not trial.state.is_finished():
                self.study.sampler = _sampler(self.settings, trial.number)
                return optuna.Trial(self.study, trial._trial_id)
        return self.ask()

    def ask(self) -> optuna.Trial | None:
        """A new trial; None when there are as many as were asked for."""
        number = len(self.study.get_trials(deepcopy=False))
        if number >= self.settings.trials:
            return None
        self.study.sampler = _sampler(self.settings, number)
        return self.study.ask()

    def draw(self, trial: optuna.Trial) -> dict[str, Any]:
        """Its value for every key, as its distribution has it."""
        return {name: _suggested(trial, name, d) for name, d in self.distributions.items()}

    def work(self, trial: optuna.Trial, objective: Objective) -> None:
        drawn = self.draw(trial)
        before = self.same_before(trial.number, drawn)
        if before is not None:
            self.repeat(trial, before)
            return
        started = time.perf_counter()
        try:
            scores = objective(trial.number, self.values(drawn), self.watch(trial))
            trial.set_user_attr("validation_loss", scores["log_loss"])
            self.tell(trial, started, value=self.sign * scores[self.settings.score])
        except Pruned:
            self.tell(trial, started, state=TrialState.PRUNED)
        except (VestryError, ValueError) as error:
            trial.set_user_attr("reason", one_line(error))
            self.tell(trial, started, state=TrialState.FAIL)

    def tell(self, trial: optuna.Trial, started: float, **result: Any) -> None:
        trial.set_user_attr("seconds", time.perf_counter() - started)
        self.study.tell(trial, result.get("value"), state=result.get("state"))

    def same_before(self, number: int, drawn: dict[str, Any]) -> FrozenTrial | None:
        """An earlier trial of the same values: nothing is fitted twice."""
        return next((t for t in self.study.trials[:number] if t.params == drawn), None)

    def repeat(self, trial: optuna.Trial, before: FrozenTrial) -> None:
        for key, value in before.user_attrs.items():
            trial.set_user_attr(key, value)
        trial.set_user_attr("reason", f"the values of trial {before.number + 1} again")
        trial.set_user_attr("seconds", 0.0)
        if before.state == TrialState.COMPLETE:
            self.study.tell(trial, before.value)
        else:
            self.study.tell(trial, state=before.state)

    def watch(self, trial: optuna.Trial) -> Watch:
        known = self.study.trials[trial.number].intermediate_values

        def told(epoch: int, loss: float) -> None:
            trial.set_user_attr("epochs_run", epoch)
            trial.set_user_attr("validation_loss", loss)
            if not math.isfinite(loss):
                raise Pruned
            if epoch not in known:  # a resumed trial has said some already
                trial.report(-loss, epoch)
            if trial.should_prune():
                raise Pruned

        return told

    def values(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """What was drawn, as the study file would write it."""
        return {
            key: json.loads(drawn[key]) if isinstance(choice, Choose) else drawn[key]
            for key, choice in self.space.items()
        }

    def copy_journal(self, path: Path) -> None:
        """Write a journal of a search in memory, for who reads it later, in place of what a run
        that was killed may have left of one."""
        with atomic_path(path) as temporary:
            optuna.copy_study(
                from_study_name=_NAME, from_storage=self.storage, to_storage=_storage(temporary)
            )

    def shown(self, trial: FrozenTrial) -> Trial:
        attributes = trial.user_attrs
        value = trial.value if trial.state == TrialState.COMPLETE else None
        if value is not None:
            value = self.sign * value
        return Trial(
            number=trial.number,
            state=_STATES[trial.state],
            values=self.values(trial.params),
            score=value,
            validation_loss=_finite(attributes.get("validation_loss")),
            epochs_run=attributes.get("epochs_run", 0),
            seconds=attributes.get("seconds", 0.0),
            reason=attributes.get("reason"),
        )


def _distribution(choice: Choice) -> BaseDistribution:
    """Values to choose from are drawn as JSON, because a list is one of them, too."""
    if isinstance(choice, Choose):
        return CategoricalDistribution(tuple(dict.fromkeys(map(json.dumps, choice.choose))))
    low, high = choice.between
    if choice.whole:
        return IntDistribution(int(low), int(high), log=choice.log)
    return FloatDistribution(float(low), float(high), log=choice.log)


def _suggested(trial: optuna.Trial, name: str, drawn_from: BaseDistribution) -> Any:
    match drawn_from:
        case CategoricalDistribution():
            return trial.suggest_categorical(name, drawn_from.choices)
        case IntDistribution():
            return trial.suggest_int(name, drawn_from.low, drawn_from.high, log=drawn_from.log)
        case FloatDistribution():
            return trial.suggest_float(name, drawn_from.low, drawn_from.high, log=drawn_from.log)
    raise TypeError(drawn_from)


def _sampler(settings: SearchSettings, number: int) -> optuna.samplers.BaseSampler:
    """A sampler of its own for each trial, so that a resumed search draws what it would have."""
    seed = int(np.random.SeedSequence([settings.seed, number]).generate_state(1)[0])
    if settings.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    with warnings.catch_warnings():  # what is at work is kept away from, in a batch
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)


def _storage(journal: Path) -> JournalStorage:
    """Its lock is a file of its own: optuna's usual one is a link, which not every system lets
    everybody make."""
    return JournalStorage(JournalFileBackend(str(journal), JournalFileOpenLock(str(journal))))


def _mended(journal: Path) -> Path:
    """The journal without what a kill or a loss of power left: a lock, a line that is not whole,
    and what follows it."""
    for leftover in journal.parent.glob(f"{journal.name}.lock*"):
        leftover.unlink()
    if journal.exists():
        lines = journal.read_bytes().splitlines(keepends=True)
        whole = list(itertools.takewhile(_is_whole, lines))
        with atomic_path(journal) as temporary:
            temporary.write_bytes(b"".join(whole))
    return journal


def _is_whole(line: bytes) -> bool:
    try:
        return line.endswith(b"\n") and isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
