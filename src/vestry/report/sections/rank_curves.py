"""ROC and precision-recall curves of the rarest class, where classes are unbalanced."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vestry.report.formatting import counted, decimal, per_cent
from vestry.report.models import Model, models_by_rank
from vestry.report.plot.canvas import series_style
from vestry.report.plot.lines import grid
from vestry.report.section import Section
from vestry.schema.rank_curves import RankCurve
from vestry.schema.results import Results

_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_MOST_DRAWN = 6


@dataclass(frozen=True)
class _AreaRow:
    """A model's areas, each with its interval."""

    name: str
    style: str
    roc: str
    precision: str


@dataclass(frozen=True)
class CurveFigure:
    """chance: the path of what needs no model; lines: path and style of each model, best first."""

    title: str
    x: str
    y: str
    chance: str
    lines: list[tuple[str, str]]


@dataclass(frozen=True)
class Curves:
    """about: what is drawn of what."""

    about: str
    rows: list[_AreaRow]
    figures: list[CurveFigure]
    ticks: Sequence[float]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{grid(round(x, 4))} {grid(round(1 - y, 4))}" for x, y in points)


def _area(value: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{decimal(value)} ({decimal(low)} to {decimal(high)})"


def _lines(
    drawn: Sequence[Model],
    of: dict[str, RankCurve],
    points: Callable[[RankCurve], list[tuple[float, float]]],
) -> list[tuple[str, str]]:
    return [(_path(points(of[model.name])), series_style(model.series)) for model in drawn]


def _curves_data(results: Results) -> Curves | None:
    found = results.rank_curves
    if found is None:
        return None
    models = [model for model in models_by_rank(results) if model.name in found.models]
    drawn = models[:_MOST_DRAWN]
    few = f" The first {_MOST_DRAWN} of the ranking are drawn." if len(models) > len(drawn) else ""
    of = found.models
    return Curves(
        about=(
            f"{found.positive} is the rarest class: {counted(found.rows, 'test image')}, "
            f"{per_cent(found.share)} of all. How well do the probabilities of a model put these "
            "before the others, whatever threshold one takes? The area under the ROC curve is the "
            f"chance that one of them stands before one of the others; chance gives 0.5.{few}"
        ),
        rows=[
            _AreaRow(
                model.name,
                series_style(model.series),
                _area(of[model.name].roc_area, of[model.name].roc_interval),
                _area(of[model.name].precision_area, of[model.name].precision_interval),
            )
            for model in models
        ],
        figures=[
            CurveFigure(
                "ROC curve",
                "of the others called so",
                f"of {found.positive} found",
                _path([(0.0, 0.0), (1.0, 1.0)]),
                _lines(drawn, of, lambda curve: curve.roc),
            ),
            CurveFigure(
                "Precision-recall curve",
                f"of {found.positive} found",
                "of those called so that are",
                _path([(0.0, found.share), (1.0, found.share)]),
                _lines(drawn, of, lambda curve: curve.precision),
            ),
        ],
        ticks=_TICKS,
    )


SECTION = Section(
    key="rank_curves",
    data=_curves_data,
    template="rank_curves.html.j2",
)
