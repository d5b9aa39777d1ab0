"""Several finished runs, from their folders to one page that compares them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from vestry.data.dataset import Dataset
from vestry.data.image_set import ImageSet
from vestry.data.paths import DataPaths
from vestry.data.sealed import SealedSet
from vestry.engine.task import OnEvent
from vestry.errors import DataError, StudyError
from vestry.evaluation.predictions import Ids, align_rows, in_order
from vestry.evaluation.run_changes import run_changes
from vestry.evaluation.run_comparison import ComparedRuns, OrderedBy, RunEvidence, compared_runs
from vestry.evaluation.vault import Vault
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

# Whether runs can be compared: the same classes and the same test rows; and, if not, why.


_ADVICE = "run the studies on the same data, with the same [data] test, test_rows and seed"


def _check_classes(runs: Sequence[StoredRun]) -> None:
    """Raise StudyError unless all runs have the same classes in the same order."""
    if len({run.classes for run in runs}) > 1:
        lines = [f"  {run.name}: {', '.join(run.classes)}" for run in runs]
        raise StudyError("\n".join(["these runs have different classes:", *lines]))


def _check_ids(runs: Sequence[StoredRun]) -> None:
    """Raise StudyError unless all tables speak of the same test rows, in whatever order."""
    wanted = _test_ids(runs[0])
    fits = {run.name: align_rows(_test_ids(run), wanted) is not None for run in runs}
    if not all(fits.values()):
        lines = [f"  {run.name}: {_rows_words(run, runs[0])}" for run in runs]
        reason = "these runs were not tested on the same rows, so they cannot be compared:"
        raise StudyError("\n".join([reason, *lines, _ADVICE]))
    for run in runs:
        for model, table in run.tables.items():
            if align_rows(table.ids, wanted) is None:
                raise DataError(
                    f"{run.name} / {model}: its test table has other rows than the run's other "
                    "tables: run the study again"
                )


def _test_ids(run: StoredRun) -> Ids:
    return next(iter(run.tables.values())).ids


def _rows_words(run: StoredRun, first: StoredRun) -> str:
    """ "1,000 test rows of fashion-mnist, 900 of them tested in a, too"."""
    ids = _test_ids(run)
    text = f"{len(ids):,} test rows of {run.results.data.used}"
    if run is first:
        return text
    both = len(np.intersect1d(ids, _test_ids(first)))
    return f"{text}, {both:,} of them with the id of one in {first.name}"


def _check_images(runs: Sequence[StoredRun], datasets: Sequence[Dataset]) -> None:
    """Raise StudyError unless test rows of the same id show the same image in all runs."""
    first = datasets[0].test
    for run, dataset in zip(runs, datasets, strict=True):
        where = _different_image(first, dataset.test)
        if where is not None:
            raise StudyError(
                f"{runs[0].name} and {run.name} have test rows of the same ids, but {where} is "
                f"another image or of another size; {_ADVICE}"
            )
        if _same_ids(first, dataset.test) and first.fingerprint != dataset.test.fingerprint:
            raise StudyError(
                f"{runs[0].name} and {run.name} were tested on the same images under other labels "
                "or class names; what is right in one is wrong in the other. Give both the same "
                f"labels; {_ADVICE}"
            )


def _same_ids(one: SealedSet, other: SealedSet) -> bool:
    """Whether the rows are the same in the same order; then labels alone can differ."""
    return bool(np.array_equal(one.ids, other.ids))


def _different_image(one: SealedSet, other: SealedSet) -> str | None:
    """The first id whose image differs; None where all are the same."""
    if one.fingerprint == other.fingerprint and np.array_equal(one.ids, other.ids):
        return None
    places = align_rows(one.ids, other.ids)
    if places is None or one.image_shape != other.image_shape:
        return str(one.ids[0])
    differs = (one.images != other.images[places]).reshape(len(one), -1).any(axis=1)
    return str(one.ids[int(differs.argmax())]) if differs.any() else None


def _check_labels(run: StoredRun, evidence: RunEvidence, truth: Labels) -> None:
    """Raise DataError unless the labels give the accuracies that the run's results say.

    So labels, tables and results belong together. evidence: rows in the order of `truth`.
    """
    for model, tables in evidence.seeds.items():
        entry = evidence.entries[model]
        right = [int((table.labels == truth).sum()) for table in tables]
        said = [round(seed.scores.test["accuracy"] * len(truth)) for seed in entry.seeds]
        mean = round(entry.scores.test.accuracy * len(truth) * len(tables))
        if right != said or sum(right) != mean:
            raise DataError(
                f"{run.name} / {model}: its tables are right on {sum(right):,} test images, its "
                f"results say {mean:,}; its labels or tables have changed since. Put the "
                "data back as they were, or run the study again"
            )


def _same_validation(datasets: Sequence[Dataset]) -> bool:
    """Whether all runs chose by the same rows, in whatever order."""
    first = datasets[0].validation
    return all(_same_rows(first, dataset.validation) for dataset in datasets)


def _same_rows(one: ImageSet, other: ImageSet) -> bool:
    places = align_rows(one.ids, other.ids)
    if places is None or one.image_shape != other.image_shape:
        return False
    return bool(
        np.array_equal(one.labels, other.labels[places])
        and np.array_equal(one.images, other.images[places])
    )


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
    _check_classes(runs)
    _check_ids(runs)
    report({"event": "stage", "text": "loading the runs' data"})
    data = RunData(places, Downloads(report))
    datasets = [data.of(run) for run in runs]
    _check_images(runs, datasets)
    report({"event": "stage", "text": "comparing"})
    vault = Vault(places.looks)
    truth = _test_labels(vault, datasets[0], runs)
    evidence = [_joined(run, datasets[0]) for run in runs]
    for run, own in zip(runs, evidence, strict=True):
        _check_labels(run, own, truth)
    ordered_by: OrderedBy = "validation" if _same_validation(datasets) else "test"
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
        rows=len(_test_ids(runs[0])),
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
