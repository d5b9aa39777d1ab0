"""What an exported file is held against: the run's own tables, on images that they speak of, and
thresholds that validation images chose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.committees.committee import restored_rule
from vestry.data.dataset import Dataset
from vestry.data.sealed import Rows
from vestry.errors import DataError, ModelError
from vestry.evaluation.abstention import AbstentionSettings, answered, threshold
from vestry.evaluation.conformal import rows_needed_for_sets, set_threshold, set_thresholds
from vestry.evaluation.intervals import share_interval
from vestry.evaluation.predictions import in_order
from vestry.export.bundle import Bundle
from vestry.export.parity import GATE_ROWS, Tell, certified
from vestry.pipeline.stored_run import StoredRun
from vestry.pipeline.tasks.stored_models import stored_member
from vestry.predictions.calibration import Temperature
from vestry.predictions.table import ProbabilityTable, check_same_rows, load_table
from vestry.serve.image_inputs import picture
from vestry.serve.known_images import KnownSet
from vestry.serve.predictor import Predictor
from vestry.storage.run_folder import read_json


@dataclass(frozen=True, eq=False)
class Reference:
    """images: (n, ...) raw, all test rows first. expected: (n, classes), what the source itself
    gave for them. words: which rows these are."""

    images: NDArray[np.uint8]
    expected: NDArray[np.float32]
    words: str


def reference(run: StoredRun, name: str, dataset: Dataset, temperature: float) -> Reference:
    """The source's answers for all test rows; under 1,000, for validation and training rows too.

    Test labels are not looked at. Validation rows serve where their table is by the very model that
    is exported: not that of an estimator that was fitted again with them. Of training rows there
    are no tables, so the stored members are asked: networks by torch.
    """
    test = in_order(run.tables[name], dataset.test.ids)
    answers = test.probabilities
    if dataset.folds and dataset.folds.tests:  # its table is by the folds' models
        answers = _stored_answers(run, name, dataset.test.images)
    found = [(dataset.test.images, answers, f"{len(test):,} test")]
    few = len(test) < GATE_ROWS and not dataset.folds  # out-of-fold tables are by other models
    validation = _validation_table(run, name) if few else None
    if validation is not None:
        rows = dataset.validation
        table = in_order(validation, rows.ids)
        found.append((rows.images, table.probabilities, f"{len(table):,} validation"))
    missing = GATE_ROWS - sum(len(values) for _, values, _ in found)
    if dataset.folds and dataset.folds.tests:  # the training rows are the same ones
        missing = 0
    if missing > 0:
        images = dataset.training.images[:missing]
        found.append((images, _stored_answers(run, name, images), f"{len(images):,} training"))
    values = np.concatenate([values for _, values, _ in found])
    return Reference(
        np.concatenate([images for images, _, _ in found]),
        tempered(values, run.classes, temperature),
        ", ".join(words for _, _, words in found) + " rows",
    )


def _stored_answers(run: StoredRun, name: str, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, classes): what the run's stored members, and a committee's rule over them, answer."""
    if name in run.results.members:
        return stored_member(run.folder.member(name)).predict_proba(images)
    card = read_json(run.folder.committee(name) / "card.json")
    return combined(card, [_stored_answers(run, member, images) for member in card["members"]])


def combined(card: dict[str, Any], members: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """(n, classes) of a committee with this card, from each member's."""
    stacked = np.stack(members).astype(np.float64)
    return restored_rule(card, stacked.shape[2]).combine(stacked).astype(np.float32)


def tempered(
    values: NDArray[np.float32], classes: tuple[str, ...], temperature: float
) -> NDArray[np.float32]:
    ids = np.arange(len(values)).astype(np.str_)
    table = ProbabilityTable(ids, classes, values, "source", "fresh")
    return _at_temperature(table, temperature).probabilities


def _at_temperature(table: ProbabilityTable, temperature: float) -> ProbabilityTable:
    return table if temperature == 1 else Temperature(temperature).apply(table)


def _validation_table(run: StoredRun, name: str) -> ProbabilityTable | None:
    """The table of validation rows by the exported model itself; None where there is none."""
    if name in run.results.members:
        folder = run.folder.member(name)
        task: dict[str, Any] = read_json(folder / "card.json")["task"]
        again = task["member"].get("refit", False)
        return None if again else load_table(folder / "validation.npz")
    # A committee's own is by rules that had not seen each row; this is by the one it ended with.
    card = read_json(run.folder.committee(name) / "card.json")
    tables = [_validation_table(run, member) for member in card["members"]]
    whole = [table for table in tables if table is not None]
    if len(whole) < len(tables):
        return None
    check_same_rows(whole)
    values = combined(card, [table.probabilities for table in whole])
    return replace(whole[0], probabilities=values, maker=name)


def _judged_validation(run: StoredRun, name: str, dataset: Dataset) -> ProbabilityTable:
    """The table that thresholds are chosen by: of rows that whoever made it had not learnt from."""
    members = run.results.members
    folder = run.folder.member(name) if name in members else run.folder.committee(name)
    table = in_order(load_table(folder / "validation.npz"), dataset.validation.ids)
    if len(table) != len(dataset.validation):
        raise DataError(f"{folder}: its validation table is of other rows; run the study again")
    return table


# The parity gate over picture files: read from disk as `vestry predict` reads them.


class _PictureFiles:
    """Files as the images that a model takes of them; read when a slice is asked for.

    wanted: (n, ...) what training made of them. Raises ModelError where a file gives another.
    """

    def __init__(self, paths: Sequence[Path], bundle: Bundle, wanted: NDArray[np.uint8]) -> None:
        self.paths, self.bundle, self.wanted = paths, bundle, wanted

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]:
        images = [self.image(path) for path in self.paths[rows]]
        for path, image, wanted in zip(self.paths[rows], images, self.wanted[rows], strict=True):
            if not np.array_equal(image, wanted):
                raise ModelError(
                    f"parity: {path} is not prepared as it was for the run; nothing was written. "
                    "If the file has changed meanwhile, run the study again"
                )
        return np.stack(images)

    def image(self, path: Path) -> NDArray[np.uint8]:
        return picture(str(path), path).prepared(self.bundle, None).image


def held_against_files(
    predictor: Predictor, dataset: Dataset, rows: Reference, tell: Tell
) -> dict[str, Any] | None:
    """What was measured on every test row that is a file; None where the source has no files.

    rows: the run's own answers, those for the test rows first. All of them are read: loading the
    run's data has just read them and all others. Raises ModelError where a file is prepared or
    answered otherwise than in the run, DataError where one can no longer be read.
    """
    test = dataset.test
    places = [row for row, name in enumerate(test.ids.tolist()) if name in dataset.pictures]
    if not places:
        return None
    paths = [dataset.pictures[name] for name in test.ids[places].tolist()]
    files = _PictureFiles(paths, predictor.bundle, test.images[places])
    found = certified(predictor, files, rows.expected[places], tell, "test files")
    return {key: found[key] for key in ("rows", "labels_equal", "ties", "largest_gap")}


# Thresholds that validation images chose.


_Facts = dict[str, Any]

_MOST = 2000
"""Images of a split whose likeness is computed: more would hardly move the threshold."""


def limits(
    run: StoredRun, name: str, dataset: Dataset, temperature: float
) -> tuple[_Facts, _Facts]:
    """A bundle's `abstention` and `sets`, chosen on validation rows at the file's temperature."""
    settings = settings_of(run)
    table = _at_temperature(_judged_validation(run, name, dataset), temperature)
    truth = dataset.validation.labels
    by_folds = {"out_of_fold": dataset.folds is not None}
    sets = _sets(table, truth, settings.coverage)
    return _abstention(table, truth, settings) | by_folds, sets and sets | by_folds


def settings_of(run: StoredRun) -> AbstentionSettings:
    """As the run's study has them; the defaults for what it did not know yet."""
    given: Mapping[str, Any] = run.study.get("abstention", {})
    return AbstentionSettings(**given)


def _abstention(
    table: ProbabilityTable, truth: NDArray[np.int64], settings: AbstentionSettings
) -> _Facts:
    judged = answered(table, truth)
    found = threshold(judged, judged, settings).as_json()
    return {key: value for key, value in found.items() if key != "test"}


def _sets(table: ProbabilityTable, truth: NDArray[np.int64], coverage: float) -> _Facts:
    """Empty where there are too few rows for a threshold over all classes."""
    marginal, by_class = set_thresholds(table, truth, coverage)
    if not marginal[0]:
        return {}
    return {
        "coverage_asked": coverage,
        "validation_rows": len(table),
        "thresholds": marginal,
        "by_class": by_class,
    }


def novelty(bundle: Bundle, dataset: Dataset, share: float) -> _Facts:
    """The likeness to the known images under which `share` of validation images are at most.

    The bundle's known images must be there. Likeness hangs on images alone, not on the model. Of
    the test images, whose labels are not looked at, it is counted how many are turned away. Empty
    where there are no known images, or too few others to choose by.
    """
    if bundle.known is None or len(bundle.known.labels) == 0:
        return {}
    known = KnownSet.of(bundle.known, bundle)
    validation, test = (_likeness(known, rows) for rows in (dataset.validation, dataset.test))
    if len(validation) < rows_needed_for_sets(1 - share):
        return {}
    limit = set_threshold(validation, 1 - share)
    away = int((test < limit).sum())
    return {
        "share_asked": share,
        "threshold": limit,
        "known": len(known.ids),
        "validation_rows": len(validation),
        "test": {
            "rows": len(test),
            "unlike": away,
            "interval": list(share_interval(away, len(test))),
        },
    }


def _likeness(known: KnownSet, rows: Rows) -> NDArray[np.float64]:
    """(n,) of at most 2,000 of the rows, evenly spread."""
    some = np.linspace(0, len(rows) - 1, min(_MOST, len(rows))).astype(np.int64)
    return known.likeness(rows.images[some], rows.ids[some]).astype(np.float64)
