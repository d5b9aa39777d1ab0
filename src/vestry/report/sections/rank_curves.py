"""ROC and precision-recall curves of the rarest class, where classes are unbalanced."""

from dataclasses import dataclass

from vestry.report.formatting import counted, decimal, per_cent
from vestry.report.models import Model, models_by_rank
from vestry.report.plot.figure import Figure
from vestry.report.plot.rank_lines import RankAxes, RankLine, rank_lines
from vestry.report.section import Section
from vestry.report.table import Column, Table, text_column
from vestry.schema.results import Results
from vestry.schema.scores import RankCurve, RankCurves

_MOST_DRAWN = 6


@dataclass(frozen=True)
class Curves:
    """about: what is drawn of what."""

    about: str
    figures: list[Figure]
    table: Table


def _curves_data(results: Results) -> Curves | None:
    found = results.rank_curves
    if found is None:
        return None
    models = [model for model in models_by_rank(results) if model.name in found.models]
    drawn = models[:_MOST_DRAWN]
    return Curves(
        about=_about(found, len(models) > len(drawn)),
        figures=[_roc(drawn, found), _precision(drawn, found)],
        table=_table(models, found),
    )


def _about(found: RankCurves, some_are_left_out: bool) -> str:
    few = f" The first {_MOST_DRAWN} of the ranking are drawn." if some_are_left_out else ""
    return (
        f"{found.positive} is the rarest class: {counted(found.rows, 'test image')}, "
        f"{per_cent(found.share)} of all. How well do the probabilities of a model put these "
        "before the others, whatever threshold one takes? The area under the ROC curve is the "
        f"chance that one of them stands before one of the others; chance gives 0.5.{few}"
    )


def _roc(drawn: list[Model], found: RankCurves) -> Figure:
    of = found.models
    lines = [RankLine(m.name, m.series, of[m.name].roc_area, of[m.name].roc) for m in drawn]
    axes = RankAxes(
        "share of the others called so",
        f"share of {found.positive} found",
        [(0.0, 0.0), (1.0, 1.0)],
    )
    return rank_lines("roc", f"ROC curve of {found.positive}, with areas", lines, axes)


def _precision(drawn: list[Model], found: RankCurves) -> Figure:
    of = found.models
    lines = [
        RankLine(m.name, m.series, of[m.name].precision_area, of[m.name].precision) for m in drawn
    ]
    axes = RankAxes(
        f"share of {found.positive} found",
        "share right of those called so",
        [(0.0, found.share), (1.0, found.share)],
    )
    title = f"Precision over recall of {found.positive}, with areas"
    return rank_lines("precision-recall", title, lines, axes)


def _table(models: list[Model], found: RankCurves) -> Table:
    return Table(
        "rank-areas",
        f"Areas under the curves of {found.positive}",
        (
            text_column("model", "Model"),
            Column("roc_area", "Under the ROC curve", decimal),
            Column("roc_area_low", "95% from", decimal),
            Column("roc_area_high", "to", decimal),
            Column("average_precision", "Average precision", decimal),
            Column("average_precision_low", "95% from", decimal),
            Column("average_precision_high", "to", decimal),
        ),
        tuple((model.name, *_areas(found.models[model.name])) for model in models),
    )


def _areas(curve: RankCurve) -> tuple[float, ...]:
    return (
        curve.roc_area,
        *curve.roc_interval,
        curve.precision_area,
        *curve.precision_interval,
    )


SECTION = Section(
    key="rank_curves",
    data=_curves_data,
    template="rank_curves.html.j2",
    title="The rarest class before all others",
    anchor="rarest-class",
    chapter="compare",
    tables=lambda curves: [curves.table],
    figures=lambda curves: curves.figures,
)
