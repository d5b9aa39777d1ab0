"""The search for one model's settings, as a worker process does it.

Every trial is fitted on training rows and scored on validation rows; test rows take no part.
"""

import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import Dataset
from vestry.data.split import stratified
from vestry.engine.task import OnEvent
from vestry.errors import DamagedError, MemberError
from vestry.members.kind import EarlyStopped, FitJob, FittedModel
from vestry.members.kinds import kind_named
from vestry.pipeline.tasks.fit import job, parts_of, task_data
from vestry.predictions.choosing import choosing_score
from vestry.predictions.sums import log_losses
from vestry.schema import search as schema
from vestry.search.space import Choice, SearchSettings, space_of, substituted
from vestry.search.trials import JOURNAL, Search, Trial, Watch
from vestry.storage.file_sums import finish
from vestry.storage.run_folder import atomic_path
from vestry.storage.tried import TRIALS, Tried, TriedTrials, load_tried

_LOSS = choosing_score("log_loss")
_MEANS = ("accuracy", "log_loss")
"""Scores that are means over rows, for which what the choice adds is known."""
_STEPS = ("step", "epoch", "images")


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
    dataset = task_data(description, context)
    settings = SearchSettings(**description["search"])
    space = space_of(description["member"])
    trials = _Trials(description, context, dataset, settings, workspace, on_event)
    started = time.perf_counter()
    workspace.mkdir(parents=True, exist_ok=True)
    _forget_damaged(workspace)
    search = Search(space, settings, workspace, choosing_score(settings.score).sign)
    done = search.run(trials.objective, trials.say)
    aside = description.get("inner", {}).get("fraction")
    summary = _summary(settings, space, done).model_copy(update={"set_aside": aside})
    card = summary.as_json() | {"task": description}
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / JOURNAL) as temporary:
        shutil.copyfile(workspace / JOURNAL, temporary)
    if settings.score in _MEANS:
        trials.tried(done, summary.best.number).save(folder / TRIALS)
    finish(folder, card | {"wall_seconds": time.perf_counter() - started})
    shutil.rmtree(workspace, ignore_errors=True)


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
    """Fits trials: the model with the values that were drawn, cut to the search's budget."""

    def __init__(
        self,
        description: dict[str, Any],
        context: dict[str, Any],
        dataset: Dataset,
        settings: SearchSettings,
        workspace: Path,
        on_event: OnEvent,
    ) -> None:
        self.description = description
        self.context = context
        self.dataset = dataset
        self.settings = settings
        self.workspace = workspace
        self.on_event = on_event
        self.best: float | None = None

    def objective(self, number: int, values: dict[str, Any], watch: Watch) -> dict[str, float]:
        kind = kind_named(self.description["kind"])
        table = substituted(self.description["member"], values)
        if self.settings.epochs is not None and "epochs" in kind.trained_by(table):
            table |= {"epochs": self.settings.epochs}
        workspace = self.workspace / f"trial-{number}"
        work = self.job(workspace, self.listener(number, watch))
        member = kind.load_implementation().fit(kind.settings(**table), work)
        held_out = member.held_out_proba()
        if held_out is None:
            held_out = member.predict_proba(work.validation_images)
        said, name = np.asarray(held_out, np.float64), self.settings.score
        scores: dict[str, float] = {
            name: choosing_score(name).of(said, work.validation_labels),
            "log_loss": _LOSS.of(said, work.validation_labels),
        }
        _tried(member, held_out, work.validation_labels).save(self.row_file(number))
        shutil.rmtree(workspace, ignore_errors=True)
        return scores

    def row_file(self, number: int) -> Path:
        """What is kept of a trial's validation rows, for a search that is resumed, too."""
        return self.workspace / f"trial-{number}.npz"

    def tried(self, trials: list[Trial], best: int) -> TriedTrials:
        """Of all trials that came to a score, but for those that repeat others."""
        found = {trial.number: load_tried(self.row_file(trial.number)) for trial in trials}
        known = {number: each for number, each in found.items() if each is not None}
        by_loss = self.settings.score == "log_loss"
        return TriedTrials.of(list(known.values()), list(known).index(best), by_loss)

    def job(self, workspace: Path, on_event: OnEvent) -> FitJob:
        training, _ = parts_of(self.dataset.training, self.description.get("part"))
        whole = job(self.dataset, training, self.description, workspace, on_event, self.context)
        whole = replace(whole, may_learn_all=False)  # trials are scored on what is set aside
        rows = self.settings.rows
        if rows is None or rows >= len(whole.labels):
            return whole
        chosen = np.sort(stratified(whole.labels, rows, self.settings.seed))
        lacking = set(whole.labels.tolist()) - set(whole.labels[chosen].tolist())
        if lacking:
            names = ", ".join(self.dataset.training.classes[label] for label in sorted(lacking))
            raise MemberError(
                f"search: its {rows:,} rows hold none of {names}; give search.rows a larger number"
            )
        return replace(whole, images=whole.images[chosen], labels=whole.labels[chosen])

    def listener(self, number: int, watch: Watch) -> OnEvent:
        """Passes on where the trial stands, and stops it where that is not worth going on."""
        place = {"trial": number + 1, "trials": self.settings.trials}

        def told(event: dict[str, Any]) -> None:
            if event["event"] in _STEPS:
                self.on_event(event | place)
            if event["event"] == "epoch":
                watch(event["epoch"], event["validation_loss"])

        return told

    def say(self, trial: Trial) -> None:
        better = max if choosing_score(self.settings.score).sign > 0 else min
        known = [value for value in (self.best, trial.score) if value is not None]
        self.best = better(known) if known else None
        name = choosing_score(self.settings.score).words
        result = trial.state if trial.score is None else f"validation {name} {trial.score:.4f}"
        best = "" if self.best is None else f", best so far {self.best:.4f}"
        place = f"trial {trial.number + 1} of {self.settings.trials}"
        self.on_event({"event": "stage", "text": f"{place}: {result}{best}"})


def _tried(member: FittedModel, held_out: NDArray[np.float32], truth: NDArray[np.int64]) -> Tried:
    """Its epochs, where it was chosen among them; else what it came to."""
    if isinstance(member, EarlyStopped) and member.tried is not None:
        return member.tried
    losses = log_losses(held_out.astype(np.float64), truth)
    return Tried.of([held_out.argmax(axis=1) == truth], [losses], taken=0)


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
