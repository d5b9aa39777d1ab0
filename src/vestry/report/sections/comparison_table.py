"""The table of all models: figures, differences to the first and costs, a row a model."""

from collections.abc import Callable
from dataclasses import replace

from vestry.report.formatting import (
    NOTHING,
    counted,
    duration,
    per_cent,
    points,
    signed,
    two_digits,
    whole,
)
from vestry.report.models import Model, models_by_rank
from vestry.report.sections import score_figures as score
from vestry.report.sections import standing
from vestry.report.sections.comparison_scores import (
    Cell,
    accuracies,
    balanced,
    chosen_scores,
    nothing,
    shows_balanced,
)
from vestry.report.sections.leaks import leaked
from vestry.report.sections.reported import reported_accuracy
from vestry.report.table import Column, Row, Table, Value
from vestry.schema.results import Results

_KINDS = {False: "model", True: "committee"}
_NO_MODEL = "no model"
_ON_TEST = "On test, adjusted"
"""Of all tests together, which the intervals beside it are not: one may spare 0 and still show
nothing."""


def comparison_table(results: Results) -> Table | None:
    """Key `compare`; None without models."""
    ranked = models_by_rank(results)
    if not ranked:
        return None
    cells = [
        *_names(results),
        *chosen_scores(results, ranked[0]),
        *(_differences(results, ranked[0]) if len(ranked) > 1 and not results.nested else []),
        *(accuracies(results) if ranked[0].ordered_by else []),
        *(balanced() if shows_balanced(results) else []),
        *_reported(results, ranked),
        *_costs(ranked),
    ]
    return Table(
        "compare",
        _caption(results, ranked[0]),
        tuple(_without_dashes(column) for column, _, _ in cells),
        tuple(tuple(of(model) for _, of, _ in cells) for model in ranked)
        + tuple(tuple(of(each) for _, _, of in cells) for each in results.baselines),
    )


def _without_dashes(column: Column) -> Column:
    """Where no model was made, an empty cell says as much."""

    def cell(row: Row) -> str:
        is_empty = row["kind"] == _NO_MODEL and row[column.key] is None
        return "" if is_empty else column.cell(row)

    return replace(column, of_row=cell)


def _caption(results: Results, first: Model) -> str:
    """What the figures are of; leaked images are said at the head."""
    rows, count = results.data.splits["test"].rows, leaked(results)
    on = counted(rows, "image in nested folds", "images in nested folds")
    if not results.nested:
        on = counted(rows, "test image")
    leak = f", {whole(count)} of them leaked" if count else ""
    return f"Every model by validation {score.name_of(first)}, with costs; {on}{leak}"


def _names(results: Results) -> list[Cell]:
    ranks = [row.rank for row in results.ranking]
    rank = {row.name: row.rank for row in results.ranking}

    def shown(value: int | None) -> str:
        return NOTHING if value is None else f"{value}{'=' * (ranks.count(value) > 1)}"

    return [
        (Column("rank", "Rank", shown, sorts="up"), lambda m: rank[m.name], nothing),
        (
            Column("model", "Model", is_number=False, sorts="up", beside=_kind),
            lambda m: m.name,
            lambda b: b.name,
        ),
        (
            Column("kind", "Kind", is_number=False, shown=False),
            lambda m: _KINDS[m.is_committee],
            lambda _: _NO_MODEL,
        ),
    ]


def _kind(row: Row) -> str:
    return "" if row["kind"] == _KINDS[False] else str(row["kind"])


def _differences(results: Results, first: Model) -> list[Cell]:
    """To the first, on the same test images; on the page of the figures as they are printed."""
    share, on_test = (
        score.is_share(first),
        first.ordered_by.name if first.ordered_by else "accuracy",
    )
    unit = ", points" if share else ""

    def written(value: float | None) -> str:
        if value is None:
            return ""
        return points(value) if share else signed(value, 3)

    def printed(row: Row) -> str:
        if row["difference_to_first"] is None:
            return ""
        return score.less_on_test(row[f"test_{on_test}"], first)

    def end(place: int) -> Callable[[Model], Value]:
        return lambda m: m.on_test.interval[place] if m.on_test else None

    return [
        (
            Column("difference_to_first", f"To the first{unit}", written, of_row=printed),
            lambda m: m.on_test.difference if m.on_test else None,
            nothing,
        ),
        (Column("difference_low", "95% from", written), end(0), nothing),
        (Column("difference_high", "to", written), end(1), nothing),
        (
            Column("on_test", _ON_TEST, lambda mark: mark or "", is_number=False, sorts="up"),
            lambda m: standing.seen(results, m) or None,
            nothing,
        ),
    ]


def _reported(results: Results, ranked: list[Model]) -> list[Cell]:
    """What somebody else gave for them, where a study says so."""
    found = {model.name: reported_accuracy(model, results) for model in ranked}
    if not any(found.values()):
        return []

    def difference(model: Model) -> Value:
        of = found[model.name]
        return of.ours - of.reported if of else None

    return [
        (
            Column("reported_accuracy", "Reported accuracy", per_cent, beside=_mean_taken),
            lambda m: of.reported if (of := found[m.name]) else None,
            nothing,
        ),
        (Column("ours_less_reported", "Ours less that, points", points), difference, nothing),
        (
            Column("compared_with", "Compared with", is_number=False, shown=False),
            lambda m: of.against if (of := found[m.name]) else None,
            nothing,
        ),
    ]


def _mean_taken(row: Row) -> str:
    return "mean of members" if row["compared_with"] == "mean of its members" else ""


def _costs(ranked: list[Model]) -> list[Cell]:
    def two(value: float | None) -> str:
        return two_digits(value) if value else NOTHING

    found: list[Cell] = []
    if any(model.latency is not None for model in ranked):
        found.append((Column("latency_ms", "ms", two, sorts="up"), lambda m: m.latency, nothing))
    if any(model.size is not None for model in ranked):
        size = Column("size_mb", "MB", two, sorts="up")
        found.append((size, lambda m: m.size / 1e6 if m.size is not None else None, nothing))
    return [
        *found,
        (
            Column("fit_seconds", "Fit time", duration, sorts="up"),
            lambda m: m.entry.fit_seconds,
            nothing,
        ),
        (
            Column("parameters", "Parameters", whole, sorts="up"),
            lambda m: m.entry.parameters,
            nothing,
        ),
    ]
