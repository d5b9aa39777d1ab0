"""Whether runs can be compared: the same classes and the same test rows; and, if not, why."""

from collections.abc import Sequence

import numpy as np

from vestry.data.dataset import Dataset
from vestry.data.image_set import ImageSet
from vestry.data.sealed import SealedSet
from vestry.errors import DataError, StudyError
from vestry.evaluation.predictions import Ids, align_rows
from vestry.evaluation.run_comparison import RunEvidence
from vestry.pipeline.stored_run import StoredRun
from vestry.predictions.table import Labels

_ADVICE = "run the studies on the same data, with the same [data] test, test_rows and seed"


def check_classes(runs: Sequence[StoredRun]) -> None:
    """Raise StudyError unless all runs have the same classes in the same order."""
    if len({run.classes for run in runs}) > 1:
        lines = [f"  {run.name}: {', '.join(run.classes)}" for run in runs]
        raise StudyError("\n".join(["these runs have different classes:", *lines]))


def check_ids(runs: Sequence[StoredRun]) -> None:
    """Raise StudyError unless all tables speak of the same test rows, in whatever order."""
    wanted = ids_tested(runs[0])
    fits = {run.name: align_rows(ids_tested(run), wanted) is not None for run in runs}
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


def ids_tested(run: StoredRun) -> Ids:
    return next(iter(run.tables.values())).ids


def _rows_words(run: StoredRun, first: StoredRun) -> str:
    """ "1,000 test rows of fashion-mnist, 900 of them tested in a, too"."""
    ids = ids_tested(run)
    text = f"{len(ids):,} test rows of {run.results.data.used}"
    if run is first:
        return text
    both = len(np.intersect1d(ids, ids_tested(first)))
    return f"{text}, {both:,} of them with the id of one in {first.name}"


def check_images(runs: Sequence[StoredRun], datasets: Sequence[Dataset]) -> None:
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


def check_labels(run: StoredRun, evidence: RunEvidence, truth: Labels) -> None:
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


def same_validation(datasets: Sequence[Dataset]) -> bool:
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
