"""Columns of scores in the table of all models: of the one that chooses, and of accuracy."""

from collections.abc import Callable

from vestry.report.formatting import decimal, per_cent
from vestry.report.models import Model, models_by_rank
from vestry.report.sections import by_score
from vestry.report.sections import score_figures as score
from vestry.report.table import Column, Row, Value
from vestry.schema.decision import Baseline
from vestry.schema.results import Results

Cell = tuple[Column, Callable[[Model], Value], Callable[[Baseline], Value]]
"""A column, with its value of a model and of what needs none."""


def nothing(_: object) -> None:
    """What a baseline has in most columns."""
    return None


def chosen_scores(results: Results, first: Model) -> list[Cell]:
    """Of the score that orders the models: validation, test and its interval."""
    if first.ordered_by is None:
        return accuracies(results)
    name, label, lower = first.ordered_by.name, first.ordered_by.label, _is_lower(first)
    sorts, written = "up" if lower else "down", per_cent if score.is_share(first) else decimal
    on_test, known = f"{label}, {_test_head(results)}", score.test_interval(first) is not None

    def end(place: int) -> Callable[[Model], Value]:
        return lambda m: interval[place] if (interval := score.test_interval(m)) else None

    return [
        (
            Column(f"validation_{name}", f"{label}, validation", written, sorts=sorts),
            lambda m: score.value(m, "validation"),
            lambda b: b.by_score.validation,
        ),
        (
            Column(f"test_{name}", on_test, written, sorts=sorts),
            lambda m: score.value(m, "test"),
            lambda b: b.by_score.test,
        ),
        (
            Column(f"test_{name}_low", "95% from", written, shown=known, sorts=sorts),
            end(0),
            nothing,
        ),
        (Column(f"test_{name}_high", "to", written, shown=known, sorts=sorts), end(1), nothing),
    ]


def _is_lower(first: Model) -> bool:
    return first.ordered_by is not None and first.ordered_by.better == "lower"


def _test_head(results: Results) -> str:
    return "nested folds" if results.nested else "test"


def accuracies(results: Results) -> list[Cell]:
    """Means over seeds, with the deviation of seeds small beside them. The ends stand on the page
    where accuracy orders the models."""
    orders, test = by_score.is_accuracy(results), _test_head(results).capitalize()
    of = "" if orders else "Accuracy, "
    heads = (f"{of}validation", f"{of}{test.lower()}") if of else ("Validation", test)
    head = dict(zip(("validation", "test"), heads, strict=True))

    def figure(split: str) -> Cell:
        return (
            Column(f"{split}_accuracy", head[split], per_cent, beside=_seeds(split)),
            lambda m: m.central_accuracy(split),
            lambda b: b.scores.on(split)["accuracy"],
        )

    def end(key: str, title: str, place: int) -> Cell:
        column = Column(f"test_accuracy_{key}", title, per_cent, shown=orders)
        return column, lambda m: m.interval("test")[place], nothing

    return [
        figure("validation"),
        figure("test"),
        end("low", "95% from", 0),
        end("high", "to", 1),
        *(_deviations() if _has_seeds(results) else []),
    ]


def shows_balanced(results: Results) -> bool:
    """Where classes are unbalanced, so that accuracy misleads."""
    chosen = results.score is not None and results.score.name == "balanced_accuracy"
    return by_score.is_unbalanced(results) and not chosen


def balanced() -> list[Cell]:
    return [
        (
            Column("test_balanced_accuracy", "Balanced accuracy, test", per_cent),
            lambda m: m.score("test", "recall_macro"),
            lambda b: b.scores.test["recall_macro"],
        )
    ]


def _has_seeds(results: Results) -> bool:
    return any(m.over_seeds("test", "accuracy") for m in models_by_rank(results))


def _deviations() -> list[Cell]:
    def deviation(split: str) -> Callable[[Model], Value]:
        return lambda m: spread.deviation if (spread := m.over_seeds(split, "accuracy")) else None

    return [
        (Column("seeds", "Seeds", shown=False), _seeds_of, nothing),
        *(
            (
                Column(f"{split}_accuracy_sd", f"SD over seeds, {split}", shown=False),
                deviation(split),
                nothing,
            )
            for split in ("validation", "test")
        ),
    ]


def _seeds_of(model: Model) -> int:
    spread = model.over_seeds("test", "accuracy")
    return len(spread.values) if spread else 1


def _seeds(split: str) -> Callable[[Row], str]:
    def beside(row: Row) -> str:
        found = row.get(f"{split}_accuracy_sd")
        if found is None:
            return ""
        return f"\u00b1 {decimal(100 * found, 1)} over {row['seeds']} seeds"

    return beside
