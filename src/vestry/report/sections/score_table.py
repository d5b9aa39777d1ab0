"""Every score of the test images with its interval, or why it has none."""

from dataclasses import dataclass

from vestry.evaluation.calibration_interval import ROWS_FOR_BINS
from vestry.evaluation.score_intervals import (
    ANSWERS_OF_A_CLASS,
    ROWS_BY_CLASS,
    ROWS_OF_A_CLASS,
)
from vestry.predictions.scores import SCORES, Score
from vestry.report.formatting import decimal, per_cent, whole
from vestry.report.models import Model
from vestry.schema.results import Results


@dataclass(frozen=True)
class ScoreRow:
    """One model's scores, each with its interval, in the order of the heads."""

    name: str
    cells: list[str]


@dataclass(frozen=True)
class ScoreTable:
    """without_interval: why some scores have none; None where all have one."""

    heads: list[str]
    rows: list[ScoreRow]
    without_interval: str | None


def score_table(results: Results, models: list[Model]) -> ScoreTable:
    columns = _columns()
    return ScoreTable(
        heads=[score.label for score in columns],
        rows=[
            ScoreRow(model.name, [_with_own_interval(model, score) for score in columns])
            for model in models
        ],
        without_interval=_without_interval(results, models),
    )


def _columns() -> list[Score]:
    """The scores of the table, those of which less is better last."""
    shown = [score for score in SCORES.values() if score.has_column]
    return sorted(shown, key=lambda score: score.better == "lower")


def _without_interval(results: Results, models: list[Model]) -> str | None:
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


def _with_own_interval(model: Model, score: Score) -> str:
    """ "91.2% (90.6 to 91.7)", "0.311 (0.300 to 0.322)"; without brackets where there is none."""
    value = model.score("test", score.name)
    given = model.entry.intervals.test.get(score.name)
    if not score.is_share:
        between = f" ({decimal(given[0])} to {decimal(given[1])})" if given else ""
        return f"{decimal(value)}{between}"
    between = f" ({100 * given[0]:.1f} to {100 * given[1]:.1f})" if given else ""
    return f"{per_cent(value)}{between}"
