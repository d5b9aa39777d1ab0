"""What an exported file is held against: the run's own tables, on the images that they speak of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.committees.committee import stack
from vestry.committees.restored import restored_rule
from vestry.data.dataset import Dataset
from vestry.errors import DataError
from vestry.evaluation.joined_rows import in_order
from vestry.export.parity import GATE_ROWS
from vestry.predictions.calibration import Temperature
from vestry.predictions.table import ProbabilityTable, load_table
from vestry.run_folder import read_json
from vestry.stored_run import StoredRun


@dataclass(frozen=True, eq=False)
class Reference:
    """images: (n, ...) raw. expected: (n, classes), what the source itself gave for them. words:
    which rows these are."""

    images: NDArray[np.uint8]
    expected: NDArray[np.float32]
    words: str


def reference(run: StoredRun, name: str, dataset: Dataset, temperature: float) -> Reference:
    """The source's answers for all test rows and, where these are under 1,000, validation rows.

    Test labels are not looked at. Validation rows serve where their table is by the very model that
    is exported: not that of an estimator that was fitted again with them.
    """
    test = at_temperature(in_order(run.tables[name], dataset.test.ids), temperature)
    found = [(dataset.test.images, test, f"{len(test):,} test")]
    validation = validation_table(run, name) if len(test) < GATE_ROWS else None
    if validation is not None:
        rows = dataset.validation
        table = at_temperature(in_order(validation, rows.ids), temperature)
        found.append((rows.images, table, f"{len(table):,} validation"))
    return Reference(
        np.concatenate([images for images, _, _ in found]),
        np.concatenate([table.probabilities for _, table, _ in found]),
        " and ".join(words for _, _, words in found) + " rows",
    )


def at_temperature(table: ProbabilityTable, temperature: float) -> ProbabilityTable:
    return table if temperature == 1 else Temperature(temperature).apply(table)


def validation_table(run: StoredRun, name: str) -> ProbabilityTable | None:
    """The table of validation rows by the exported model itself; None where there is none."""
    if name in run.results["members"]:
        folder = run.folder.member(name)
        task: dict[str, Any] = read_json(folder / "card.json")["task"]
        again = task["member"].get("refit", False)
        return None if again else load_table(folder / "validation.npz")
    # A committee's own is by rules that had not seen each row; this is by the one it ended with.
    card = read_json(run.folder.committee(name) / "card.json")
    tables = [validation_table(run, member) for member in card["members"]]
    whole = [table for table in tables if table is not None]
    if len(whole) < len(tables):
        return None
    first = whole[0]
    combined = restored_rule(card, len(first.classes)).combine(stack(whole))
    values = combined.astype(np.float32)
    return ProbabilityTable(first.ids, first.classes, values, name, first.split)


def judged_validation(run: StoredRun, name: str, dataset: Dataset) -> ProbabilityTable:
    """The table that thresholds are chosen by: of rows that whoever made it had not learnt from."""
    members = run.results["members"]
    folder = run.folder.member(name) if name in members else run.folder.committee(name)
    table = in_order(load_table(folder / "validation.npz"), dataset.validation.ids)
    if len(table) != len(dataset.validation):
        raise DataError(f"{folder}: its validation table is of other rows; run the study again")
    return table
