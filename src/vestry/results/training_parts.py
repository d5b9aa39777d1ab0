"""What fits on parts of the training rows came to: a cross-validation, a learning curve."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vestry.data.image_set import ImageSet
from vestry.evaluation.comparison import scored
from vestry.evaluation.cross_validation import fold_scores, out_of_fold, table_scores
from vestry.evaluation.learning_curve import learning_curve
from vestry.member_tasks import PlannedMember
from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable, load_table
from vestry.results.member_folders import load_tables
from vestry.run_folder import read_json

Places = Mapping[Path, Path]


def parts_of_training(
    out_of_fold_tables: dict[str, ProbabilityTable],
    member: PlannedMember,
    places: Places,
    training: ImageSet,
    truths: Mapping[str, Labels],
) -> dict[str, Any]:
    """The member's `cross_validation` and `learning_curve`, None where it has none.

    Its out-of-fold table is put under its name into `out_of_fold_tables`.
    """
    return {
        "cross_validation": cross_validated(out_of_fold_tables, member, places, training, truths),
        "learning_curve": curve(member, places, truths, len(training.classes)),
    }


def cross_validated(
    out_of_fold_tables: dict[str, ProbabilityTable],
    member: PlannedMember,
    places: Places,
    training: ImageSet,
    truths: Mapping[str, Labels],
) -> dict[str, Any] | None:
    settings = member.entry.cross_validation
    if settings is None or not all(task.folder in places for task in member.folds):
        return None
    folders = [places[task.folder] for task in member.folds]
    tables = [load_table(folder / "held_out.npz") for folder in folders]
    whole = out_of_fold(tables, training.ids, member.name)
    whole.save(next(iter(places.values())) / "out_of_fold.npz")
    out_of_fold_tables[member.name] = whole
    return {
        **settings.model_dump(mode="json"),
        "rows": len(training),
        "validation_rows": len(truths["validation"]),
        **fold_scores(tables, training.ids, training.labels),
        "fit_seconds": [read_json(folder / "card.json")["fit_seconds"] for folder in folders],
        "out_of_fold": table_scores(whole, training.labels),
    }


def curve(
    member: PlannedMember, places: Places, truths: Mapping[str, Labels], classes: int
) -> dict[str, Any] | None:
    done = {
        size: [places[task.folder] for task in tasks.values() if task.folder in places]
        for size, tasks in member.sizes.items()
    }
    scores = {
        size: [scored(load_tables(folder), truths) for folder in folders]
        for size, folders in done.items()
        if folders
    }
    return learning_curve(scores, classes) if scores else None
