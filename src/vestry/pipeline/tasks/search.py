"""The search for one model's settings: as a task, trial after trial, or written down by whoever had
its trials done as tasks of their own.

Every trial is fitted on training rows and scored on validation rows; test rows take no part.
"""

import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vestry.engine.task import OnEvent
from vestry.errors import DamagedError, MemberError
from vestry.pipeline.tasks.trial import TrialFits, listener
from vestry.predictions.choosing import choosing_score
from vestry.schema import search as schema
from vestry.search.space import Choice, SearchSettings, space_of
from vestry.search.trials import JOURNAL, Search, Trial, Watch
from vestry.storage.file_sums import finish
from vestry.storage.run_folder import atomic_path
from vestry.storage.tried import TRIALS, Tried, TriedTrials, load_tried

_MEANS = ("accuracy", "log_loss")
"""Scores that are means over rows, for which what the choice adds is known."""


def run_search(
    description: dict[str, Any],
    context: dict[str, Any],
    folder: Path,
    workspace: Path,
    on_event: OnEvent,
) -> None:
    """Try settings, and write all trials and the best values into `folder`.

    Raises MemberError where no trial came to a score.
    """
    trials = _Trials(TrialFits.of(description, context), workspace, on_event)
    settings = trials.settings
    started = time.perf_counter()
    workspace.mkdir(parents=True, exist_ok=True)
    _forget_damaged(workspace)
    space, sign = space_of(description["member"]), choosing_score(settings.score).sign
    done = Search(space, settings, workspace, sign).run(trials.objective, trials.say)
    rows = {trial.number: load_tried(trials.row_file(trial.number)) for trial in done}
    known = {number: each for number, each in rows.items() if each is not None}
    write_search(description, done, known, workspace / JOURNAL, folder, started)
    shutil.rmtree(workspace, ignore_errors=True)


def write_search(
    description: dict[str, Any],
    trials: list[Trial],
    rows: Mapping[int, Tried],
    journal: Path,
    folder: Path,
    started: float,
) -> None:
    """Write all trials and the best values into `folder`.

    rows: by number, what is known of a trial's validation rows; of trials that came to a score, but
    for those that repeat others. started: by the performance counter. Raises MemberError where no
    trial came to a score.
    """
    settings = SearchSettings(**description["search"])
    summary = _summary(settings, space_of(description["member"]), trials)
    later: dict[str, Any] = {"set_aside": description.get("inner", {}).get("fraction")}
    later |= {"batch": settings.batch} if settings.batch > 1 else {}
    card = summary.model_copy(update=later).as_json() | {"task": description}
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / JOURNAL) as temporary:
        shutil.copyfile(journal, temporary)
    if settings.score in _MEANS:
        best, by_loss = summary.best.number, settings.score == "log_loss"
        tried = TriedTrials.of(list(rows.values()), list(rows).index(best), by_loss)
        tried.save(folder / TRIALS)
    finish(folder, card | {"wall_seconds": time.perf_counter() - started})


def _forget_damaged(workspace: Path) -> None:
    """Begin anew where a loss of power has cut what is kept of a trial: its journal says that it is
    done, and it would not be done again."""
    try:
        for path in workspace.glob("trial-*.npz"):
            load_tried(path)
    except DamagedError:
        shutil.rmtree(workspace)
        workspace.mkdir()


class _Trials:
    """A search's trials, one after the other."""

    def __init__(self, fits: TrialFits, workspace: Path, on_event: OnEvent) -> None:
        self.fits = fits
        self.settings = fits.settings
        self.workspace = workspace
        self.on_event = on_event
        self.best: float | None = None

    def objective(self, number: int, values: dict[str, Any], watch: Watch) -> dict[str, float]:
        workspace = self.workspace / f"trial-{number}"
        place = {"trial": number + 1, "trials": self.settings.trials}
        told = listener(self.on_event, place, watch)
        scores = self.fits.fit(values, workspace, told, self.row_file(number))
        shutil.rmtree(workspace, ignore_errors=True)
        return scores

    def row_file(self, number: int) -> Path:
        """What is kept of a trial's validation rows, for a search that is resumed, too."""
        return self.workspace / f"trial-{number}.npz"

    def say(self, trial: Trial) -> None:
        better = max if choosing_score(self.settings.score).sign > 0 else min
        known = [value for value in (self.best, trial.score) if value is not None]
        self.best = better(known) if known else None
        name = choosing_score(self.settings.score).words
        result = trial.state if trial.score is None else f"validation {name} {trial.score:.4f}"
        best = "" if self.best is None else f", best so far {self.best:.4f}"
        place = f"trial {trial.number + 1} of {self.settings.trials}"
        self.on_event({"event": "stage", "text": f"{place}: {result}{best}"})


def _summary(
    settings: SearchSettings, space: dict[str, Choice], trials: list[Trial]
) -> schema.Search:
    scored = [trial for trial in trials if trial.score is not None]
    if not scored:
        reasons = sorted({trial.reason or trial.state for trial in trials})
        raise MemberError(f"none of {len(trials)} trials came to a score: {'; '.join(reasons)}")
    best = _best_of(settings, scored)
    return schema.Search(
        sampler=settings.sampler,
        pruning=settings.pruning,
        trials_asked=settings.trials,
        epochs=settings.epochs,
        rows=settings.rows,
        score=settings.score,
        seed=settings.seed,
        space={
            key: choice.model_dump(mode="json", exclude_defaults=True)
            for key, choice in space.items()
        },
        trials=[schema.Trial(**asdict(trial)) for trial in trials],
        best=schema.BestTrial(number=best.number, values=best.values, score=best.score),
        edges=[
            schema.EdgeValue(parameter=key, value=best.values[key], side=side)
            for key, choice in space.items()
            if (side := choice.edge(best.values[key]))
        ],
        seconds=sum(trial.seconds for trial in trials),
    )


def _best_of(settings: SearchSettings, scored: list[Trial]) -> Trial:
    """The best score; the lower validation loss among equals, then the earlier trial."""
    sign = choosing_score(settings.score).sign

    def order(trial: Trial) -> tuple[float, float]:
        loss = trial.validation_loss
        return sign * float(trial.score or 0), -loss if loss is not None else float("-inf")

    return max(scored, key=order)
