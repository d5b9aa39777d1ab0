"""From a study's models to tasks for an engine: fits by seed, fold and size; and searches."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vestry.data.dataset import Dataset, resolved
from vestry.data.paths import DataPaths, Progress
from vestry.data.subset import PerClassSubset, Subset
from vestry.engine.task import Task
from vestry.errors import StudyError
from vestry.members.kind import ModelKind, Plan, PlanContext
from vestry.members.model_paths import ModelPaths
from vestry.pipeline.planned_model import (
    FitCounts,
    PlannedModel,
    best_values,
    cores_each,
    epochs_kept,
    fit_name,
    fits_of,
    fold_words,
    naming,
    with_needs,
)
from vestry.pipeline.tasks import fit
from vestry.pipeline.tasks.audit import exploration_task
from vestry.pipeline.tasks.code_key import code_key
from vestry.pipeline.teachers import Teachers
from vestry.search.space import variations
from vestry.storage.run_folder import RunFolder
from vestry.study.entries import CommonEntry, ModelEntry, SearchedEntry
from vestry.study.settings import Study
from vestry.system.installed import version_of

_SEARCH_CODE = ("search", "pipeline.tasks.search", "pipeline.searching")
FIT, SEARCH = "vestry.pipeline.tasks.fit:fit_model", "vestry.pipeline.tasks.search:run_search"


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
        self.shared = fit.shared_description(dataset, study.reproducible)
        paths = ModelPaths.of(places, run.path)
        rows = dataset.training
        self.plan_context = PlanContext(rows.image_shape, rows.classes, paths, downloads)
        self.plans: dict[str, Plan] = {}
        self.teachers = Teachers(study, dataset.folds, self)
        self.context = {
            "data": resolved(study.data, dataset.provenance).model_dump(mode="json"),
            "places": places.as_dict(),
            "model_paths": paths.as_dict(),
            "study": study.digest,
            "record": str(run.looks),
        }

    def plan(self, kind: ModelKind) -> Plan:
        """What is settled of this kind's models; the same for all of them."""
        if kind.name not in self.plans:
            self.plans[kind.name] = kind.plan(self.plan_context)
        return self.plans[kind.name]

    def models(self, found: Mapping[str, Sequence[Task]]) -> list[PlannedModel]:
        """Models in study order whose settings are known: given, or found by finished searches.

        found: what `searches` gave. Raises StudyError where a network does not fit the images.
        """
        planned = []
        for entry in self.study.models:
            if isinstance(entry, SearchedEntry):
                tasks = found.get(entry.name, ())
                if tasks and all(task.is_done for task in tasks):
                    best, *in_folds = [entry.with_values(best_values(task)) for task in tasks]
                    planned.append(self.model(best, tasks[0], in_folds))
            else:
                planned.append(self.model(entry))
        return planned

    def fits(self) -> FitCounts:
        """How many there will be at most, of which trials of searches; from the study alone."""
        every = self.dataset.folds.every() if self.dataset.folds else []
        finals = trials = 0
        for entry in self.study.models:
            if entry.model_kind.is_finished:
                continue
            finals += fits_of(entry, self.dataset.folds)
            if isinstance(entry, SearchedEntry):
                trials += entry.search.trials * (1 + len(every))
        planned = self.models({})
        finals += len(with_needs(planned)) - len({t.folder for m in planned for t in m.fits})
        return FitCounts(len(every) + 1, finals + trials, trials)

    def exploration(self) -> Task | None:
        """The look at the data; None where the study leaves it out."""
        settings = self.study.exploration
        if settings.skip:
            return None
        return exploration_task(settings, self.dataset, self.context, self.run)

    def texts(self) -> dict[str, str]:
        """What each model is, in a line, by name; StudyError where one does not fit the images."""
        return {
            entry.name: entry.search.words(len(entry.space))
            if isinstance(entry, SearchedEntry)
            else self.describe(entry)
            for entry in self.study.models
        }

    def model(
        self,
        entry: ModelEntry,
        search: Task | None = None,
        in_folds: Sequence[ModelEntry] = (),
    ) -> PlannedModel:
        """in_folds: the model as each of the study's folds has it, where a search found that."""
        text, threads = self.describe(entry), self.threads_for(entry)
        folds = entry.cross_validation.parts() if entry.cross_validation else []
        sizes = {
            size: {
                seed: self.fit(entry, threads, seed, PerClassSubset(per_class=size, seed=seed))
                for seed in entry.seeds
            }
            for size in entry.images_per_class or ()
        }
        chosen_by = self.study_folds(entry, threads, in_folds)
        return PlannedModel(
            entry,
            text,
            sizes[max(sizes)] if sizes else self.finals(entry, threads, chosen_by),
            [self.fit(entry, threads, entry.seeds[0], fold) for fold in folds],
            sizes,
            search,
            chosen_by,
        )

    def study_folds(
        self, entry: ModelEntry, threads: int, in_folds: Sequence[ModelEntry]
    ) -> dict[int, list[Task]]:
        """By seed, the fits that the model is chosen by; none of a finished model."""
        folds = self.dataset.folds
        if folds is None or entry.model_kind.is_finished:
            return {}
        parts = folds.every()
        each = [(one, self.threads_for(one)) for one in in_folds] or [(entry, threads)] * len(parts)
        return {
            seed: [
                self.fit(one, cores, seed, part)
                for (one, cores), part in zip(each, parts, strict=True)
            ]
            for seed in entry.seeds
        }

    def finals(
        self, entry: ModelEntry, threads: int, chosen_by: Mapping[int, Sequence[Task]]
    ) -> dict[int, Task]:
        """By seed, the fit on all training rows: for as many epochs as the folds kept, where these
        stop early; without the seeds of which that is not known yet."""
        found = {}
        waits = bool(chosen_by) and self.plan(entry.model_kind).stops_early(entry)
        for seed in entry.seeds:
            folds = chosen_by.get(seed, ())
            if self.teachers.waits(entry, seed):
                continue
            if not waits:
                found[seed] = self.fit(entry, threads, seed)
            elif all(task.is_done for task in folds):
                chosen = folds[: len(self.dataset.folds.parts())] if self.dataset.folds else folds
                found[seed] = self.fit(entry, threads, seed, epochs=epochs_kept(chosen))
        return found

    def fit(
        self,
        entry: ModelEntry,
        threads: int,
        seed: int,
        part: Subset | None = None,
        epochs: int | None = None,
    ) -> Task:
        plan = self.plan(entry.model_kind)
        settings = plan.settled(entry).model_dump(
            mode="json", include=set(entry.model_kind.settings.model_fields)
        )
        folds = self.dataset.folds
        inner = folds.inner if folds and not entry.model_kind.is_finished else None
        if inner is not None and "refit" in settings:
            settings["refit"] = False  # every fit learns from all of its rows as it is
        fewer = _may_take_fewer(entry, threads)
        description = fit.description(
            self.shared, settings, seed, threads, part, fewer, inner, epochs
        )
        if (identity := plan.identity(entry)) is not None:
            description["starts_from"] = identity
        lesson, name = self.teachers.lesson(entry, seed, part), fit_name(entry, seed, part, folds)
        task = self.task(name, lesson.function or FIT, description | lesson.said, entry)
        task = replace(task, group=entry.name, in_process=plan.fits_here(entry))
        return lesson.of(replace(task, here=entry.model_kind.tied(settings)))

    def searches(self) -> dict[str, list[Task]]:
        """A task for each model whose settings are to be found, by its name; where the study
        chooses by folds, followed by one for each fold, which sees that fold's own rows alone."""
        folds = self.dataset.folds.every() if self.dataset.folds else []
        return {
            entry.name: [self.search(entry, part) for part in (None, *folds)]
            for entry in self.study.models
            if isinstance(entry, SearchedEntry)
        }

    def search(self, entry: SearchedEntry, part: Subset | None = None) -> Task:
        kind, plan = entry.model_kind, self.plan(entry.model_kind)
        description = {
            **self.shared,
            "search_code": code_key(*_SEARCH_CODE),
            "libraries": fit.libraries(kind.name) | {"optuna": version_of("optuna")},
            "search": entry.search.model_dump(mode="json"),
            "kind": kind.name,
            "member": entry.table,
            "seed": entry.search.seed,
            "threads": (threads := self.search_threads(entry)),
        }
        if self.dataset.folds is not None:
            description["inner"] = self.dataset.folds.inner.model_dump(mode="json")
        if part is not None:
            description["part"] = part.model_dump(mode="json")
        tried = [entry.with_values(values) for values in variations(entry.space)]
        if any(_may_take_fewer(one, threads) for one in tried):
            description["fewer_threads"] = True
        identities = {plan.identity(one) for one in tried} - {None}
        if identities:
            description["starts_from"] = sorted(filter(None, identities))
        limit = entry.time_limit or self.study.time_limit
        limit *= entry.search.trials if entry.search.batch == 1 else 1  # else each is a task
        where = "" if part is None else f", {fold_words(part, self.dataset.folds)}"
        name = f"{entry.name}, search"
        task = self.task(f"{name}{where}", SEARCH, description, entry)
        tied = (kind.tied(one.model_dump(mode="json")) for one in tried)
        return replace(task, time_limit=limit, group=name, here=next(filter(None, tied), ""))

    def search_threads(self, entry: SearchedEntry) -> int:
        """Cores for the largest of the models that the search may try; of trials of a batch each
        has one, so that they come to the same on however many there are."""
        if entry.search.batch > 1:
            return entry.threads or 1
        wanted, problems = [], []
        for values in variations(entry.space):
            try:
                wanted.append(self.threads_for(entry.with_values(values)))
            except StudyError as error:
                problems.append(error)
        if not wanted:
            raise problems[0]
        return max(wanted)

    def describe(self, entry: ModelEntry) -> str:
        """What the model is, in a line; raises what planning finds wrong, with its name."""
        with naming(entry):
            return self.plan(entry.model_kind).describe(entry) + self.teachers.words(entry)

    def threads_for(self, entry: ModelEntry) -> int:
        """How many cores a fit gets: those that its model names, or those that it uses well, of
        which several fits of one model have a part each."""
        plan, fits = self.plan(entry.model_kind), fits_of(entry, self.dataset.folds)
        with naming(entry):
            wanted, shares = plan.threads_for(entry), plan.gains_beside_others(entry)
        if self.study.reproducible:  # in which order sums are made hangs on them
            return entry.threads or 1
        each = cores_each(fits if shares else 1, self.cores)
        return min(entry.threads or min(wanted, each), self.cores)

    def task(
        self, name: str, function: str, description: dict[str, Any], entry: CommonEntry
    ) -> Task:
        task = Task.of(
            self.run,
            name=name,
            function=function,
            description=description,
            context=self.context | {"maker": entry.name},
            cores=description["threads"],
            time_limit=entry.time_limit or self.study.time_limit,
        )
        own = float(description["member"].get("device") == "cuda")  # what it is trained on
        return replace(task, gpus=entry.gpus or own)


def _may_take_fewer(entry: ModelEntry, threads: int) -> bool:
    """Whether a trial decides on how many threads, up to `threads`, it is trained."""
    return entry.model_kind.is_trained and entry.threads is None and threads > 1
