"""One trial of a search, as a worker process does it: the model with the values that were drawn,
cut to the search's budget, fitted on training rows and scored on validation rows.
"""

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import Dataset
from vestry.data.split import stratified
from vestry.engine.task import OnEvent
from vestry.errors import DamagedError, MemberError, VestryError, one_line
from vestry.members.kind import EarlyStopped, FitJob, FittedModel
from vestry.members.kinds import kind_named
from vestry.pipeline.tasks.fit import job, parts_of, task_data
from vestry.predictions.choosing import choosing_score
from vestry.predictions.sums import log_losses
from vestry.search.ending import Ending, Pruned
from vestry.search.space import SearchSettings, substituted
from vestry.storage.file_sums import finish
from vestry.storage.run_folder import read_json, write_json
from vestry.storage.tried import Tried

ROWS = "rows.npz"
"""What is kept of a trial's validation rows."""
_LOSS = choosing_score("log_loss")
_STEPS = ("step", "epoch", "images")


@dataclass(frozen=True)
class TrialFits:
    """Fits trials of one search, which `description` and `context` are the task of."""

    description: dict[str, Any]
    context: dict[str, Any]
    dataset: Dataset
    settings: SearchSettings

    @classmethod
    def of(cls, description: dict[str, Any], context: dict[str, Any]) -> "TrialFits":
        dataset = task_data(description, context)
        return cls(description, context, dataset, SearchSettings(**description["search"]))

    def fit(
        self, values: dict[str, Any], workspace: Path, on_event: OnEvent, rows: Path
    ) -> dict[str, float]:
        """The validation scores of the model with `values`: the search's own, and `log_loss`.

        rows: where that is written which is kept of its validation rows.
        """
        kind = kind_named(self.description["kind"])
        table = substituted(self.description["member"], values)
        if self.settings.epochs is not None and "epochs" in kind.trained_by(table):
            table |= {"epochs": self.settings.epochs}
        work = self.job(workspace, on_event)
        member = kind.load_implementation().fit(kind.settings(**table), work)
        held_out = member.held_out_proba()
        if held_out is None:
            held_out = member.predict_proba(work.validation_images)
        said, name = np.asarray(held_out, np.float64), self.settings.score
        scores: dict[str, float] = {
            name: choosing_score(name).of(said, work.validation_labels),
            "log_loss": _LOSS.of(said, work.validation_labels),
        }
        _tried(member, held_out, work.validation_labels).save(rows)
        return scores

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


def listener(
    on_event: OnEvent, place: dict[str, Any], watch: Callable[[int, float], None]
) -> OnEvent:
    """Passes on where a trial stands, with its `place`, and tells `watch` the loss after each
    epoch, which may raise `Pruned`."""

    def told(event: dict[str, Any]) -> None:
        if event["event"] in _STEPS:
            on_event(event | place)
        if event["event"] == "epoch":
            watch(event["epoch"], event["validation_loss"])

    return told


def _tried(member: FittedModel, held_out: NDArray[np.float32], truth: NDArray[np.int64]) -> Tried:
    """Its epochs, where it was chosen among them; else what it came to."""
    if isinstance(member, EarlyStopped) and member.tried is not None:
        return member.tried
    losses = log_losses(held_out.astype(np.float64), truth)
    return Tried.of([held_out.argmax(axis=1) == truth], [losses], taken=0)


# A trial that is a task of its own.


def run_trial(
    description: dict[str, Any],
    context: dict[str, Any],
    folder: Path,
    workspace: Path,
    on_event: OnEvent,
) -> None:
    """Try `description["values"]`, and write into `folder` how that ended. What `values` are to
    blame for, such as a network that shrinks images away, is an ending as well."""
    trials = TrialFits.of(description, context)
    workspace.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    limits = {int(epoch): loss for epoch, loss in description["limits"].items()}
    epochs, started = _Epochs(workspace, limits), time.perf_counter()
    told = listener(on_event, {}, epochs.watch)
    try:
        scores = trials.fit(description["values"], workspace, told, folder / ROWS)
        facts = _scored(scores, trials.settings.score)
    except Pruned:
        facts = {"state": "pruned"}
    except (VestryError, ValueError) as error:
        facts = {"state": "failed", "reason": one_line(error)}
    ending = Ending(**epochs.facts() | facts, seconds=time.perf_counter() - started)
    finish(folder, ending.as_json() | {"task": description})
    shutil.rmtree(workspace, ignore_errors=True)


def _scored(scores: dict[str, float], name: str) -> dict[str, Any]:
    if not math.isfinite(scores[name]):
        return {"state": "failed", "reason": f"its {name} is {scores[name]}"}
    loss = _finite(scores["log_loss"])
    return {"state": "complete", "score": scores[name], "validation_loss": loss}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


class _Epochs:
    """A trial's losses by epoch, kept in its workspace: a fit that goes on from a checkpoint does
    not say again what it said before. run: epochs; last: the loss after the last, a number or not.
    """

    def __init__(self, workspace: Path, limits: dict[int, float]) -> None:
        self.path = workspace / "losses.json"
        self.limits = limits
        try:
            known = read_json(self.path) if self.path.is_file() else {}
        except DamagedError:  # a loss of power; the checkpoint beside it would know more
            shutil.rmtree(workspace)
            known = {}
        self.losses = {int(epoch): float(loss) for epoch, loss in known.items()}
        self.run = 0
        self.last: float | None = None

    def watch(self, epoch: int, loss: float) -> None:
        self.run, self.last = epoch, loss
        if not math.isfinite(loss):
            raise Pruned
        self.losses[epoch] = loss
        write_json(self.path, self.losses)
        best = min(known for at, known in self.losses.items() if at <= epoch)
        if best > self.limits.get(epoch, math.inf):
            raise Pruned

    def facts(self) -> dict[str, Any]:
        loss = _finite(self.last)
        said = {"losses": self.losses, "validation_loss": loss, "epochs_run": self.run}
        return {"score": None, **said}
