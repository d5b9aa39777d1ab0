"""The table of all models: figures, differences to the first and costs, a row a model."""

from collections.abc import Callable

from vestry.report.formatting import (
    NOTHING,
    counted,
    decimal,
    duration,
    per_cent,
    points,
    signed,
    two_digits,
    whole,
)
from vestry.report.models import Model, models_by_rank
from vestry.report.sections import by_score
from vestry.report.sections import score_figures as score
from vestry.report.sections.leaks import leaked
from vestry.report.sections.reported import reported_accuracy
from vestry.report.table import Column, Row, Table, Value, text_column
from vestry.schema.base import MarkWord
from vestry.schema.decision import Baseline
from vestry.schema.results import Results

_SEEN: dict[MarkWord, str] = {
    "ahead": "ahead",
    "behind": "behind",
    "level": "no significant difference",
    "unknown": "too few images",
}
"""What the test images say of a model beside the first."""
_KINDS = {False: "model", True: "committee"}
_NO_MODEL = "no model"

Cell = tuple[Column, Callable[[Model], Value], Callable[[Baseline], Value]]
"""A column, with its value of a model and of what needs none."""


def comparison_table(results: Results) -> Table | None:
    """Key `compare`; None without models."""
    ranked = models_by_rank(results)
    if not ranked:
        return None
    cells = [
        *_names(results),
        *_scores(results, ranked[0]),
        *(_differences(ranked[0]) if len(ranked) > 1 and not results.nested else []),
        *(_accuracies(results) if ranked[0].ordered_by else []),
        *_reported(results, ranked),
        *_costs(ranked),
    ]
    return Table(
        "compare",
        _caption(results, ranked[0]),
        tuple(column for column, _, _ in cells),
        tuple(tuple(of(model) for _, of, _ in cells) for model in ranked)
        + tuple(tuple(of(each) for _, _, of in cells) for each in results.baselines),
    )


def _caption(results: Results, first: Model) -> str:
    """What the figures are of; leaked images are said at the head."""
    rows, count = results.data.splits["test"].rows, leaked(results)
    on = counted(rows, "image in nested folds", "images in nested folds")
    if not results.nested:
        on = counted(rows, "test image")
    leak = f", {whole(count)} of them leaked" if count else ""
    return f"Every model by validation {score.name_of(first)}, with costs; {on}{leak}"


def _nothing(_: object) -> None:
    return None


def _names(results: Results) -> list[Cell]:
    ranks = [row.rank for row in results.ranking]
    rank = {row.name: row.rank for row in results.ranking}

    def shown(value: int | None) -> str:
        return NOTHING if value is None else f"{value}{'=' * (ranks.count(value) > 1)}"

    return [
        (Column("rank", "Rank", shown, sorts="up"), lambda m: rank[m.name], _nothing),
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


def _scores(results: Results, first: Model) -> list[Cell]:
    """Of the score that orders the models: validation, test and its interval."""
    if first.ordered_by is None:
        return _accuracies(results)
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
            _nothing,
        ),
        (Column(f"test_{name}_high", "to", written, shown=known, sorts=sorts), end(1), _nothing),
    ]


def _is_lower(first: Model) -> bool:
    return first.ordered_by is not None and first.ordered_by.better == "lower"


def _test_head(results: Results) -> str:
    return "nested folds" if results.nested else "test"


def _accuracies(results: Results) -> list[Cell]:
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
        return column, lambda m: m.interval("test")[place], _nothing

    return [
        figure("validation"),
        figure("test"),
        end("low", "95% from", 0),
        end("high", "to", 1),
        *(_deviations() if _has_seeds(results) else []),
    ]


def _has_seeds(results: Results) -> bool:
    return any(m.over_seeds("test", "accuracy") for m in models_by_rank(results))


def _deviations() -> list[Cell]:
    def deviation(split: str) -> Callable[[Model], Value]:
        return lambda m: spread.deviation if (spread := m.over_seeds(split, "accuracy")) else None

    return [
        (Column("seeds", "Seeds", shown=False), lambda m: len(m.entry.seeds), _nothing),
        *(
            (
                Column(f"{split}_accuracy_sd", f"SD over seeds, {split}", shown=False),
                deviation(split),
                _nothing,
            )
            for split in ("validation", "test")
        ),
    ]


def _seeds(split: str) -> Callable[[Row], str]:
    def beside(row: Row) -> str:
        found = row.get(f"{split}_accuracy_sd")
        if found is None:
            return ""
        return f"\u00b1 {decimal(100 * found, 1)} over {row['seeds']} seeds"

    return beside


def _differences(first: Model) -> list[Cell]:
    """To the first, on the same test images; on the page of the figures as they are printed."""
    share, on_test = (
        score.is_share(first),
        first.ordered_by.name if first.ordered_by else "accuracy",
    )
    unit = ", points" if share else ""

    def written(value: float | None) -> str:
        if value is None:
            return NOTHING
        return points(value) if share else signed(value, 3)

    def printed(row: Row) -> str:
        if row["difference_to_first"] is None:
            return NOTHING
        return score.less_on_test(row[f"test_{on_test}"], first)

    def end(place: int) -> Callable[[Model], Value]:
        return lambda m: m.on_test.interval[place] if m.on_test else None

    return [
        (
            Column("difference_to_first", f"To the first{unit}", written, of_row=printed),
            lambda m: m.on_test.difference if m.on_test else None,
            _nothing,
        ),
        (Column("difference_low", "95% from", written), end(0), _nothing),
        (Column("difference_high", "to", written), end(1), _nothing),
        (
            text_column("on_test", "On test it is"),
            lambda m: _SEEN[m.on_test.mark] if m.on_test else None,
            _nothing,
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
            _nothing,
        ),
        (Column("ours_less_reported", "Ours less that, points", points), difference, _nothing),
        (
            Column("compared_with", "Compared with", is_number=False, shown=False),
            lambda m: of.against if (of := found[m.name]) else None,
            _nothing,
        ),
    ]


def _mean_taken(row: Row) -> str:
    return "mean of members" if row["compared_with"] == "mean of its members" else ""


def _costs(ranked: list[Model]) -> list[Cell]:
    def two(value: float | None) -> str:
        return two_digits(value) if value else NOTHING

    found: list[Cell] = []
    if any(model.latency is not None for model in ranked):
        found.append((Column("latency_ms", "ms", two, sorts="up"), lambda m: m.latency, _nothing))
    if any(model.size is not None for model in ranked):
        size = Column("size_mb", "MB", two, sorts="up")
        found.append((size, lambda m: m.size / 1e6 if m.size is not None else None, _nothing))
    return [
        *found,
        (
            Column("fit_seconds", "Fit time", duration, sorts="up"),
            lambda m: m.entry.fit_seconds,
            _nothing,
        ),
        (
            Column("parameters", "Parameters", whole, sorts="up"),
            lambda m: m.entry.parameters,
            _nothing,
        ),
    ]
