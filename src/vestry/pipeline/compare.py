"""Several finished runs, from their folders to one page that compares them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vestry.data.dataset import Dataset
from vestry.data.paths import DataPaths
from vestry.engine.task import OnEvent
from vestry.errors import StudyError
from vestry.evaluation.predictions import in_order
from vestry.evaluation.run_changes import run_changes
from vestry.evaluation.run_comparison import ComparedRuns, OrderedBy, RunEvidence, compared_runs
from vestry.evaluation.vault import Vault
from vestry.pipeline.comparable import (
    check_classes,
    check_ids,
    check_images,
    check_labels,
    ids_tested,
    same_validation,
)
from vestry.pipeline.output_file import check_output
from vestry.pipeline.progress import Downloads
from vestry.pipeline.stored_run import RunData, StoredRun, stored_runs
from vestry.predictions.table import Labels
from vestry.report.runs_page import MARK, write_runs_page
from vestry.report.shell import generator
from vestry.schema.base import FORMAT
from vestry.schema.environment import TestSetUses
from vestry.schema.run_comparison import (
    ComparedData,
    ComparedRun,
    RunComparison,
    RunEnvironment,
    RunStudy,
)
from vestry.storage.ownership import read_object, starts_with
from vestry.storage.run_folder import write_json

_KEYS = {"runs", "changes", "ranking", "tests", "test_looks"}
"""By which a comparison's JSON is told from other files."""
WHO, WHY = "vestry compare", "comparing runs"


@dataclass(frozen=True)
class Compared:
    """What a comparison of runs came to."""

    page: Path
    results: RunComparison


def compare_runs(
    paths: Sequence[Path], places: DataPaths, page: Path, report: OnEvent, force: bool = False
) -> Compared:
    """Compare the runs in these folders on their common test rows; write `page`, and the same in
    JSON beside it. force: files there that are not ours may be replaced.

    Raises StudyError where they cannot be compared (it says why) or the page would replace another
    file; DataError where a run is damaged, or its data is missing or has changed.
    """
    _check_page(page, force)
    runs = stored_runs(paths)
    check_classes(runs)
    check_ids(runs)
    report({"event": "stage", "text": "loading the runs' data"})
    data = RunData(places, Downloads(report))
    datasets = [data.of(run) for run in runs]
    check_images(runs, datasets)
    report({"event": "stage", "text": "comparing"})
    vault = Vault(places.looks)
    truth = _test_labels(vault, datasets[0], runs)
    evidence = [_joined(run, datasets[0]) for run in runs]
    for run, own in zip(runs, evidence, strict=True):
        check_labels(run, own, truth)
    ordered_by: OrderedBy = "validation" if same_validation(datasets) else "test"
    found = compared_runs(evidence, truth, ordered_by)
    uses = vault.uses(datasets[0].test, WHO, found.ranking[0].accuracy)
    results = _comparison(runs, found, ordered_by, uses)
    write_json(page.with_suffix(".json"), results.as_json())
    return Compared(write_runs_page(results, page), results)


def _comparison(
    runs: Sequence[StoredRun], found: ComparedRuns, ordered_by: OrderedBy, uses: TestSetUses
) -> RunComparison:
    first = runs[0].results.data
    return RunComparison(
        format=FORMAT,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data=ComparedData(used=first.used, classes=first.classes),
        runs=[_run_facts(run) for run in runs],
        changes=run_changes(
            {run.name: run.study for run in runs},
            {run.name: run.results.environment.as_json() for run in runs},
        ),
        rows=len(ids_tested(runs[0])),
        ordered_by=ordered_by,
        score=runs[0].results.score if found.by_score else None,
        ranking=found.ranking,
        best=found.best,
        tests=found.tests,
        test_looks=uses,
    )


def _test_labels(vault: Vault, dataset: Dataset, runs: Sequence[StoredRun]) -> Labels:
    """(n,) the labels of the first run's test rows: the one place where they are asked for."""
    models = [f"{run.name} / {model}" for run in runs for model in run.tables]
    return vault.open(dataset.test, WHO, models, WHY).labels


def _joined(run: StoredRun, dataset: Dataset) -> RunEvidence:
    """The run's tables with their rows in the order of the data set's."""
    ids = dataset.test.ids
    seeds = {model: [in_order(table, ids) for table in own] for model, own in run.seeds.items()}
    return RunEvidence(
        name=run.name,
        entries={**run.results.members, **run.results.committees},
        tables={model: own[0] for model, own in seeds.items()},
        seeds=seeds,
        score=run.score,
        by_score=run.by_score,
    )


def _run_facts(run: StoredRun) -> ComparedRun:
    """What the page says of a run beside its figures."""
    results, environment = run.results, run.results.environment
    return ComparedRun(
        name=run.name,
        title=results.title,
        study=RunStudy(file=Path(results.study.file).name, hash=results.study.hash),
        created=results.created,
        fingerprint=run.fingerprint,
        rows={name: split.rows for name, split in results.data.splits.items()},
        environment=RunEnvironment(
            processor=environment.processor,
            cores_used=environment.cores_used,
            system=environment.system,
        ),
        seconds=results.seconds["total"],
        failures=[entry.name for entry in results.failures],
        makers=len(run.tables),
        chosen_by=run.score.words,
    )


def _check_page(page: Path, force: bool) -> None:
    """A page takes the place of an earlier comparison only, or of what `force` gives up."""
    if page.suffix.lower() not in (".html", ".htm"):
        raise StudyError(f"--out {page}: the page is a file that ends in .html")
    for path, is_own in ((page, _is_comparison), (page.with_suffix(".json"), _holds_comparison)):
        check_output(path, is_own, "is no comparison of runs", force)


def _is_comparison(page: Path) -> bool:
    return starts_with(page, generator(MARK))


def _holds_comparison(path: Path) -> bool:
    results = read_object(path) or {}
    return results.get("format") == FORMAT and set(results) >= _KEYS
