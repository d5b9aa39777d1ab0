"""What choosing gives: in nested folds, a model is chosen for each fold by the other rows alone."""

from collections import Counter

from vestry.data.folds import StudyFolds
from vestry.data.image_set import ImageSet
from vestry.evaluation.intervals import out_of_fold_interval, share_interval
from vestry.run.models import EvaluatedModels
from vestry.schema.models import ScoredCommittee, ScoredMember
from vestry.schema.nested import FoldChoice, NestedChoice


def nested_choice(
    members: EvaluatedModels[ScoredMember],
    committees: EvaluatedModels[ScoredCommittee],
    training: ImageSet,
    folds: StudyFolds | None,
) -> NestedChoice | None:
    """For each fold that tests, the first by accuracy on the rows outside it, first seeds, and how
    it does on that fold; None where no folds test. Of equals, the first in the study's order."""
    if folds is None or not folds.tests:
        return None
    inner, tables = members.nested | committees.nested, members.tables | committees.tables
    found = []
    for number, outer in enumerate(folds.outer()):
        learnt, held = outer.rows(training.labels, training.groups)
        known = training.labels[learnt]
        scores = {name: float((own[number].labels == known).mean()) for name, own in inner.items()}
        first = max(scores, key=scores.__getitem__)
        right = tables[first]["test"].labels[held] == training.labels[held]
        found.append(
            FoldChoice(
                model=first,
                validation_accuracy=scores[first],
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


def choice_said(found: NestedChoice) -> str:
    """What a reader must know of the figures of single models, and the figure that holds."""
    times = Counter(fold.model for fold in found.folds)
    chosen = ", ".join(f"{name} {count} times" for name, count in times.most_common())
    rows = sum(fold.rows for fold in found.folds)
    low, high = found.interval
    return (
        f"Chosen anew for each of {len(found.folds)} test folds by the other images alone "
        f"({chosen}), models were right on {found.accuracy:.1%} ({100 * low:.1f} to "
        f"{100 * high:.1f}) of the {rows:,} images: that is what choosing gives. The figure of the "
        "model that is taken is flattered by having been chosen by the same images."
    )
