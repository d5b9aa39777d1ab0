"""A whole study, top to bottom: from the study file to the page."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vestry.data.dataset import Dataset, load_dataset
from vestry.data.places import Places
from vestry.data.split_record import split_record
from vestry.data.summary import data_summary, samples
from vestry.data.thumbnails import save_thumbnails, shrink_note
from vestry.engine.local import LocalEngine
from vestry.engine.task import Outcome, Report
from vestry.environment import environment
from vestry.errors import MemberError
from vestry.evaluation.comparison import ranking
from vestry.evaluation.shown_images import shown_ids
from vestry.evaluation.votes import first_rows, votes
from vestry.member_tasks import PlannedMember, plan
from vestry.members.networks.threads import PROCESS_ENVIRONMENT
from vestry.progress import downloads
from vestry.report.page import write_report
from vestry.results import Makers, committee_makers, fitted_makers
from vestry.run_folder import RunFolder, locked, remove_leftovers, write_json, write_text
from vestry.study_reader import StudyFile

Results = dict[str, Any]
FORMAT = 1


@dataclass(frozen=True)
class Finished:
    """What a run came to."""

    report: Path
    results: Results


def run_study(
    file: StudyFile, places: Places, run: RunFolder, cores: int, report: Report
) -> Finished:
    """Fit what is not fitted yet, compare everything, write the run folder and its page.

    report: takes progress events. Raises StudyError or DataError before any work where study or
    data are not right, MemberError where no member could be fitted; a member that fails beside
    others is listed in the results.
    """
    clock = Clock()
    report({"event": "stage", "text": f"loading {file.study.data.source}"})
    dataset = load_dataset(file.study.data, places, downloads(report))
    planned = plan(file.study, dataset, places, run, cores)
    announce(dataset, planned, report)
    clock.stop("data")
    with locked(run.path):
        remove_leftovers(run.path)
        failed = fit_members(planned, cores, report)
        clock.stop("fitting")
        report({"event": "stage", "text": "comparing"})
        results = compare(file, dataset, run, planned, failed)
        repeat_notices(results, report)
        clock.stop("comparison")
        results |= {"environment": environment(cores), "seconds": clock.seconds()}
        write_run(file, dataset, run, results)
        report({"event": "stage", "text": "drawing the page"})
        return Finished(write_report(run), results)


class Clock:
    """Seconds spent since the last stop, by what they were spent on."""

    def __init__(self) -> None:
        self.started = self.last = time.perf_counter()
        self.spent: dict[str, float] = {}

    def stop(self, name: str) -> None:
        now = time.perf_counter()
        self.spent[name], self.last = now - self.last, now

    def seconds(self) -> dict[str, float]:
        return {**self.spent, "total": self.last - self.started}


def announce(dataset: Dataset, planned: list[PlannedMember], report: Report) -> None:
    """Say, before any work, what is worked on and how large it is."""
    provenance = dataset.provenance
    if provenance.fell_back:
        text = f"not on {provenance.asked} but on {provenance.used}: {provenance.fell_back}"
        report({"event": "warning", "text": text})
    rows = ", ".join(f"{count:,} {split}" for split, count in provenance.rows.items())
    report({"event": "note", "text": f"{provenance.used}: {rows} images"})
    for member in planned:
        report({"event": "planned", "member": member.name, "text": member.text})


def fit_members(planned: list[PlannedMember], cores: int, report: Report) -> dict[str, Outcome]:
    """Do what is not done yet; returns what failed by the task's digest."""
    tasks = [task for member in planned for task in member.tasks.values()]
    waiting = {task.folder.name: task for task in tasks if not task.is_done}
    report({"event": "tasks", "total": len(tasks), "found": len(tasks) - len(waiting)})
    engine = LocalEngine(cores, PROCESS_ENVIRONMENT)
    outcomes = engine.run(list(waiting.values()), report) if waiting else ()
    return {outcome.task.folder.name: outcome for outcome in outcomes if outcome.reason}


def compare(
    file: StudyFile,
    dataset: Dataset,
    run: RunFolder,
    planned: list[PlannedMember],
    failed: dict[str, Outcome],
) -> Results:
    """Everything that `results.json` says but where, how long and when; see docs/results.md."""
    study = file.study
    truths = {"validation": dataset.validation.labels, "test": dataset.test.labels}
    members = fitted_makers(planned, failed, run, truths)
    if not members.results:
        reasons = "; ".join(f"{entry['name']}: {entry['reason']}" for entry in members.failures)
        raise MemberError(f"no member could be fitted ({reasons})")
    committees = committee_makers(study.committee, members, run, truths)
    tables = {n: t["test"] for n, t in (members.tables | committees.tables).items()}
    grid = samples(
        dataset.training,
        study.samples.rows * study.samples.columns,
        study.samples.columns,
        study.samples.seed,
    )
    return {
        "format": FORMAT,
        "title": study.title,
        "about": study.about,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "study": {"file": str(file.path), "hash": study.digest, "text": study.as_toml()},
        "notices": notices(dataset, members),
        "data": data_summary(dataset) | {"samples": grid},
        "members": members.results,
        "committees": committees.results,
        "failures": members.failures + committees.failures,
        "ranking": ranking(members.results, committees.results),
        "votes": votes(tables, truths["test"], study.votes.rows, study.votes.seed),
        "first_rows": first_rows(tables, truths["test"]),
    }


def notices(dataset: Dataset, members: Makers) -> list[dict[str, str]]:
    """What was replaced, skipped or failed, for the top of the page."""
    provenance = dataset.provenance
    texts = [*provenance.notes, *shrink_note(dataset.training.image_shape)]
    said = [{"level": "note", "text": text} for text in texts]
    if provenance.fell_back:
        text = f"This study asked for {provenance.asked} and ran on {provenance.used} instead: "
        said.insert(0, {"level": "warning", "text": text + provenance.fell_back})
    said += [
        {"level": "note", "text": f"{name}: {warning}"}
        for name, entry in members.results.items()
        for warning in entry["warnings"]
    ]
    return said


def repeat_notices(results: Results, report: Report) -> None:
    """Say on the console what the page says on top, but for what was announced before."""
    for notice in results["notices"]:
        if notice["level"] == "note":
            report({"event": "note", "text": notice["text"]})


def write_run(file: StudyFile, dataset: Dataset, run: RunFolder, results: Results) -> None:
    """Write the run's own files; `results.json`, which speaks of all of them, comes last."""
    write_text(run.study, file.study.as_toml())
    write_json(run.environment, results["environment"])
    write_json(run.split, split_record(dataset))
    wanted = shown_ids(results)
    save_thumbnails([dataset.training, dataset.validation, dataset.test], wanted, run.images)
    write_json(run.results, results)
