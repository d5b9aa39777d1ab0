"""Short trials of many candidates on part of the rows: how good each is, how long it takes."""

import math
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.engine.engine import Engine
from vestry.engine.task import Event, Task
from vestry.pipeline.fitting import fit_members
from vestry.pipeline.planner import Planner
from vestry.pipeline.tryout.candidates import Candidate
from vestry.predictions.table import Labels, load_table
from vestry.storage.file_sums import MANIFEST
from vestry.storage.run_folder import RunFolder, read_json
from vestry.study.reader import read_study

_VALIDATION = 0.25
_MOST_A_STEP = 64
"""Images of a step that count in a trial: networks of large batches would take too long for one."""
_WITH_VALIDATION = 1.25
"""How much longer an epoch takes than its training: validation rows are answered after it."""


@dataclass(frozen=True)
class Rung:
    """rows: training and validation rows together. whole: these are all. epochs, steps: of
    networks, so many steps at least. seconds: that one fit may take; a network that takes longer is
    judged by the epochs it got through, what has none is out."""

    rows: int
    whole: bool
    epochs: int
    steps: int
    seconds: float

    @property
    def learnt(self) -> int:
        """Rows that are left for training."""
        return round((1 - _VALIDATION) * self.rows)

    def passes(self, batch: int) -> int:
        """Over the rows, by a network."""
        return max(self.epochs, math.ceil(self.steps * min(batch, _MOST_A_STEP) / self.learnt))


@dataclass(frozen=True)
class Trial:
    """accuracy: on the rung's validation rows; None where the fit failed or took too long.
    seconds: of the fit, without what images took to pass a backbone. epoch: of a network, the
    seconds of one over the rung's rows. passing: seconds that an image takes to pass a backbone,
    once for all fits. cut: epochs after which a network's time was up; 0 where it was enough."""

    candidate: Candidate
    rung: Rung
    accuracy: float | None
    seconds: float
    epoch: float | None = None
    passing: float = 0.0
    cut: int = 0

    @property
    def cut_words(self) -> str:
        """ "after 3 epochs"."""
        return f"after {self.cut} epoch{'s' * (self.cut != 1)}"

    @property
    def whole_seconds(self) -> float:
        """With all images of the rung through the backbone."""
        return self.seconds + self.passing * self.rung.rows

    def seconds_for(self, rows: int) -> float:
        """What a fit on that many rows takes, of networks one epoch of it."""
        if self.epoch is not None:
            return self.epoch * rows / self.rung.rows
        grown = self.seconds * float((rows / self.rung.rows) ** self.candidate.growth)
        return grown / self.rung.epochs if self.candidate.is_network else grown


def screen(
    data: str, chosen: Sequence[Candidate], rung: Rung, places: DataPaths, engine: Engine
) -> list[Trial]:
    """Fit every candidate on the same part of the training rows, the best first.

    data: the study's `[data]` without anything that parts rows. Test rows are not looked at.
    """
    with tempfile.TemporaryDirectory(prefix="vestry-try-") as folder:
        path = Path(folder) / "trial.toml"
        path.write_text(_study(data, chosen, rung), encoding="utf-8")
        study = read_study(path).study
        dataset = load_dataset(study.data, places)
        planner = Planner(study, dataset, places, RunFolder(Path(folder) / "run"), engine.cores)
        epochs = _Epochs()
        planned, failed = fit_members(planner, None, engine, epochs.hear)
        labels = dataset.validation.labels
        trials = []
        for candidate, model in zip(chosen, planned, strict=True):
            (task,) = model.tasks.values()
            if task.is_done:
                trials.append(_whole(candidate, rung, task, labels, epochs.of[task.name]))
            else:
                ended = failed[task.folder.name]
                trials.append(_cut(candidate, rung, epochs.of[task.name] if ended.is_late else []))
    return sorted(trials, key=lambda trial: -1.0 if trial.accuracy is None else -trial.accuracy)


class _Epochs:
    """What networks tell while they learn, by the name of the task; nobody else is told of short
    trials but what they came to."""

    def __init__(self) -> None:
        self.of: dict[str, list[Event]] = defaultdict(list)

    def hear(self, event: Event) -> None:
        if event["event"] == "epoch":
            self.of[event["task"]].append(event)


def _whole(
    candidate: Candidate, rung: Rung, task: Task, labels: Labels, epochs: Sequence[Event]
) -> Trial:
    table = load_table(task.folder / "validation.npz")
    accuracy = float((table.probabilities.argmax(axis=1) == labels).mean())
    seconds, passing = times(read_json(task.folder / MANIFEST))
    epoch = _epoch(epochs, rung, seconds) if candidate.is_network else None
    return Trial(candidate, rung, accuracy, seconds, epoch, passing)


def _cut(candidate: Candidate, rung: Rung, epochs: Sequence[Event]) -> Trial:
    """What a fit came to that failed, or whose time was up after `epochs`."""
    if not epochs:
        return Trial(candidate, rung, None, rung.seconds)
    accuracy, epoch = epochs[-1]["validation_accuracy"], _epoch(epochs, rung, rung.seconds)
    return Trial(candidate, rung, accuracy, rung.seconds, epoch, cut=len(epochs))


def times(card: dict[str, Any]) -> tuple[float, float]:
    """Seconds of the fit, and those that an image takes to pass a backbone: measured apart, since
    features may have been kept from before."""
    if not card.get("backbone"):
        return float(card["fit_seconds"]), 0.0
    return float(card["head"]["fit_seconds"]), float(card["milliseconds_per_image"]) / 1000


def _epoch(epochs: Sequence[Event], rung: Rung, seconds: float) -> float:
    """Seconds of an epoch over the rung's rows; of few rows with what comes between epochs, which
    then counts, of many without what comes before the first, which then counts for little."""
    speeds = [float(each["images_per_second"]) for each in epochs]
    if not rung.whole:
        return _WITH_VALIDATION * rung.rows / statistics.median(speeds)
    seen = sum(speed * each["seconds"] for speed, each in zip(speeds, epochs, strict=True))
    return float(seconds * rung.rows / seen)


def _study(data: str, chosen: Sequence[Candidate], rung: Rung) -> str:
    models = "\n".join(each.text(rung.passes(each.batch), rung.learnt) for each in chosen)
    part = "" if rung.whole else f"training_rows = {{ count = {rung.rows} }}\n"
    return (
        f'title = "Short trials"\ntime_limit = {rung.seconds:.1f}\n\n{data}{part}'
        f"validation = {{ fraction = {_VALIDATION} }}\n\n{models}"
    )
