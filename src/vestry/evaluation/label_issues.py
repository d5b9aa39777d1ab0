"""Images whose label the members together doubt: confident learning on their tables.

C. Northcutt, L. Jiang and I. Chuang, "Confident learning: estimating uncertainty in dataset
labels", Journal of Artificial Intelligence Research 70 (2021), as cleanlab has it: how many labels
are doubted is the number of images off the diagonal of the confident joint, and which ones these
are is told by the probability that the panel gives to the label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.predictions import Predictions
from vestry.predictions.table import Labels, ProbabilityTable, check_same_rows

Results = dict[str, Any]
MOST_KEPT = 60
_OUT_OF_FOLD = "out-of-fold"


@dataclass(frozen=True, eq=False)
class LabelIssues:
    """One split's doubted labels.

    tables: the panel's, one a member. mean: (n, classes) what they say together. truth: (n,) the
    given labels. rows: the doubted ones, worst first.
    """

    split: str
    of_table: str
    tables: Mapping[str, ProbabilityTable]
    mean: NDArray[np.float64]
    truth: Labels
    rows: NDArray[np.int64]

    @property
    def ids(self) -> NDArray[np.str_]:
        """(n,) of all rows."""
        return next(iter(self.tables.values())).ids

    @property
    def doubted_ids(self) -> NDArray[np.str_]:
        """All doubted images, worst first."""
        return self.ids[self.rows]

    def as_dict(self) -> Results:
        """For JSON: at most MOST_KEPT images; `count` says of how many."""
        return {
            "of_table": self.of_table,
            "panel": list(self.tables),
            "rows": len(self.truth),
            "accuracy": float((self.mean.argmax(axis=1) == self.truth).mean()),
            "count": len(self.rows),
            "images": [self.image(int(row)) for row in self.rows[:MOST_KEPT]],
        }

    def image(self, row: int) -> Results:
        said, given = int(self.mean[row].argmax()), int(self.truth[row])
        return {
            "id": str(self.ids[row]),
            "given": given,
            "panel": said,
            "panel_probability": float(self.mean[row, said]),
            "quality": float(self.mean[row, given]),
            "votes": {name: _vote(table, row) for name, table in self.tables.items()},
        }


def _vote(table: ProbabilityTable, row: int) -> Results:
    label = int(table.labels[row])
    return {"label": label, "confidence": float(table.probabilities[row, label])}


def find_label_issues(
    members: Sequence[str], evidence: Predictions
) -> dict[str, LabelIssues | None]:
    """The doubts of `members` by split: of the training rows where some are cross-validated, else
    of the validation rows; and of the test rows. None for a split that was not looked at.
    """
    held_out = {
        name: evidence.out_of_fold[name] for name in members if name in evidence.out_of_fold
    }
    found: dict[str, LabelIssues | None] = dict.fromkeys(("training", "validation", "test"))
    if held_out:
        found["training"] = label_issues(held_out, evidence.truths["training"], _OUT_OF_FOLD)
    elif members:
        validated = {name: evidence.validated[name] for name in members}
        found["validation"] = label_issues(validated, evidence.truths["validation"], "validation")
    if members:
        tested = {name: evidence.tested[name] for name in members}
        found["test"] = label_issues(tested, evidence.truth, "test")
    return found


def label_issues(
    tables: Mapping[str, ProbabilityTable], truth: Labels, of_table: str
) -> LabelIssues:
    """What the panel doubts; raises TableError unless all tables speak of the same rows."""
    check_same_rows(list(tables.values()))
    each = [table.probabilities for table in tables.values()]
    mean = np.asarray(np.mean(each, axis=0, dtype=np.float64))
    split = next(iter(tables.values())).split
    return LabelIssues(split, of_table, tables, mean, truth, _issue_rows(mean, truth))


def _issue_rows(mean: NDArray[np.float64], truth: Labels) -> NDArray[np.int64]:
    """Rows whose label is doubted, the one with the least probability of its label first.

    Ranked by that probability alone, which found more planted errors than the margin or the
    entropy did (benchmarks/planted_errors.py). An image that the panel calls by its label is never
    among them.
    """
    said = mean.argmax(axis=1)
    if not (said != truth).any() or len(np.unique(truth)) < 2:
        return np.zeros(0, dtype=np.int64)
    from cleanlab.filter import find_label_issues  # noqa: PLC0415 - imports pandas: two seconds

    found = find_label_issues(
        truth,
        mean,
        filter_by="low_self_confidence",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    rows = np.asarray(found, dtype=np.int64)
    return np.asarray(rows[said[rows] != truth[rows]])


def label_issue_results(found: Mapping[str, LabelIssues | None]) -> Results:
    return {split: None if entry is None else entry.as_dict() for split, entry in found.items()}
