"""Images whose label the members together doubt: confident learning on their tables.

C. Northcutt, L. Jiang and I. Chuang, "Confident learning: estimating uncertainty in dataset
labels", Journal of Artificial Intelligence Research 70 (2021), as cleanlab has it: how many labels
are doubted is the number of images off the diagonal of the confident joint, and which ones these
are is told by the probability that the panel gives to the label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.predictions import Predictions
from vestry.predictions.table import Labels, ProbabilityTable, check_same_rows
from vestry.schema.label_issues import DoubtedImage, Doubts, LabelIssues, Vote

MOST_KEPT = 60
OfTable = Literal["out-of-fold", "validation", "test"]


@dataclass(frozen=True, eq=False)
class FoundIssues:
    """One split's labels that are doubted.

    tables: the panel's, one a member. mean: (n, classes) what they say together. truth: (n,) the
    given labels. rows: the doubted ones, worst first.
    """

    of_table: OfTable
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

    def record(self) -> LabelIssues:
        """At most MOST_KEPT images; `count` says of how many."""
        return LabelIssues(
            of_table=self.of_table,
            panel=list(self.tables),
            rows=len(self.truth),
            accuracy=float((self.mean.argmax(axis=1) == self.truth).mean()),
            count=len(self.rows),
            images=[self._image(int(row)) for row in self.rows[:MOST_KEPT]],
        )

    def _image(self, row: int) -> DoubtedImage:
        said, given = int(self.mean[row].argmax()), int(self.truth[row])
        return DoubtedImage(
            id=str(self.ids[row]),
            given=given,
            panel=said,
            panel_probability=float(self.mean[row, said]),
            quality=float(self.mean[row, given]),
            votes={name: _vote(table, row) for name, table in self.tables.items()},
        )


def _vote(table: ProbabilityTable, row: int) -> Vote:
    label = int(table.labels[row])
    return Vote(label=label, confidence=float(table.probabilities[row, label]))


@dataclass(frozen=True)
class IssuesBySplit:
    """None for a split that was not looked at."""

    training: FoundIssues | None = None
    validation: FoundIssues | None = None
    test: FoundIssues | None = None

    @property
    def of_tested(self) -> FoundIssues | None:
        """Of the images that test, whichever split they were looked at in."""
        return self.test or self.training or self.validation

    def record(self) -> Doubts:
        return Doubts(
            training=self.training and self.training.record(),
            validation=self.validation and self.validation.record(),
            test=self.test and self.test.record(),
        )


def find_label_issues(members: Sequence[str], evidence: Predictions) -> IssuesBySplit:
    """What `members` doubt: of the training rows where some are cross-validated, else of the
    validation rows; and of the test rows. Who gave labels alone is never unsure, and has no say."""
    members = [name for name in members if not evidence.tested[name].only_labels]
    if not members:
        return IssuesBySplit()
    held_out = {
        name: evidence.out_of_fold[name] for name in members if name in evidence.out_of_fold
    }
    tested = {name: evidence.tested[name] for name in members}
    test = label_issues(tested, evidence.truth, "test")
    if held_out:
        training = label_issues(held_out, evidence.truths["training"], "out-of-fold")
        return IssuesBySplit(training=training, test=_apart(test, training))
    validated = {name: evidence.validated[name] for name in members}
    validation = label_issues(validated, evidence.truths["validation"], "validation")
    return IssuesBySplit(validation=validation, test=_apart(test, validation))


def _apart(test: FoundIssues, other: FoundIssues) -> FoundIssues | None:
    """None where nested folds test the same images: their labels are doubted once."""
    return None if np.array_equal(np.sort(test.ids), np.sort(other.ids)) else test


def label_issues(
    tables: Mapping[str, ProbabilityTable], truth: Labels, of_table: OfTable
) -> FoundIssues:
    """What the panel doubts; raises TableError unless all tables speak of the same rows."""
    check_same_rows(list(tables.values()))
    each = [table.probabilities for table in tables.values()]
    mean = np.asarray(np.mean(each, axis=0, dtype=np.float64))
    return FoundIssues(of_table, tables, mean, truth, _issue_rows(mean, truth))


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
