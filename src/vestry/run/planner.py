"""From a study's members to tasks for an engine: fits by seed, fold and size; and searches."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

from vestry.data.dataset import Dataset, resolved
from vestry.data.paths import DataPaths, Progress
from vestry.data.subset import Fold, PerClassSubset, Subset
from vestry.engine.task import MANIFEST, Task
from vestry.errors import StudyError, VestryError
from vestry.members.backbones.paths import BackbonePaths
from vestry.members.backbones.source import BackbonePlan
from vestry.members.networks.layer import TracedLayer
from vestry.members.networks.tracing import network_threads, trace
from vestry.members.onnx_models.model_plan import ModelPlan
from vestry.members.settings import MEMBER_SETTINGS
from vestry.run.tasks import fit
from vestry.run.tasks.audit import exploration_task
from vestry.run.tasks.code_key import code_key
from vestry.search.space import variations
from vestry.storage.run_folder import RunFolder, read_json
from vestry.study.settings import (
    BackboneEntry,
    Entry,
    EstimatorEntry,
    Member,
    NetworkEntry,
    OnnxEntry,
    SearchedEntry,
    Study,
    kind_of,
)

_SEARCH_CODE = ("search", "run.tasks.search")
FIT, SEARCH = "vestry.run.tasks.fit:fit_member", "vestry.run.tasks.search:run_search"


@dataclass(frozen=True)
class PlannedMember:
    """A member of a study, what it is in a line, and its tasks.

    tasks: by seed. folds: those of its cross-validation, in order. sizes: by images a class and
    seed, where it is fitted on several; `tasks` are then those of the largest.
    search: the task that found its settings.
    """

    entry: Member
    text: str
    tasks: dict[int, Task]
    folds: list[Task]
    sizes: dict[int, dict[int, Task]]
    search: Task | None = None

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def fits(self) -> list[Task]:
        """Every fit that there is to do, each once."""
        several = [task for tasks in self.sizes.values() for task in tasks.values()]
        return [*(several or self.tasks.values()), *self.folds]


class Planner:
    """Makes the tasks of one study on its data; nothing heavy is imported for it."""

    def __init__(
        self,
        study: Study,
        dataset: Dataset,
        places: DataPaths,
        run: RunFolder,
        cores: int,
        downloads: Progress | None = None,
    ) -> None:
        self.study = study
        self.dataset = dataset
        self.run = run
        self.cores = cores
        self.shared = fit.shared_description(dataset)
        self.trunks = BackbonePlan(BackbonePaths.of(places, run.path), downloads)
        rows = dataset.training
        self.models = ModelPlan(self.trunks.places, rows.image_shape, rows.classes)
        self.context = {
            "data": resolved(study.data, dataset.provenance).model_dump(mode="json"),
            "places": places.as_dict(),
            "trunks": self.trunks.places.as_dict(),
            "study": study.digest,
            "record": str(run.looks),
        }

    def members(self, found: Mapping[str, Task]) -> list[PlannedMember]:
        """Members in study order whose settings are known: given, or found by a finished search.

        found: search tasks by the member's name. Raises StudyError where a network does not fit
        the images.
        """
        planned = []
        for entry in self.study.member:
            if isinstance(entry, SearchedEntry):
                task = found.get(entry.name)
                if task is not None and task.is_done:
                    values = read_json(task.folder / MANIFEST)["best"]["values"]
                    planned.append(self.member(entry.with_values(values), task))
            else:
                planned.append(self.member(entry))
        return planned

    def exploration(self) -> Task | None:
        """The look at the data; None where the study leaves it out."""
        settings = self.study.exploration
        if settings.skip:
            return None
        return exploration_task(settings, self.dataset, self.context, self.run)

    def texts(self) -> dict[str, str]:
        """What each member is, in a line, by name; StudyError where one does not fit the images."""
        return {
            entry.name: entry.search.words(len(entry.space))
            if isinstance(entry, SearchedEntry)
            else self.describe(entry)
            for entry in self.study.member
        }

    def member(self, entry: Member, search: Task | None = None) -> PlannedMember:
        text, threads = self.describe(entry), self.threads_for(entry)
        folds = entry.cross_validation.parts() if entry.cross_validation else []
        sizes = {
            size: {
                seed: self.fit(entry, threads, seed, PerClassSubset(per_class=size, seed=seed))
                for seed in entry.seeds
            }
            for size in entry.images_per_class or ()
        }
        several = {seed: self.fit(entry, threads, seed) for seed in entry.seeds}
        return PlannedMember(
            entry,
            text,
            sizes[max(sizes)] if sizes else several,
            [self.fit(entry, threads, entry.seeds[0], fold) for fold in folds],
            sizes,
            search,
        )

    def fit(self, entry: Member, threads: int, seed: int, part: Subset | None = None) -> Task:
        settings = entry.model_dump(
            mode="json", include=set(MEMBER_SETTINGS[entry.kind].model_fields)
        )
        if isinstance(entry, OnnxEntry):
            settings["sha256"] = self.models.identity(entry)
        fewer = _may_take_fewer(entry, threads)
        description = fit.description(self.shared, settings, seed, threads, part, fewer)
        if isinstance(entry, BackboneEntry):
            description["trunk"] = self.trunks.identity(entry)
        return self.task(_name_of(entry, seed, part), FIT, description, entry)

    def searches(self) -> dict[str, Task]:
        """A task for each member whose settings are to be found, by its name."""
        return {
            entry.name: self.search(entry)
            for entry in self.study.member
            if isinstance(entry, SearchedEntry)
        }

    def search(self, entry: SearchedEntry) -> Task:
        kind = kind_of(entry.table)
        description = {
            **self.shared,
            "search_code": code_key(*_SEARCH_CODE),
            "libraries": fit.libraries(kind) | {"optuna": metadata.version("optuna")},
            "search": entry.search.model_dump(mode="json"),
            "kind": kind,
            "member": entry.table,
            "seed": entry.search.seed,
            "threads": (threads := self.search_threads(entry)),
        }
        tried = [entry.with_values(values) for values in variations(entry.space)]
        if any(_may_take_fewer(member, threads) for member in tried):
            description["fewer_threads"] = True
        trunks = {self.trunks.identity(t) for t in tried if isinstance(t, BackboneEntry)}
        if trunks:
            description["trunks"] = sorted(trunks)
        limit = (entry.time_limit or self.study.time_limit) * entry.search.trials
        task = self.task(f"{entry.name}, search", SEARCH, description, entry)
        return replace(task, time_limit=limit)

    def search_threads(self, entry: SearchedEntry) -> int:
        """Cores for the largest of the members that the search may try."""
        wanted, problems = [], []
        for values in variations(entry.space):
            try:
                wanted.append(self.threads_for(entry.with_values(values)))
            except StudyError as error:
                problems.append(error)
        if not wanted:
            raise problems[0]
        return max(wanted)

    def describe(self, entry: Member) -> str:
        """What the member is, in a line; StudyError, with its name, where it does not fit."""
        rows = self.dataset.training
        with _naming(entry):
            match entry:
                case EstimatorEntry():
                    return entry.estimator
                case NetworkEntry():
                    parameters = sum(layer.parameters for layer in self._traced(entry))
                    return f"network of {parameters:,} parameters"
                case OnnxEntry():
                    return self.models.describe(entry)
                case BackboneEntry():
                    return self.trunks.describe(entry, rows.image_shape, len(rows.classes))

    def threads_for(self, entry: Member) -> int:
        """How many cores the member gets: those it names, or those that it uses well."""
        rows, wanted = self.dataset.training, 1
        with _naming(entry):
            if isinstance(entry, NetworkEntry):
                wanted = network_threads(self._traced(entry), entry.batch_size)
            elif isinstance(entry, BackboneEntry):
                wanted = self.trunks.threads_for(entry, rows.image_shape, len(rows.classes))
        return min(entry.threads or wanted, self.cores)

    def _traced(self, entry: NetworkEntry) -> list[TracedLayer]:
        rows = self.dataset.training
        return trace(entry.layers, rows.image_shape, len(rows.classes))

    def task(self, name: str, function: str, description: dict[str, Any], entry: Entry) -> Task:
        return Task.of(
            self.run,
            name=name,
            function=function,
            description=description,
            context=self.context | {"maker": entry.name},
            cores=description["threads"],
            time_limit=entry.time_limit or self.study.time_limit,
        )


@contextlib.contextmanager
def _naming(entry: Member) -> Iterator[None]:
    """Say of an error whose it is."""
    try:
        yield
    except VestryError as error:
        raise type(error)(f"member {entry.name}: {error}") from error


def _may_take_fewer(entry: Member, threads: int) -> bool:
    """Whether a trial decides on how many threads, up to `threads`, it is trained."""
    trained = isinstance(entry, NetworkEntry | BackboneEntry)
    return trained and entry.threads is None and threads > 1


def _name_of(entry: Member, seed: int, part: Subset | None) -> str:
    """What people read of a fit: its member, and what tells it from the member's other fits."""
    parts = [entry.name]
    if isinstance(part, PerClassSubset):
        parts.append(f"{part.per_class:,} a class")
    if isinstance(part, Fold):
        crossed = entry.cross_validation
        repeat = part.seed - crossed.seed if crossed else 0
        parts.append(f"fold {part.number}" + (f" of repeat {repeat + 1}" if repeat else ""))
    elif len(entry.seeds) > 1:
        parts.append(f"seed {seed}")
    return ", ".join(parts)
