"""A whole study, top to bottom: from the study file to the page."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from vestry.data.dataset import Dataset, load_dataset
from vestry.data.folds import StudyFolds
from vestry.data.paths import DataPaths
from vestry.engine.engine import Engine
from vestry.engine.local import LocalEngine
from vestry.engine.task import OnEvent
from vestry.errors import StudyError
from vestry.evaluation.chosen_by import check_score
from vestry.evaluation.claims import check_classes
from vestry.evaluation.vault import Vault
from vestry.members.networks.machine import PROCESS_ENVIRONMENT
from vestry.pipeline.claim import check_claims, folder_before, take
from vestry.pipeline.engines import sent_rows
from vestry.pipeline.fitting import attribute_models, fit_members, measure_models
from vestry.pipeline.memory_needs import check_memory
from vestry.pipeline.notices import cut_short
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
    report({"event": "stage", "text": f"loading {file.study.data.source}"})
    dataset = load_dataset(file.study.data, places, Downloads(report))
    if not dataset.provenance.fell_back:  # other data have other classes; then claims say so
        check_classes(file.study.claim, dataset.training.classes)
    check_score(file.study.decision, dataset.training.classes)
    _check_folds(file.study, len(dataset.training))
    planner = Planner(file.study, dataset, places, run, engine.cores, Downloads(report))
    _announce(dataset, planner, report)
    for text in check_memory(planner):
        report({"event": "warning", "text": text})
    clock.stop("data")
    vault = Vault(places.looks, run.looks)
    comparison = Comparison(file, dataset, run, vault, report)
    for text in comparison.leak_warnings():  # before any time is spent
        report({"event": "warning", "text": text})
    with locked(run.path), engine, sent_rows(dataset, engine):
        take(file, places, run, report)
        remove_leftovers(run.path)
        for name in forget_damaged(run.path / "tasks"):
            text = f"files in tasks/{name} are damaged: what was finished there is done again"
            report({"event": "note", "text": text})
        remove_workspaces(run.path / "tasks")
        look = planner.exploration()
        planned, failed = fit_members(planner, look, engine, report)
        clock.stop("fitting")
        asked = measure_models(planner, planned, engine, report)
        clock.stop("asking again")
        compared = comparison.results(StudyTasks(planned, failed, look, asked))
        _repeat_notices(compared, report)
        clock.stop("comparison")
        looks, unexplained = attribute_models(planner, planned, compared, engine, report)
        clock.stop("explanation")
        results = Results(
            **vars(compared),
            test_looks=comparison.test_set_uses(compared),
            explanations=explanations(looks, unexplained),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            environment=Environment.model_validate(environment(cores)),
            seconds=clock.seconds(),
        )
        for text in cut_short(results):
            report({"event": "note", "text": text})
        explored = read_exploration(look.folder) if look and look.is_done else None
        save_explanation_maps(looks, run)
        write_run(file, dataset, run, results, explored, asked.pictures)
        report({"event": "stage", "text": "drawing the page"})
        return Finished(write_report(run), results)


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
    for text in provenance.warnings:
        report({"event": "warning", "text": text})
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
