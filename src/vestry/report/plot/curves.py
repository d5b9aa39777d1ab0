"""Test accuracy over images a class, all members in one figure, with the spread over seeds."""

from collections.abc import Callable
from dataclasses import dataclass

from vestry.report.formatting import per_cent, whole
from vestry.report.models import Model
from vestry.report.plot.axis import Axis, Place, dots, moved_apart, share_axis, with_ticks
from vestry.report.plot.lines import LABEL_PIXELS, Label, grid, series_style, tick_text

_HEIGHT = 300
_MOST_BANDS = 4


@dataclass(frozen=True)
class SizePoint:
    """Accuracy learned from `size` images a class; deviation is None for a single seed."""

    size: int
    training_rows: int | None
    mean: float
    deviation: float | None
    seeds: int


@dataclass(frozen=True)
class SizeCurve:
    """A member's points, by rising size."""

    name: str
    style: str
    points: list[SizePoint]

    @property
    def at(self) -> dict[int, SizePoint]:
        return {point.size: point for point in self.points}


@dataclass(frozen=True)
class DrawnSizes:
    """Path data on a 1000 x 1000 grid with CSS classes; labels stand at the right end.

    spreads: areas or upright strokes from a deviation below to one above the mean.
    """

    lines: list[tuple[str, str]]
    spreads: list[tuple[str, str]]
    points: list[tuple[str, str]]
    leaders: list[tuple[str, str]]
    y_ticks: list[Label]
    x_ticks: list[Label]
    labels: list[Label]
    as_bands: bool


def size_curve(model: Model, split: str = "test") -> SizeCurve | None:
    """The member's curve on `split`; None where it has none."""
    found = model.member.learning_curve if model.member else None
    if not found:
        return None
    spreads = (found.test if split == "test" else found.validation)["accuracy"]
    points = [
        SizePoint(size, rows, spread.mean, spread.deviation, len(spread.values))
        for size, rows, spread in zip(
            found.images_per_class, found.training_rows, spreads, strict=True
        )
    ]
    points.sort(key=lambda point: point.size)
    return SizeCurve(model.name, series_style(model.series), points) if points else None


def draw_sizes(curves: list[SizeCurve]) -> DrawnSizes:
    sizes = sorted({point.size for curve in curves for point in curve.points})
    x_axis = with_ticks(sizes[0], sizes[-1], [sizes[0], sizes[-1], *sizes])
    y_axis = share_axis([end for c in curves for p in c.points for end in _limits(p)])

    def x_of(size: float) -> float:
        return x_axis.place(size)

    def y_of(value: float) -> float:
        return round(1 - y_axis.place(value), 4)

    def at(point: SizePoint) -> Place:
        return x_of(point.size), y_of(point.mean)

    as_bands = len(curves) <= _MOST_BANDS
    ends = [curve.points[-1] for curve in curves]
    apart = moved_apart([y_of(end.mean) for end in ends], LABEL_PIXELS / _HEIGHT)
    return DrawnSizes(
        lines=[(_line([at(p) for p in c.points]), c.style) for c in curves],
        spreads=[
            (_band(c, x_of, y_of) if as_bands else _strokes(c, x_of, y_of), c.style) for c in curves
        ],
        points=[(dots([at(p) for p in c.points]), c.style) for c in curves],
        leaders=[
            (f"M0 {grid(y_of(end.mean))}L1000 {grid(y)}", curve.style)
            for curve, end, y in zip(curves, ends, apart, strict=True)
        ],
        y_ticks=[Label(tick_text(t, y_axis, True), 0, y_of(t)) for t in y_axis.ticks],
        x_ticks=[Label(whole(tick), x_of(tick), 1) for tick in x_axis.ticks],
        labels=[
            Label(f"{per_cent(end.mean)} {curve.name}", 1, y, curve.style)
            for curve, end, y in zip(curves, ends, apart, strict=True)
        ],
        as_bands=as_bands,
    )


def _limits(point: SizePoint) -> tuple[float, float]:
    spread = point.deviation or 0.0
    return max(0.0, point.mean - spread), min(1.0, point.mean + spread)


def _line(places: list[Place]) -> str:
    return "M" + "L".join(f"{grid(x)} {grid(y)}" for x, y in places)


_Scale = Callable[[float], float]


def _band(curve: SizeCurve, x_of: _Scale, y_of: _Scale) -> str:
    """The area between the limits, left out where no point has a deviation."""
    if len(curve.points) < 2:
        return _strokes(curve, x_of, y_of)
    if not any(point.deviation for point in curve.points):
        return ""
    upper = [(x_of(p.size), y_of(_limits(p)[1])) for p in curve.points]
    lower = [(x_of(p.size), y_of(_limits(p)[0])) for p in reversed(curve.points)]
    return f"{_line([*upper, *lower])}Z"


def _strokes(curve: SizeCurve, x_of: _Scale, y_of: _Scale) -> str:
    return "".join(
        f"M{grid(x_of(p.size))} {grid(y_of(_limits(p)[1]))}V{grid(y_of(_limits(p)[0]))}"
        for p in curve.points
        if p.deviation
    )


# Mistakes among the answers over the share of images answered, all models in one figure.


_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEADER = "leading"

_Points = list[tuple[float, float]]


@dataclass(frozen=True)
class RiskCoverage:
    """Path data on a 1000 x 1000 grid with CSS classes, the leader's last, on top of the others."""

    height: int
    lines: list[tuple[str, str]]
    leaders: list[tuple[str, str]]
    y_ticks: list[Label]
    x_ticks: list[Label]
    labels: list[Label]


def risk_coverage(models: list[Model], least: int) -> RiskCoverage:
    """models: by rank. least: answers from which on a curve is drawn; fewer make it jump."""
    shown = list(reversed(models))
    curves = [_points(model, least) for model in shown]
    axis = share_axis([0.0, *(risk for curve in curves for _, risk in curve)])
    height = max(_HEIGHT, (LABEL_PIXELS + 2) * len(shown))
    styles = [_style(model, model is models[0]) for model in shown]
    ends = [round(1 - axis.place(curve[-1][1]), 4) for curve in curves]
    apart = moved_apart(ends, LABEL_PIXELS / height)
    return RiskCoverage(
        height=height,
        lines=[(_path(curve, axis), s) for curve, s in zip(curves, styles, strict=True)],
        leaders=[
            (f"M0 {grid(end)}L1000 {grid(y)}", s)
            for end, y, s in zip(ends, apart, styles, strict=True)
        ],
        y_ticks=[
            Label(tick_text(t, axis, True), 0, round(1 - axis.place(t), 4)) for t in axis.ticks
        ],
        x_ticks=[Label(per_cent(tick, 0), tick, 1) for tick in _TICKS],
        labels=[
            Label(f"{per_cent(curve[-1][1])} {model.name}", 1, y, s)
            for model, curve, y, s in zip(shown, curves, apart, styles, strict=True)
        ],
    )


def _points(model: Model, least: int) -> _Points:
    """Coverage and risk; a curve of fewer than `least` images is drawn whole."""
    found = model.abstention
    whole = list(zip(found.curve.coverage, found.curve.risk, strict=True))
    return [point for point in whole if point[0] * found.rows >= least] or whole


def _path(curve: _Points, axis: Axis) -> str:
    return "M" + "L".join(f"{grid(x)} {grid(1 - axis.place(y))}" for x, y in curve)


def _style(model: Model, is_leader: bool) -> str:
    return f"{series_style(model.series)}{f' {_LEADER}' if is_leader else ''}"
