"""A whole study, top to bottom: from the study file to the page."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from vestry.data.dataset import Dataset, load_dataset
from vestry.data.folds import StudyFolds
from vestry.data.paths import DataPaths
from vestry.engine.engine import Engine
from vestry.engine.local import LocalEngine
from vestry.engine.task import OnEvent, Task
from vestry.errors import StudyError
from vestry.evaluation.chosen_by import check_score
from vestry.evaluation.claims import check_classes
from vestry.evaluation.vault import Vault
from vestry.members.networks.machine import PROCESS_ENVIRONMENT
from vestry.pipeline.claim import check_claims, folder_before, take
from vestry.pipeline.engines import sent_rows
from vestry.pipeline.fitting import PostFit, attribute_models, fit_members, measure_models
from vestry.pipeline.memory_needs import check_memory
from vestry.pipeline.notices import cut_short, twins
from vestry.pipeline.planner import Planner
from vestry.pipeline.progress import Downloads
from vestry.pipeline.results import Comparison, StudyTasks
from vestry.pipeline.run_files import write_run
from vestry.pipeline.tasks.attribution import explanations, save_explanation_maps
from vestry.pipeline.tasks.audit import read_exploration
from vestry.report.page import write_report
from vestry.schema.environment import Environment
from vestry.schema.results import ComparisonResults, Results
from vestry.storage.file_sums import forget_damaged, remove_workspaces
from vestry.storage.run_folder import RunFolder, locked, remove_leftovers
from vestry.study.reader import StudyFile, read_study, studies_before
from vestry.study.settings import Study
from vestry.system.environment import environment
from vestry.system.parts import require
from vestry.system.registry import check_brought


@dataclass(frozen=True)
class Finished:
    """What a run came to."""

    report: Path
    results: Results


def run_study(
    file: StudyFile,
    places: DataPaths,
    run: RunFolder,
    cores: int,
    report: OnEvent,
    engine: Engine | None = None,
) -> Finished:
    """Fit what is not fitted yet, compare everything, write the run folder and its page.

    report: takes progress events. engine: what does the tasks, by default processes here on
    `cores` cores. Raises StudyError or DataError before any work where study or
    data are not right or the folder is not this study's to write in, MemberError where no member
    could be fitted; a member that fails beside others is listed in the results.
    """
    require("train", "running a study")
    check_claims(file, places, run)
    check_brought()
    engine = engine or LocalEngine(cores, PROCESS_ENVIRONMENT)
    _run_before(file, places, run, engine, report)
    clock = _Clock()
    dataset = _loaded(file.study, places, report)
    planner = Planner(file.study, dataset, places, run, engine.cores, Downloads(report))
    _announce(dataset, planner, report)
    _warn(check_memory(planner), report)
    clock.stop("data")
    comparison = Comparison(file, dataset, run, Vault(places.looks, run.looks), report)
    _warn(comparison.leak_warnings(), report)  # before any time is spent
    with locked(run.path), engine, sent_rows(dataset, engine):
        take(file, places, run, report)
        _clear(run, report)
        return _Work(file, dataset, run, planner, comparison, engine, report).done(cores, clock)


def _loaded(study: Study, places: DataPaths, report: OnEvent) -> Dataset:
    """The study's data, after what it says of classes and folds was held against them."""
    report({"event": "stage", "text": f"loading {study.data.source}"})
    dataset = load_dataset(study.data, places, Downloads(report))
    classes = dataset.training.classes
    if not dataset.provenance.fell_back:  # other data have other classes; then claims say so
        check_classes(study.claim, classes)
    check_score(study.decision, classes)
    _check_folds(study, len(dataset.training))
    return dataset


def _clear(run: RunFolder, report: OnEvent) -> None:
    """Take away what an earlier run left half done or what was damaged since."""
    remove_leftovers(run.path)
    for name in forget_damaged(run.path / "tasks"):
        text = f"files in tasks/{name} are damaged: what was finished there is done again"
        report({"event": "note", "text": text})
    remove_workspaces(run.path / "tasks")


@dataclass(frozen=True)
class _Work:
    """A run whose folder is its own by now: fit, measure, compare, explain, write."""

    file: StudyFile
    dataset: Dataset
    run: RunFolder
    planner: Planner
    comparison: Comparison
    engine: Engine
    report: OnEvent

    def done(self, cores: int, clock: "_Clock") -> Finished:
        look = self.planner.exploration()
        planned, failed = fit_members(self.planner, look, self.engine, self.report)
        clock.stop("fitting")
        asked = measure_models(self.planner, planned, self.engine, self.report)
        clock.stop("asking again")
        compared = self.comparison.results(StudyTasks(planned, failed, look, asked))
        _repeat_notices(compared, self.report)
        clock.stop("comparison")
        looks, unexplained = attribute_models(
            self.planner, planned, compared, self.engine, self.report
        )
        clock.stop("explanation")
        results = Results(
            **vars(compared),
            test_looks=self.comparison.test_set_uses(compared),
            explanations=explanations(looks, unexplained),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            environment=Environment.model_validate(environment(cores)),
            seconds=clock.seconds(),
        )
        save_explanation_maps(looks, self.run)
        return self._written(results, look, asked)

    def _written(self, results: Results, look: Task | None, asked: PostFit) -> Finished:
        """The run's files and its page."""
        for text in cut_short(results):
            self.report({"event": "note", "text": text})
        explored = read_exploration(look.folder) if look and look.is_done else None
        write_run(self.file, self.dataset, self.run, results, explored, asked.pictures)
        self.report({"event": "stage", "text": "drawing the page"})
        return Finished(write_report(self.run), results)


def _warn(texts: Iterable[str], report: OnEvent) -> None:
    for text in texts:
        report({"event": "warning", "text": text})


def _run_before(
    file: StudyFile, places: DataPaths, run: RunFolder, engine: Engine, report: OnEvent
) -> None:
    """Run the studies that this one builds on; what they have finished is found again."""
    for path in studies_before(file):
        report({"event": "stage", "text": f"{file.path.name} builds on {path.name}: first that"})
        here = replace(places, base=path.parent)
        run_study(read_study(path), here, folder_before(path, run), engine.cores, report, engine)


class _Clock:
    """Seconds spent since the last stop, by what they were spent on."""

    def __init__(self) -> None:
        self.started = self.last = time.perf_counter()
        self.spent: dict[str, float] = {}

    def stop(self, name: str) -> None:
        now = time.perf_counter()
        self.spent[name], self.last = now - self.last, now

    def seconds(self) -> dict[str, float]:
        return {**self.spent, "total": self.last - self.started}


def _announce(dataset: Dataset, planner: Planner, report: OnEvent) -> None:
    """Say, before any work, what is worked on and how large it is."""
    provenance = dataset.provenance
    if provenance.fell_back:
        text = f"not on {provenance.asked} but on {provenance.used}: {provenance.fell_back}"
        report({"event": "warning", "text": text})
    _warn((*provenance.warnings, *twins(planner.study)), report)
    counts = provenance.rows
    if dataset.folds:
        shared = ("validation", "test") if dataset.folds.tests else ("validation",)
        counts = {name: count for name, count in counts.items() if name not in shared}
    rows = ", ".join(f"{count:,} {split}" for split, count in counts.items())
    report(
        {
            "event": "note",
            "text": f"{provenance.used}: {rows} images{_folds(dataset.folds, planner)}",
        }
    )
    for name, text in planner.texts().items():
        report({"event": "planned", "member": name, "text": text})


def _folds(folds: StudyFolds | None, planner: Planner) -> str:
    """What folds choose and test, and what that costs."""
    if folds is None:
        return ""
    tested = f", tested in {folds.test_words()}" if folds.tests else ""
    count = planner.fits()
    trials = f", of which {count.trials:,} are trials of searches" if count.trials else ""
    fits = f"{count.each:,} fits a model and seed, {count.total:,} in all{trials}"
    return f"; chosen by {folds.words()} of all training images{tested}: {fits}"


def _repeat_notices(results: ComparisonResults, report: OnEvent) -> None:
    """Say on the console what the page says on top, but for what was announced before."""
    for notice in results.notices:
        if notice.level == "note":
            report({"event": "note", "text": notice.text})


def _check_folds(study: Study, rows: int) -> None:
    """Raise StudyError for a cross-validation of more folds than there are training rows."""
    for entry in study.models:
        crossed = entry.cross_validation
        if crossed is not None and crossed.folds > rows:
            raise StudyError(
                f"{entry.name}: cross_validation asks for {crossed.folds} folds of {rows:,} "
                f"training rows; each fold holds one row at least, so ask for {rows:,} or fewer"
            )
