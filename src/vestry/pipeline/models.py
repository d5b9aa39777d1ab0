"""What models or committees came to: results and tables by name, and what failed."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vestry.committees.committee import Committee
from vestry.data.folds import StudyFolds
from vestry.data.image_set import ImageSet
from vestry.engine.task import Outcome, Task
from vestry.evaluation.comparison import (
    evaluate_seeds,
    fold_scores,
    learning_curve,
    out_of_fold,
    scored,
    table_scores,
)
from vestry.pipeline.fold_tables import fitted_on_words, nested_tables, save_tables
from vestry.pipeline.planned_model import PlannedModel, optimism
from vestry.pipeline.planner import SEARCH
from vestry.pipeline.run_files import (
    Tables,
    load_tables,
    own_picture,
    publish,
    remove_models,
    tables_by_size,
)
from vestry.pipeline.tasks.audit import LOOK
from vestry.predictions.table import Labels, ProbabilityTable, load_table
from vestry.schema.cross_validation import CrossValidation, LearningCurve
from vestry.schema.models import ScoredCommittee, ScoredMember
from vestry.schema.results import Failure
from vestry.schema.training import History
from vestry.storage.run_folder import RunFolder, read_json

Truths = Mapping[str, Labels]


_Entry = TypeVar("_Entry", ScoredMember, ScoredCommittee)


@dataclass
class EvaluatedModels(Generic[_Entry]):
    """Members or committees: their results and tables by name, and what failed.

    nested: where folds test, for each of these a table of the rows outside it, each row by models
    that had not seen it. out_of_fold: a cross-validated model's table of the training rows, in the
    rows' order; each row's probabilities are by a model that had not seen it. rules: fitted
    committees. seeds: each seed's tables, by name; `tables` are the first one's. sizes: as
    `Predictions` has them.
    """

    results: dict[str, _Entry] = field(default_factory=dict)
    seeds: dict[str, list[Tables]] = field(default_factory=dict)
    sizes: dict[str, dict[int, NDArray[np.bool_]]] = field(default_factory=dict)
    out_of_fold: dict[str, ProbabilityTable] = field(default_factory=dict)
    nested: dict[str, list[ProbabilityTable]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    rules: dict[str, Committee] = field(default_factory=dict)

    @property
    def tables(self) -> dict[str, Tables]:
        return {name: seeds[0] for name, seeds in self.seeds.items()}

    def add(self, name: str, results: _Entry, seeds: list[Tables]) -> None:
        """seeds: each seed's tables."""
        self.results[name], self.seeds[name] = results, seeds

    def fail(self, name: str, reason: str, seed: int | None = None, details: str = "") -> None:
        self.failures.append(Failure(name=name, seed=seed, reason=reason, details=details))


# What fits on parts of the training rows came to: a cross-validation, a learning curve.


_Places = Mapping[Path, Path]


def _parts_of_training(
    out_of_fold_tables: dict[str, ProbabilityTable],
    model: PlannedModel,
    places: _Places,
    training: ImageSet,
    truths: Mapping[str, Labels],
) -> dict[str, CrossValidation | LearningCurve | None]:
    """The model's `cross_validation` and `learning_curve`, None where it has none.

    Its out-of-fold table is put under its name into `out_of_fold_tables`.
    """
    return {
        "cross_validation": _cross_validated(out_of_fold_tables, model, places, training, truths),
        "learning_curve": _curve(model, places, truths, len(training.classes)),
    }


def _cross_validated(
    out_of_fold_tables: dict[str, ProbabilityTable],
    model: PlannedModel,
    places: _Places,
    training: ImageSet,
    truths: Mapping[str, Labels],
) -> CrossValidation | None:
    settings = model.entry.cross_validation
    if settings is None or not all(task.folder in places for task in model.folds):
        return None
    folders = [places[task.folder] for task in model.folds]
    tables = [load_table(folder / "held_out.npz") for folder in folders]
    whole = out_of_fold(tables, training.ids, model.name)
    whole.save(next(iter(places.values())) / "out_of_fold.npz")
    out_of_fold_tables[model.name] = whole
    return CrossValidation(
        **settings.model_dump(mode="json"),
        rows=len(training),
        validation_rows=0 if model.study_folds else len(truths["validation"]),
        fold_rows=[len(table) for table in tables],
        scores=fold_scores(tables, training.ids, training.labels),
        fit_seconds=[read_json(folder / "card.json")["fit_seconds"] for folder in folders],
        out_of_fold=table_scores(whole, training.labels),
    )


def _curve(
    model: PlannedModel, places: _Places, truths: Mapping[str, Labels], classes: int
) -> LearningCurve | None:
    scores = {
        size: [scored(tables, truths) for tables in every]
        for size, every in tables_by_size(model, places).items()
    }
    return learning_curve(scores, classes) if scores else None


def _rights_by_size(
    model: PlannedModel, places: _Places, truth: Labels
) -> dict[int, NDArray[np.bool_]]:
    return {
        size: np.stack([tables["test"].labels == truth for tables in every])
        for size, every in tables_by_size(model, places).items()
    }


# From finished tasks to the models' part of `results.json`, and to their folders in the run.


_CARD_KEYS = (
    "kind",
    "definition",
    "parameters",
    "trainable_parameters",
    "fit_seconds",
    "training",
    "backbone",
    "fitted_on",
    "warnings",
    "notes",
    "stored",
)


def fitted_models(
    planned: list[PlannedModel],
    failed: Mapping[str, Outcome],
    run: RunFolder,
    truths: Truths,
    training: ImageSet,
    folds: StudyFolds | None = None,
) -> EvaluatedModels[ScoredMember]:
    """Every fitted member's results; its folder in the run shows its tasks' files."""
    models = EvaluatedModels[ScoredMember]()
    for outcome in failed.values():
        if outcome.task.function == LOOK:
            models.fail(outcome.task.name, str(outcome.reason), details=outcome.details)
        if outcome.task.function == SEARCH:
            reason = f"its search failed: {outcome.reason}"
            models.fail(outcome.task.context["maker"], reason, details=outcome.details)
    for model in planned:
        for task in model.fits:
            if not task.is_done:
                outcome = failed[task.folder.name]
                seed = task.description["seed"]
                part = "" if task in model.tasks.values() else f"{task.name}: "
                models.fail(model.name, f"{part}{outcome.reason}", seed, outcome.details)
        if any(task.is_done for task in _complete(model)):
            places = publish(model, run)
            if folds and model.study_folds:
                save_tables(model, places, training, folds)
            parts = _parts_of_training(models.out_of_fold, model, places, training, truths)
            _add_model(models, model, places, truths, parts, folds)
            if model.sizes:
                models.sizes[model.name] = _rights_by_size(model, places, truths["test"])
            if folds:
                models.nested[model.name] = nested_tables(
                    model, models.tables[model.name]["validation"], training, folds
                )
    remove_models(run.path / "members", set(models.results))
    return models


def _complete(model: PlannedModel) -> list[Task]:
    """Finished fits of which the study's folds are finished, too, where it chooses by these."""
    return [
        task
        for seed, task in model.tasks.items()
        if task.is_done and all(fold.is_done for fold in model.study_folds.get(seed, ()))
    ]


def _add_model(
    models: EvaluatedModels[ScoredMember],
    model: PlannedModel,
    places: Mapping[Path, Path],
    truths: Truths,
    parts: Mapping[str, CrossValidation | LearningCurve | None],
    folds: StudyFolds | None,
) -> None:
    """parts: what fits on parts of the training rows came to."""
    complete = _complete(model)
    folders = {seed: places[task.folder] for seed, task in model.tasks.items() if task in complete}
    first = next(iter(folders.values()))
    card = read_json(first / "card.json")
    seeds = {seed: load_tables(folder) for seed, folder in folders.items()}
    if model.study_folds:
        models.out_of_fold[model.name] = next(iter(seeds.values()))["validation"]
    folded = folds.answered if folds and model.study_folds else ()
    found = evaluate_seeds(seeds, truths, folded)
    results = {key: card.get(key) for key in _CARD_KEYS} | vars(found)
    results |= {
        "threads": _threads(card),
        "kind_words": _kind_words(model, card),
        "reported": model.entry.reported,
        "history": _history(first / "history.csv"),
        "note": model.entry.note,
        "milliseconds_per_image": _milliseconds_per_image(card),
        "augmentation": _augmentation(card, model.name),
        "search": _search_results(model),
        "optimism": optimism(model, folders.values(), seeds.values(), truths["validation"]),
    }
    if model.study_folds:
        results["fitted_on"] = fitted_on_words(card, model, len(truths["training"]))
    models.add(model.name, ScoredMember.model_validate(results | dict(parts)), list(seeds.values()))


def _kind_words(model: PlannedModel, card: dict[str, Any]) -> str:
    """ "network", "network, student of Committee"."""
    words, teacher = model.entry.model_kind.words, card.get("teacher")
    return f"{words}, student of {teacher['name']}" if teacher else words


def _threads(card: dict[str, Any]) -> int | None:
    """Cores that it was fitted with; a network may have taken fewer than it could have had."""
    count: int | None = card.get("threads", {}).get("count", card["task"]["threads"])
    return count


def _milliseconds_per_image(card: dict[str, Any]) -> float | None:
    """What predicting one image costs; its card says it where features may have been kept before,
    so that the test rows' own time would be none, and where it is not known.
    """
    measured = 1000 * card["predict_seconds"] / max(1, card["predicted_images"])
    given: float | None = card.get("milliseconds_per_image", measured)
    return given


def _augmentation(card: dict[str, Any], name: str) -> dict[str, Any] | None:
    facts = card.get("augmentation")
    return facts and facts | {"variants": [own_picture(name, v) for v in facts["variants"]]}


def _search_results(model: PlannedModel) -> dict[str, Any] | None:
    if model.search is None:
        return None
    card = read_json(model.search.folder / "card.json")
    return {
        key: value for key, value in card.items() if key not in ("task", "files", "wall_seconds")
    }


def _history(path: Path) -> History | None:
    """The columns of a `history.csv`; None where the member has none. Values are None where no
    rows were set aside."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns: History = {
        name: [float(row[name]) if row[name] else None for row in rows]
        for name in (rows[0] if rows else ())
    }
    return columns | {"epoch": [int(epoch or 0) for epoch in columns.get("epoch", [])]}
