"""Tables of a study's folds: put together of what each fold's model says of the rows held out."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vestry.data.folds import StudyFolds
from vestry.data.image_set import ImageSet
from vestry.data.subset import Fold, NestedFold
from vestry.evaluation.comparison import out_of_fold
from vestry.pipeline.planned_model import PlannedModel
from vestry.predictions.table import ProbabilityTable, Split, load_table


def save_tables(
    model: PlannedModel, places: Mapping[Path, Path], training: ImageSet, folds: StudyFolds
) -> None:
    """Each seed's validation table: all training rows, each by models that had not seen it; and
    where folds test, its test table of the same rows.

    places: where a finished task's files stand, by its folder.
    """
    for seed, tasks in model.study_folds.items():
        place = places.get(model.tasks[seed].folder) if seed in model.tasks else None
        if place is None or not all(task.is_done for task in tasks):
            continue
        _together(model, seed, folds.parts(), training, "validation").save(place / "validation.npz")
        if folds.tests:
            _together(model, seed, folds.outer(), training, "test").save(place / "test.npz")


def nested_tables(
    model: PlannedModel, validation: ProbabilityTable, training: ImageSet, folds: StudyFolds
) -> list[ProbabilityTable]:
    """For each fold that tests, the first seed's table of the rows outside it, none of them by a
    model that has seen a row of that fold. validation: of a finished model, which has seen none.
    """
    found = []
    for outer, parts in zip(folds.outer(), folds.nested(), strict=True):
        learnt, _ = outer.rows(training.labels, training.groups)
        if model.study_folds:
            rows = training.rows(learnt)
            found.append(_together(model, next(iter(model.study_folds)), parts, rows, "validation"))
        else:
            found.append(validation.rows(learnt))
    return found


def _together(
    model: PlannedModel,
    seed: int,
    parts: Iterable[Fold | NestedFold],
    rows: ImageSet,
    split: Split,
) -> ProbabilityTable:
    tables = [load_table(model.fold(seed, part).folder / "held_out.npz") for part in parts]
    return replace(out_of_fold(tables, rows.ids, model.name), split=split)


def fitted_on_words(card: dict[str, Any], model: PlannedModel, rows: int) -> str:
    """Of a model that folds chose: what the one that stays has learnt from, and what each of those
    that its validation figures are of."""
    epochs = card["task"].get("epochs")
    length = "" if epochs is None else f" for {epochs:,} epochs, the median of what the folds kept"
    part = next(iter(model.study_folds.values()))[0].description["part"]
    inner = card["task"]["inner"]["fraction"]
    return (
        f"Fitted on all {rows:,} training rows{length}. Its validation figures "
        f"are of {part['of']} folds: each row by a model of the rows outside its fold, "
        f"{1 - 1 / part['of']:.0%} of all"
        + ("." if epochs is None else f", {inner:.0%} of which only said when to stop.")
    )
