"""A model of a study and its tasks: what they are called, and what finished ones have found."""

import contextlib
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vestry.data.folds import StudyFolds
from vestry.data.subset import Fold, NestedFold, PerClassSubset, Subset
from vestry.engine.task import Task
from vestry.errors import VestryError
from vestry.evaluation.optimism import optimism_of_member
from vestry.predictions.table import Labels, ProbabilityTable, Split
from vestry.schema.optimism import Optimism
from vestry.storage.file_sums import MANIFEST
from vestry.storage.run_folder import read_json
from vestry.storage.tried import EPOCHS, TRIALS, load_tried, load_tried_trials
from vestry.study.entries import CommonEntry, ModelEntry

_GAIN = 0.6
"""One fit on t cores is t to this power times as fast as on one: 1.5 times on two. Networks from
10,000 to 900,000 parameters were 1.4 to 1.7 times as fast there (two cores, AMD Zen 4)."""


class FitCounts(NamedTuple):
    """each: of a model and seed. total: of all models, seeds, folds and trials; trials: of these,
    of searches."""

    each: int
    total: int
    trials: int


@dataclass(frozen=True)
class PlannedModel:
    """A model of a study, what it is in a line, and its tasks.

    tasks: by seed; without a seed whose folds have still to find for how many epochs it is trained.
    folds: those of its cross-validation, in order. sizes: by images a class and seed, where it is
    fitted on several; `tasks` are then those of the largest. search: the task that found its
    settings. study_folds: by seed, where the study chooses by folds and there is something to fit.
    """

    entry: ModelEntry
    text: str
    tasks: dict[int, Task]
    folds: list[Task]
    sizes: dict[int, dict[int, Task]]
    search: Task | None = None
    study_folds: dict[int, list[Task]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.entry.name

    def fold(self, seed: int, part: Subset) -> Task:
        """The fit of one of the study's folds."""
        named = part.model_dump(mode="json")
        return next(t for t in self.study_folds[seed] if t.description["part"] == named)

    @property
    def fits(self) -> list[Task]:
        """Every fit that there is to do, each once."""
        several = [task for tasks in self.sizes.values() for task in tasks.values()]
        chosen_by = [task for tasks in self.study_folds.values() for task in tasks]
        found = [*chosen_by, *(several or self.tasks.values()), *self.folds]
        return list({task.folder: task for task in found}.values())


def fits_of(entry: CommonEntry, folds: StudyFolds | None) -> int:
    """How many a model has, but for the trials of a search. folds: where the study chooses by
    these."""
    every, crossed = folds.every() if folds else [], entry.cross_validation
    own = set(crossed.parts() if crossed else ()) - set(every)
    return len(entry.seeds) * (len(every) + len(entry.images_per_class or (0,))) + len(own)


def cores_each(fits: int, cores: int) -> int:
    """Of so many cores, what each of so many equal fits gets so that all are done soonest: beside
    each other they need not wait for their own threads, but the last ones may leave cores idle."""

    def time(each: int) -> float:
        return math.ceil(fits / (cores // each)) / float(each**_GAIN)

    return min(range(1, cores + 1), key=time)


def best_values(search: Task) -> dict[str, Any]:
    values: dict[str, Any] = read_json(search.folder / MANIFEST)["best"]["values"]
    return values


def epochs_kept(folds: Sequence[Task]) -> int:
    """The median over folds of the epoch whose weights each kept, rounded up from a half."""
    training = [read_json(task.folder / MANIFEST)["training"] for task in folds]
    kept = [own["best_epoch"] if own["restored_best"] else own["epochs_run"] for own in training]
    return max(1, int(statistics.median(kept) + 0.5))


def fold_words(fold: Subset, folds: StudyFolds | None) -> str:
    """ "fold 2 of 5", and of which repeat, where it is one of the study's."""
    if isinstance(fold, NestedFold) and isinstance(fold.outer, Fold):
        return f"test fold {fold.outer.number} of {fold.outer.of}, {fold_words(fold.inner, None)}"
    if not isinstance(fold, Fold):
        return ""
    repeat = fold.seed - folds.seed if folds else 0
    return f"fold {fold.number} of {fold.of}" + (f", repeat {repeat + 1}" if repeat else "")


def fit_name(
    entry: ModelEntry, seed: int, part: Subset | None, folds: StudyFolds | None = None
) -> str:
    """What people read of a fit: its model, and what tells it from the model's other fits."""
    parts = [entry.name]
    if isinstance(part, PerClassSubset):
        parts.append(f"{part.per_class:,} a class")
    if part is not None and folds is not None and part in folds.every():
        parts.append(fold_words(part, folds))
        parts += [f"seed {seed}"] if len(entry.seeds) > 1 else []
    elif isinstance(part, Fold):
        crossed = entry.cross_validation
        repeat = part.seed - crossed.seed if crossed else 0
        parts.append(f"fold {part.number}" + (f" of repeat {repeat + 1}" if repeat else ""))
    elif len(entry.seeds) > 1:
        parts.append(f"seed {seed}")
    return ", ".join(parts)


def optimism(
    model: PlannedModel,
    folders: Iterable[Path],
    seeds: Iterable[Mapping[Split, ProbabilityTable]],
    truth: Labels,
) -> Optimism | None:
    """What choices by the validation rows add to a model's figures of them.

    folders, seeds: of each seed's fit, and its tables. truth: of the validation rows. None where
    they chose nothing: out-of-fold rows have no say in the models that they are asked of.
    """
    if model.study_folds:
        return None
    right = np.stack([tables["validation"].labels == truth for tables in seeds])
    trials = load_tried_trials(model.search.folder / TRIALS) if model.search else None
    return optimism_of_member([load_tried(each / EPOCHS) for each in folders], trials, right)


@contextlib.contextmanager
def naming(entry: ModelEntry) -> Iterator[None]:
    """Say of an error whose it is."""
    try:
        yield
    except VestryError as error:
        raise type(error)(f"model {entry.name}: {error}") from error


def with_needs(planned: Sequence[PlannedModel]) -> dict[str, Task]:
    """Every fit of these models and, before it, all that it needs, by their folders' names."""
    found: dict[str, Task] = {}
    for model in planned:
        for fit in model.fits:
            _collect(fit, found)
    return found


def _collect(task: Task, found: dict[str, Task]) -> None:
    for need in task.needs:
        _collect(need, found)
    found.setdefault(task.folder.name, task)
