"""How well every model does on every class: recall, precision and F1, one figure each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from vestry.report.formatting import per_cent, per_cent_range, whole
from vestry.report.models import Model
from vestry.report.plot.class_heat_map import MapColumn, MapRow, class_heat_map
from vestry.report.plot.figure import Figure
from vestry.report.table import Column, Table, text_column
from vestry.schema.base import Interval
from vestry.schema.results import Results
from vestry.schema.scores import ClassScores

_MOST_ROWS, _ROWS_OF_MANY = 20, 12


@dataclass(frozen=True)
class _Measure:
    """value: None where it is not defined."""

    key: str
    name: str
    meaning: str
    value: Callable[[ClassScores, int], float | None]
    interval: Callable[[ClassScores], Interval | None]


_MEASURES = (
    _Measure(
        "recall",
        "Recall",
        "share of a class’s images that are called so",
        lambda scores, _: scores.recall if scores.support else None,
        lambda scores: scores.recall_interval,
    ),
    _Measure(
        "precision",
        "Precision",
        "share of the images called so that are of the class",
        lambda scores, called: scores.precision if called else None,
        lambda scores: scores.precision_interval,
    ),
    _Measure(
        "f1",
        "F1",
        "harmonic mean of recall and precision",
        lambda scores, called: scores.f1 if scores.support or called else None,
        lambda _: None,
    ),
)


def hardest_first(model: Model, classes: Sequence[str]) -> list[int]:
    """Labels of the classes with test images by the model's recall, the lowest first; then those
    without."""
    scores = [model.entry.scores.test.per_class[name] for name in classes]
    return sorted(range(len(classes)), key=lambda i: (not scores[i].support, scores[i].recall, i))


def class_figures(results: Results, ranked: Sequence[Model], chosen: Model) -> list[Figure]:
    """A heat map a measure, all of the same classes and models. chosen: whose recall orders the
    classes, and who is marked."""
    classes = results.data.classes
    order = hardest_first(chosen, classes)
    shown = order if len(order) <= _MOST_ROWS else order[:_ROWS_OF_MANY]
    columns = [MapColumn(model.name, model.series, model is chosen) for model in ranked]
    data = _table(ranked, classes, order)
    return [
        class_heat_map(
            f"class-{measure.key}",
            f"{measure.name} by class and model, %",
            _rows(measure, ranked, classes, shown, order[len(shown) :]),
            columns,
            data,
            f"{measure.meaning}; rows by recall of {chosen.name}"
            + _grouped(len(order), len(shown)),
        )
        for measure in _MEASURES
    ]


def _grouped(classes: int, shown: int) -> str:
    """What is said where not every class has a row of its own."""
    if shown == classes:
        return ""
    return f". The {shown} lowest of {whole(classes)}, then the others’ mean; all are in the CSV"


def _rows(
    measure: _Measure,
    ranked: Sequence[Model],
    classes: Sequence[str],
    shown: Sequence[int],
    others: Sequence[int],
) -> list[MapRow]:
    found = [_row(measure, ranked, classes[label], label) for label in shown]
    if others:
        rest = [_row(measure, ranked, classes[label], label) for label in others]
        found.append(_mean_row(measure, ranked, rest))
    return found


def _row(measure: _Measure, ranked: Sequence[Model], name: str, label: int) -> MapRow:
    scores = [model.entry.scores.test.per_class[name] for model in ranked]
    values = tuple(
        measure.value(one, _called(model, label)) for model, one in zip(ranked, scores, strict=True)
    )
    titles = tuple(
        f"{name}, {model.name}: {measure.name} {_with_interval(value, measure.interval(one))}"
        for model, one, value in zip(ranked, scores, values, strict=True)
    )
    return MapRow(name, label, values, titles)


def _called(model: Model, label: int) -> int:
    """How many test images the model calls so."""
    return sum(row[label] for row in model.entry.scores.test.confusion)


def _with_interval(value: float | None, interval: Interval | None) -> str:
    between = f" ({per_cent_range(*interval)})" if interval and value is not None else ""
    return f"{per_cent(value)}{between}"


def _mean_row(measure: _Measure, ranked: Sequence[Model], rest: Sequence[MapRow]) -> MapRow:
    name = f"{len(rest)} others, mean"
    values = tuple(_mean([row.values[place] for row in rest]) for place in range(len(ranked)))
    titles = tuple(
        f"{name}, {model.name}: {measure.name} {per_cent(value)}"
        for model, value in zip(ranked, values, strict=True)
    )
    return MapRow(name, None, values, titles)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _table(ranked: Sequence[Model], classes: Sequence[str], order: Sequence[int]) -> Table:
    """A row a class and model, whatever the figure shows."""
    shares = [f"{score}{end}" for score in ("recall", "precision") for end in ("", "_low", "_high")]
    return Table(
        "class-scores",
        "Every class of every model, test images",
        (
            text_column("class", "Class"),
            text_column("model", "Model"),
            Column("support", "Images", whole),
            *(Column(key, key, per_cent) for key in (*shares, "f1")),
        ),
        tuple(
            (name, model.name, *score_values(model.entry.scores.test.per_class[name]))
            for name in (classes[label] for label in order)
            for model in ranked
        ),
    )


def score_values(scores: ClassScores) -> tuple[float | None, ...]:
    """Support, recall and precision with the ends of their intervals, F1."""
    recall, precision = (
        (None, None) if ends is None else ends
        for ends in (scores.recall_interval, scores.precision_interval)
    )
    return (
        scores.support,
        scores.recall,
        *recall,
        scores.precision,
        *precision,
        scores.f1,
    )
