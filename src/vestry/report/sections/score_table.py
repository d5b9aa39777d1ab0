"""Every score of the test images with its interval, or why it has none."""

from collections.abc import Callable

from vestry.evaluation.score_intervals import (
    ANSWERS_OF_A_CLASS,
    ROWS_BY_CLASS,
    ROWS_FOR_BINS,
    ROWS_OF_A_CLASS,
)
from vestry.predictions.scores import SCORES, Score
from vestry.report.formatting import decimal, per_cent, whole
from vestry.report.models import Model
from vestry.report.table import Column, Row, Table, Value, text_column
from vestry.schema.results import Results


def score_table(models: list[Model]) -> Table:
    """Key `scores`: a row a model, each score with the ends of its interval."""
    columns = [text_column("model", "Model")]
    for each in _columns():
        written = per_cent if each.is_share else decimal
        sorts = "up" if each.better == "lower" else "down"
        columns += [
            Column(each.name, each.label, written, sorts=sorts, beside=_interval(each)),
            Column(f"{each.name}_low", f"{each.label}, 95% from", shown=False),
            Column(f"{each.name}_high", f"{each.label}, 95% to", shown=False),
        ]
    return Table("scores", "Every score of the test images", tuple(columns), _rows(models))


def _rows(models: list[Model]) -> tuple[tuple[Value, ...], ...]:
    def values(model: Model) -> list[Value]:
        own = model.entry.intervals.test
        ends = [own.get(each.name) or (None, None) for each in _columns()]
        scores = [model.score("test", each.name) for each in _columns()]
        return [value for one, two in zip(scores, ends, strict=True) for value in (one, *two)]

    return tuple((model.name, *values(model)) for model in models)


def _interval(each: Score) -> Callable[[Row], str]:
    """ "(90.6 to 91.7)", "(0.300 to 0.322)"; empty where there is none."""

    def beside(row: Row) -> str:
        low, high = row[f"{each.name}_low"], row[f"{each.name}_high"]
        if low is None:
            return ""
        if not each.is_share:
            return f"({decimal(low)} to {decimal(high)})"
        return f"({100 * low:.1f} to {100 * high:.1f})"

    return beside


def _columns() -> list[Score]:
    """The scores of the table, those of which less is better last."""
    shown = [score for score in SCORES.values() if score.has_column]
    return sorted(shown, key=lambda score: score.better == "lower")


def without_interval(results: Results, models: list[Model]) -> str | None:
    """Why scores of some models have no interval; None where all have one."""
    lacking = {
        score.label
        for score in _columns()
        for model in models
        if model.entry.intervals.test.get(score.name) is None
    }
    if not lacking:
        return None
    rows = results.data.splits["test"]
    least = min((count for count in rows.class_counts if count), default=0)
    needed = [
        f"macro averages need {ROWS_OF_A_CLASS} test images of every class (the rarest has {least})"
        f", those of precision and F1 {ANSWERS_OF_A_CLASS} and as many answers of each, weighted "
        f"averages {ROWS_BY_CLASS} images to a class"
    ]
    if rows.rows < ROWS_FOR_BINS:
        found = f"here there are {whole(rows.rows)}"
        needed.append(f"the calibration error needs {ROWS_FOR_BINS} test images ({found})")
    return (
        "No interval stands where none that was tried would hold the truth often enough: "
        f"{'; '.join(needed)}."
    )
