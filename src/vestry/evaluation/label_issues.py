"""Images whose label the members together doubt: confident learning on their tables.

C. Northcutt, L. Jiang and I. Chuang, "Confident learning: estimating uncertainty in dataset
labels", Journal of Artificial Intelligence Research 70 (2021), as cleanlab has it: how many labels
are doubted is the number of images off the diagonal of the confident joint, and which ones these
are is told by the probability that the panel gives to the label.

Test scores are given again without these images, and without what training had almost seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vestry.data.shared_rows import SharedRows
from vestry.evaluation.comparison import accuracy_interval
from vestry.evaluation.predictions import EvaluatedModel, Predictions, ScoredRun
from vestry.predictions.table import Labels, ProbabilityTable, check_same_rows
from vestry.schema.exploration import Finding
from vestry.schema.label_issues import (
    AllRows,
    DoubtedImage,
    Doubts,
    KeptRows,
    LabelIssues,
    Leaks,
    Shared,
    StandingOnRows,
    Vote,
    Without,
)

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


# Test scores without such images, and without what training had almost seen.


_Mask = NDArray[np.bool_]
_REPEATING = ("duplicates_across", "near_duplicates")
NOT_LOOKED = (
    "the study leaves out the look at the data, so that images which are almost the same are not "
    "known"
)
FAILED = "the look at the data failed, so that images which are almost the same are not known"
TABLES_ALONE = "tables alone were judged, so that repeated images are not known"


def leaks(
    models: Mapping[str, EvaluatedModel],
    ids: NDArray[np.str_],
    doubted: FoundIssues | None,
    run: ScoredRun,
) -> Leaks | None:
    """Every model's test accuracy and rank without repeated images, doubted labels and both.

    ids: (n,) of the test rows. doubted: of these, None where nobody could doubt. run: what is known
    of images that stand in several splits: exactly, and from the look at the data almost. None
    without models.
    """
    if not models:
        return None
    rows = len(ids)
    everything = AllRows(rows=rows, makers=_standings(models, np.ones(rows, dtype=bool)))
    undoubted = ~np.isin(ids, doubted.doubted_ids if doubted else ids[:0])
    findings = run.exploration.findings if run.exploration else None
    repeats = [each for each in findings or () if _repeats(each)]
    known = run.shared is not None or findings is not None
    new = ~np.isin(ids, _repeated_ids(run.shared or (), repeats)) if known else None
    near = [each.of for each in repeats if each.kind == "near_duplicates"]
    return Leaks(
        shared=[
            Shared(splits=(each.one, each.other), count=len(each), of=each.of)
            for each in run.shared or ()
        ],
        learnt_validation=list(run.learnt_validation),
        reason=_reason(run),
        rows=rows,
        searched=near[0] if near else None,
        all=everything,
        without=Without(
            repeated=None if new is None else _kept(models, new, everything),
            doubted=_kept(models, undoubted, everything),
            both=None if new is None else _kept(models, new & undoubted, everything),
        ),
    )


def _reason(run: ScoredRun) -> str | None:
    if run.exploration is not None:
        return None
    if run.shared is None:
        return TABLES_ALONE
    return FAILED if run.look_failed else NOT_LOOKED


def _repeated_ids(shared: Sequence[SharedRows], repeats: Sequence[Finding]) -> list[str]:
    """Of test rows: what stands in another split, exactly or almost."""
    exact = [name for each in shared if each.other == "test" for name in each.ids.tolist()]
    return exact + [name for each in repeats for name in each.ids or ()]


def _repeats(finding: Finding) -> bool:
    """Whether it names test images which stand among the training rows."""
    return finding.kind in _REPEATING and finding.splits == ["training", "test"]


def _standings(
    models: Mapping[str, EvaluatedModel], kept: _Mask
) -> dict[str, StandingOnRows] | None:
    """Every model's accuracy, interval and rank on these rows; None where none are left."""
    if not kept.any():
        return None
    rights = {name: model.rights[:, kept] for name, model in models.items()}
    found = {name: int(each.sum()) / each.size for name, each in rights.items()}
    return {
        name: StandingOnRows(
            accuracy=accuracy,
            interval=accuracy_interval(rights[name]),
            rank=1 + sum(other > accuracy for other in found.values()),
        )
        for name, accuracy in found.items()
    }


def _kept(models: Mapping[str, EvaluatedModel], kept: _Mask, everything: AllRows) -> KeptRows:
    """What is left, how many rows are not, and the models whose rank is another."""
    after, before = _standings(models, kept), everything.makers or {}
    rows = int(kept.sum())
    return KeptRows(
        left_out=everything.rows - rows,
        rows=rows,
        makers=after,
        changed=[name for name, found in (after or {}).items() if found.rank != before[name].rank],
    )
