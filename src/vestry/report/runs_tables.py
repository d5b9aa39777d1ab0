"""What can be taken home of a comparison of runs: changes, ranking, tests and the runs."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from vestry.report.formatting import (
    NOTHING,
    decimal,
    duration,
    per_cent,
    points,
    probability,
    whole,
)
from vestry.report.runs_words import machine_words
from vestry.report.sections import standing
from vestry.report.sections.provenance import words
from vestry.report.table import Column, Table, Value, text_column
from vestry.schema.run_comparison import ComparedPair, ComparedRun, RankedOfRuns, RunComparison

# What changed.


def changes(results: RunComparison) -> Table | None:
    """Settings and models that not all runs share; None where they share all."""
    names = [run.name for run in results.runs]
    rows: list[tuple[Value, ...]] = [
        (words(row.key), ", ".join(row.of), *map(_setting, row.values))
        for row in results.changes.settings
    ]
    rows += [
        (maker.kind, maker.name, *("yes" if run in maker.runs else "no" for run in names))
        for maker in results.changes.makers
    ]
    return _by_run("changes", "What differs", ("setting", "Setting"), results, rows)


def machines(results: RunComparison) -> Table | None:
    rows: list[tuple[Value, ...]] = [
        (words(row.key), "", *map(_setting, row.values)) for row in results.changes.environment
    ]
    return _by_run(
        "machines", "Machine and versions that differ", ("what", "What"), results, rows, False
    )


def _by_run(
    key: str,
    caption: str,
    first: tuple[str, str],
    results: RunComparison,
    rows: Sequence[tuple[Value, ...]],
    of_models: bool = True,
) -> Table | None:
    if not rows:
        return None
    of = Column("of", "Of", is_number=False, shown=of_models, sorts="up")
    columns = (text_column(*first), of, *(text_column(r.name, r.name) for r in results.runs))
    return Table(key, caption, columns, tuple(rows))


def _setting(value: Any) -> str:
    """A setting as a study file has it."""
    if value is None:
        return NOTHING
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_setting(part)}' for key, part in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_setting, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


# The ranking.


_Of = Callable[[RankedOfRuns], Value]


def ranking(results: RunComparison) -> Table:
    """A row a model, by what orders them. Ends of intervals are columns of their own."""
    alone = _timed_alone(results)
    parts = [
        *_names(results),
        *_scores(results),
        *_accuracies(results),
        *_beside_first(results),
        (Column("f1_macro", "Macro F1", per_cent), lambda row: row.f1_macro),
        (Column("log_loss", "Log loss", decimal, sorts="up"), lambda row: row.log_loss),
        (Column("parameters", "Parameters", whole, sorts="up"), lambda row: row.parameters),
        (Column("fit_seconds", "Fit time", duration, sorts="up"), lambda row: row.fit_seconds),
        (
            Column(
                "milliseconds", "ms for one image" if alone else "ms an image", decimal, sorts="up"
            ),
            _latency if alone else lambda row: row.milliseconds_per_image,
        ),
    ]
    return _of_rows(results, parts)


def _of_rows(results: RunComparison, parts: Sequence[tuple[Column, _Of]]) -> Table:
    by = f"by {results.ordered_by} {results.score.words if results.score else 'accuracy'}"
    return Table(
        "ranking",
        f"One ranking of all models, {by}",
        tuple(column for column, _ in parts),
        tuple(tuple(value(row) for _, value in parts) for row in results.ranking),
    )


def _names(results: RunComparison) -> list[tuple[Column, _Of]]:
    committees = any(row.kind == "committee" for row in results.ranking)
    return [
        (Column("rank", "Rank", whole, sorts="up"), lambda row: row.rank),
        (text_column("run", "Run"), lambda row: row.run),
        (text_column("model", "Model"), lambda row: row.name),
        (
            Column("kind", "Kind", is_number=False, shown=committees, sorts="up"),
            lambda row: row.kind,
        ),
    ]


def _scores(results: RunComparison) -> list[tuple[Column, _Of]]:
    """Of the score that orders them, where that is not the accuracy."""
    score = results.score
    if score is None:
        return []
    written = per_cent if score.unit == "share" else decimal
    sorts = "up" if score.better == "lower" else "down"

    def of(split: str) -> tuple[Column, _Of]:
        column = Column(f"{score.name}_{split}", f"{score.label}, {split}", written, sorts=sorts)
        return column, lambda row: getattr(row.by_score, split, None)

    return [of("validation"), of("test")]


def _accuracies(results: RunComparison) -> list[tuple[Column, _Of]]:
    start = "Accuracy, " if results.score else ""
    seeds = any(row.over_seeds for row in results.ranking)
    return [
        (
            Column("validation", f"{start}validation".capitalize(), per_cent),
            lambda row: row.validation_accuracy,
        ),
        (Column("test", f"{start}test".capitalize(), per_cent), lambda row: row.accuracy),
        (Column("test_low", "95% from", per_cent), lambda row: row.interval[0]),
        (Column("test_high", "to", per_cent), lambda row: row.interval[1]),
        (
            Column("test_deviation", "\u00b1 over seeds", points, shown=seeds),
            lambda row: row.over_seeds.deviation if row.over_seeds else None,
        ),
    ]


def _beside_first(results: RunComparison) -> list[tuple[Column, _Of]]:
    """What the test images say of it beside the first; nothing of the first itself."""
    written = points if results.score is None or results.score.unit == "share" else decimal
    return [
        (
            Column("difference", "Less the first", written),
            lambda row: row.on_test.difference if row.on_test else None,
        ),
        (
            Column("difference_low", "95% from", written, shown=False),
            lambda row: row.on_test.interval[0] if row.on_test else None,
        ),
        (
            Column("difference_high", "to", written, shown=False),
            lambda row: row.on_test.interval[1] if row.on_test else None,
        ),
        (
            text_column("beside_first", "On test, beside the first"),
            lambda row: standing.marked(row).removesuffix(" on test") or None,
        ),
    ]


def _timed_alone(results: RunComparison) -> bool:
    return any(_latency(row) is not None for row in results.ranking)


def _latency(row: RankedOfRuns) -> float | None:
    """Milliseconds for one image alone, the median; None where the run did not time that."""
    return row.cost.latency.median_ms if row.cost and row.cost.latency else None


# Tests of pairs, and the runs.


def pairs(results: RunComparison) -> Table:
    columns = (
        text_column("one", "One"),
        text_column("other", "Other"),
        Column("accuracy_one", "Accuracy of one", per_cent),
        Column("accuracy_other", "of the other", per_cent),
        Column("difference", "One less other", points),
        Column("low", "95% from", points),
        Column("high", "to", points),
        Column("only_one", "Only one right", whole),
        Column("only_other", "Only other right", whole),
        Column("alike", "Same answer", whole),
        Column("p", "p", probability, sorts="up"),
        Column("p_holm", "p, adjusted", probability, sorts="up"),
        text_column("significant", "Significant"),
    )
    rows = tuple(_pair(pair) for pair in results.tests.pairs)
    return Table("pairs", "Tests of pairs of models", columns, rows)


def _pair(pair: ComparedPair) -> tuple[Value, ...]:
    found = pair.difference
    return (
        pair.one.label,
        pair.other.label,
        *found.figures,
        found.value,
        *found.interval,
        found.only_one,
        found.only_other,
        pair.alike,
        pair.p,
        pair.p_holm,
        "yes" if pair.told_apart else "no",
    )


def runs(results: RunComparison) -> Table:
    columns = (
        text_column("run", "Run"),
        text_column("study", "Study"),
        text_column("file", "File"),
        Column("hash", "Hash", lambda value: value[:8], is_number=False, sorts="up"),
        text_column("created", "When"),
        text_column("machine", "Machine"),
        Column("training", "Training images", whole),
        Column("validation", "Validation images", whole),
        Column("models", "Models", whole),
        Column("failed", "Failed", whole),
    )
    return Table("runs", "The runs", columns, tuple(_run(run) for run in results.runs))


def _run(run: ComparedRun) -> tuple[Value, ...]:
    return (
        run.name,
        run.title,
        run.study.file,
        run.study.hash,
        run.created,
        machine_words(run),
        run.rows["training"],
        run.rows["validation"],
        run.makers,
        len(run.failures),
    )
