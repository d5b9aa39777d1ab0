"""A whole study, top to bottom: from the study file to the page."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vestry.committee_results import committee_makers
from vestry.data.dataset import Dataset, load_dataset
from vestry.data.places import Places
from vestry.data.summary import data_summary, samples
from vestry.data.thumbnails import shrink_note
from vestry.engine.task import Outcome, Report
from vestry.environment import environment
from vestry.errors import MemberError
from vestry.evaluation.analysis import analysed
from vestry.evaluation.claims import check_classes
from vestry.evaluation.comparison import ranking
from vestry.evaluation.evidence import Evidence
from vestry.evaluation.votes import first_rows, votes
from vestry.explore_task import Explored, read_exploration
from vestry.fitting import fit_members
from vestry.makers import Makers
from vestry.member_results import fitted_makers
from vestry.member_tasks import PlannedMember, Planner
from vestry.progress import downloads
from vestry.report.page import write_report
from vestry.run_files import write_run
from vestry.run_folder import RunFolder, locked, remove_leftovers
from vestry.study_reader import StudyFile, read_study, studies_before

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
    run_before(file, places, run, cores, report)
    clock = Clock()
    report({"event": "stage", "text": f"loading {file.study.data.source}"})
    dataset = load_dataset(file.study.data, places, downloads(report))
    if not dataset.provenance.fell_back:  # other data have other classes; then claims say so
        check_classes(file.study.claim, dataset.training.classes)
    planner = Planner(file.study, dataset, places, run, cores, downloads(report))
    announce(dataset, planner, report)
    clock.stop("data")
    with locked(run.path):
        remove_leftovers(run.path)
        look = planner.exploration()
        planned, failed = fit_members(planner, look, cores, report)
        clock.stop("fitting")
        report({"event": "stage", "text": "comparing"})
        explored = read_exploration(look.folder) if look and look.is_done else None
        results = compare(file, dataset, run, planned, failed, explored)
        repeat_notices(results, report)
        clock.stop("comparison")
        results |= {"environment": environment(cores), "seconds": clock.seconds()}
        write_run(file, dataset, run, results, explored)
        report({"event": "stage", "text": "drawing the page"})
        return Finished(write_report(run), results)


def run_before(file: StudyFile, places: Places, run: RunFolder, cores: int, report: Report) -> None:
    """Run the studies that this one builds on; what they have finished is found again."""
    for path in studies_before(file):
        report({"event": "stage", "text": f"{file.path.name} builds on {path.name}: first that"})
        folder = RunFolder(run.path.parent / path.stem)
        run_study(read_study(path), replace(places, base=path.parent), folder, cores, report)


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


def announce(dataset: Dataset, planner: Planner, report: Report) -> None:
    """Say, before any work, what is worked on and how large it is."""
    provenance = dataset.provenance
    if provenance.fell_back:
        text = f"not on {provenance.asked} but on {provenance.used}: {provenance.fell_back}"
        report({"event": "warning", "text": text})
    rows = ", ".join(f"{count:,} {split}" for split, count in provenance.rows.items())
    report({"event": "note", "text": f"{provenance.used}: {rows} images"})
    for name, text in planner.texts().items():
        report({"event": "planned", "member": name, "text": text})


def compare(
    file: StudyFile,
    dataset: Dataset,
    run: RunFolder,
    planned: list[PlannedMember],
    failed: dict[str, Outcome],
    explored: Explored | None,
) -> Results:
    """Everything that `results.json` says but where, how long and when; see docs/results.md."""
    study = file.study
    truths = {
        "training": dataset.training.labels,
        "validation": dataset.validation.labels,
        "test": dataset.test.labels,
    }
    members = fitted_makers(planned, failed, run, truths, dataset.training)
    if not members.results:
        reasons = "; ".join(f"{entry['name']}: {entry['reason']}" for entry in members.failures)
        raise MemberError(f"no member could be fitted ({reasons})")
    committees = committee_makers(study.committee, members, run, truths)
    evidence = Evidence(members.tables | committees.tables, truths, members.out_of_fold)
    tables = evidence.tested
    grid = samples(
        dataset.training,
        study.samples.rows * study.samples.columns,
        study.samples.columns,
        study.samples.seed,
    )
    results = {
        "format": FORMAT,
        "title": study.title,
        "about": study.about,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "study": {"file": str(file.path), "hash": study.digest, "text": study.as_toml()},
        "notices": notices(dataset, members, study.exploration.skip),
        "data": data_summary(dataset) | {"samples": grid},
        "members": members.results,
        "committees": committees.results,
        "failures": members.failures + committees.failures,
        "ranking": ranking(members.results, committees.results),
        "votes": votes(tables, truths["test"], study.votes.rows, study.votes.seed),
        "first_rows": first_rows(tables, truths["test"]),
        "exploration": explored.results if explored else None,
    }
    return analysed(results, evidence, study.pair, study.claim)


def notices(dataset: Dataset, members: Makers, unseen: bool) -> list[dict[str, str]]:
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
    if unseen:
        text = "The study leaves out the look at the data ([exploration] skip = true)."
        said.append({"level": "note", "text": text})
    return said


def repeat_notices(results: Results, report: Report) -> None:
    """Say on the console what the page says on top, but for what was announced before."""
    for notice in results["notices"]:
        if notice["level"] == "note":
            report({"event": "note", "text": notice["text"]})
