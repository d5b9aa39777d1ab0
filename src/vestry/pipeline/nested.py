"""What choosing gives: in nested folds, a model is chosen for each fold by the other rows alone."""

import numpy as np

from vestry.data.folds import StudyFolds
from vestry.data.image_set import ImageSet
from vestry.evaluation.intervals import out_of_fold_interval, share_interval
from vestry.pipeline.models import EvaluatedModels
from vestry.predictions.choosing import ChoosingScore
from vestry.predictions.table import Labels, ProbabilityTable
from vestry.schema.cross_validation import FoldChoice, NestedChoice
from vestry.schema.models import ScoredCommittee, ScoredMember


def nested_choice(
    members: EvaluatedModels[ScoredMember],
    committees: EvaluatedModels[ScoredCommittee],
    training: ImageSet,
    folds: StudyFolds | None,
    score: ChoosingScore,
) -> NestedChoice | None:
    """For each fold that tests, the first by `score` on the rows outside it, first seeds, and how
    it does on that fold; None where no folds test. Of equals, the first in the study's order."""
    if folds is None or not folds.tests:
        return None
    inner, tables = members.nested | committees.nested, members.tables | committees.tables
    found = []
    for number, outer in enumerate(folds.outer()):
        learnt, held = outer.rows(training.labels, training.groups)
        known = training.labels[learnt]
        first = max(inner, key=lambda name: _better(inner[name][number], known, score))
        right = tables[first]["test"].labels[held] == training.labels[held]
        found.append(
            FoldChoice(
                model=first,
                validation_accuracy=float((inner[first][number].labels == known).mean()),
                rows=len(held),
                right=int(right.sum()),
            )
        )
    right_in_all = sum(fold.right for fold in found)
    accuracy = right_in_all / len(training)
    interval = share_interval(right_in_all, len(training))
    return NestedChoice(
        folds=found,
        accuracy=accuracy,
        interval=out_of_fold_interval(accuracy, interval),
    )


def _better(table: ProbabilityTable, known: Labels, score: ChoosingScore) -> float:
    """More is better, of whichever score."""
    return score.better_of(table.probabilities.astype(np.float64), known)
