"""Whether runs can be compared: the same classes and the same test rows; and, if not, why."""

from collections.abc import Mapping, Sequence

import numpy as np

from vestry.data.dataset import Dataset
from vestry.data.image_set import ImageSet
from vestry.data.sealed import SealedSet
from vestry.errors import DataError, StudyError
from vestry.evaluation.joined_rows import Ids, places_of
from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable
from vestry.stored_run import StoredRun

ADVICE = "run the studies on the same data, with the same [data] test, test_rows and seed"


def check_classes(runs: Sequence[StoredRun]) -> None:
    """Raise StudyError unless all runs have the same classes in the same order."""
    if len({run.classes for run in runs}) > 1:
        lines = [f"  {run.name}: {', '.join(run.classes)}" for run in runs]
        raise StudyError("\n".join(["these runs have different classes:", *lines]))


def check_ids(runs: Sequence[StoredRun]) -> None:
    """Raise StudyError unless all tables speak of the same test rows, in whatever order."""
    wanted = test_ids(runs[0])
    fits = {run.name: places_of(test_ids(run), wanted) is not None for run in runs}
    if not all(fits.values()):
        lines = [f"  {run.name}: {rows_words(run, runs[0])}" for run in runs]
        reason = "these runs were not tested on the same rows, so they cannot be compared:"
        raise StudyError("\n".join([reason, *lines, ADVICE]))
    for run in runs:
        for maker, table in run.tables.items():
            if places_of(table.ids, wanted) is None:
                raise DataError(
                    f"{run.name} / {maker}: its test table has other rows than the run's other "
                    "tables: run the study again"
                )


def test_ids(run: StoredRun) -> Ids:
    return next(iter(run.tables.values())).ids


def rows_words(run: StoredRun, first: StoredRun) -> str:
    """ "1,000 test rows of fashion-mnist, 900 of them tested in a, too"."""
    ids = test_ids(run)
    text = f"{len(ids):,} test rows of {run.results['data']['used']}"
    if run is first:
        return text
    both = len(np.intersect1d(ids, test_ids(first)))
    return f"{text}, {both:,} of them with the id of one in {first.name}"


def check_images(runs: Sequence[StoredRun], datasets: Sequence[Dataset]) -> None:
    """Raise StudyError unless test rows of the same id show the same image in all runs."""
    first = datasets[0].test
    for run, dataset in zip(runs, datasets, strict=True):
        where = different_image(first, dataset.test)
        if where is not None:
            raise StudyError(
                f"{runs[0].name} and {run.name} have test rows of the same ids, but {where} is "
                f"another image or of another size; {ADVICE}"
            )


def different_image(one: SealedSet, other: SealedSet) -> str | None:
    """The first id whose image differs; None where all are the same."""
    if one.fingerprint == other.fingerprint and np.array_equal(one.ids, other.ids):
        return None
    places = places_of(one.ids, other.ids)
    if places is None or one.image_shape != other.image_shape:
        return str(one.ids[0])
    differs = (one.images != other.images[places]).reshape(len(one), -1).any(axis=1)
    return str(one.ids[int(differs.argmax())]) if differs.any() else None


def check_labels(run: StoredRun, tables: Mapping[str, ProbabilityTable], truth: Labels) -> None:
    """Raise DataError unless the labels give the accuracies that the run's results say.

    So labels, tables and results belong together. tables: rows in the order of `truth`.
    """
    entries = run.results["members"] | run.results["committees"]
    for maker, table in tables.items():
        right = int((table.labels == truth).sum())
        said = round(entries[maker]["scores"]["test"]["accuracy"] * len(truth))
        if right != said:
            raise DataError(
                f"{run.name} / {maker}: its table is right on {right:,} test images, its results "
                f"say {said:,}; labels or tables have changed since: run the study again"
            )


def same_validation(datasets: Sequence[Dataset]) -> bool:
    """Whether all runs chose by the same rows, in whatever order."""
    first = datasets[0].validation
    return all(same_rows(first, dataset.validation) for dataset in datasets)


def same_rows(one: ImageSet, other: ImageSet) -> bool:
    places = places_of(one.ids, other.ids)
    if places is None or one.image_shape != other.image_shape:
        return False
    return bool(
        np.array_equal(one.labels, other.labels[places])
        and np.array_equal(one.images, other.images[places])
    )
