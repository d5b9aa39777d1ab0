"""Test accuracy over images a class, all members in one figure, with the spread over seeds; and
accuracy over the share of images that are answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.formatting import per_cent, whole
from vestry.report.models import Model
from vestry.report.plot.axis import Axis, share_axis, with_ticks
from vestry.report.plot.figure import NARROW, WIDE, Figure
from vestry.report.plot.lines import Line, Plot, Scale, line_figure, share_scale, tick_text
from vestry.report.table import Column, Table, text_column

_HEIGHT = 260.0
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
    """A member's points, by rising size. series: its place in the study."""

    name: str
    series: int
    points: list[SizePoint]

    @property
    def at(self) -> dict[int, SizePoint]:
        return {point.size: point for point in self.points}


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
    return SizeCurve(model.name, model.series, points) if points else None


def has_bands(curves: Sequence[SizeCurve]) -> bool:
    """Whether the spread over seeds is drawn: more curves than a few would hide each other."""
    return len(curves) <= _MOST_BANDS


def size_figure(curves: Sequence[SizeCurve], data: Table) -> Figure:
    sizes = sorted({point.size for curve in curves for point in curve.points})
    axis = with_ticks(sizes[0], sizes[-1], [sizes[0], sizes[-1], *sizes])
    ends = [end for c in curves for p in c.points for end in _limits(p)]
    lines = [
        Line(
            curve.name,
            [(point.size, point.mean) for point in curve.points],
            curve.series,
            f"{per_cent(curve.points[-1].mean)} {curve.name}",
            dotted=True,
            spread=_spread(curve) if has_bands(curves) else (),
            follows=True,
        )
        for curve in curves
    ]
    return line_figure(
        "images-per-class",
        "Test accuracy over training images a class",
        Plot(lines, Scale(axis, whole, "images a class, log scale"), share_scale(ends, "accuracy")),
        data,
        words="Test accuracy over training images a class; at the end: "
        + ", ".join(line.label for line in lines),
        height=_HEIGHT,
    )


def _limits(point: SizePoint) -> tuple[float, float]:
    spread = point.deviation or 0.0
    return max(0.0, point.mean - spread), min(1.0, point.mean + spread)


def _spread(curve: SizeCurve) -> list[tuple[float, float, float]]:
    """Left out where no point has a deviation."""
    if not any(point.deviation for point in curve.points):
        return []
    return [(point.size, *_limits(point)) for point in curve.points]


# Accuracy of the answers over the share of images answered, all models in one figure.


_TICKS = (0.0, 0.5, 1.0)
_LOW = 170.0
_LEAST_DRAWN = 30
"""Answers from which on a curve is drawn; fewer make it jump."""
_MOST_NAMED = 8


def answered(model: Model) -> list[tuple[float, float]]:
    """Share of test images answered, the surest first, and the share of these that are right; a
    curve of very few images is whole."""
    found = model.abstention
    points = [
        (round(share, 6), round(1 - risk, 6))
        for share, risk in zip(found.curve.coverage, found.curve.risk, strict=True)
    ]
    return [point for point in points if point[0] * found.rows >= _LEAST_DRAWN] or points


def right_axis(models: Sequence[Model]) -> Axis:
    """From the least that any model gets right to 100%."""
    return share_axis([1.0, *(right for model in models for _, right in answered(model))])


def coverage_figure(models: Sequence[Model], main: Model, widest: int) -> Figure:
    """models: by rank. main: drawn strongly. widest: what a third or a half of the page holds."""
    named = [main, *(model for model in models if model is not main)][:_MOST_NAMED]
    lines = [
        Line(
            model.name,
            answered(model),
            model.series,
            model.name if model in named else "",
            weight="strong" if model is main else "thin" if model in named else "grey",
            follows=True,
        )
        for model in models
    ]
    upwards = right_axis(models)
    axis = Scale(Axis(0.0, 1.0, _TICKS), lambda tick: per_cent(tick, 0), "share of images answered")
    left_out = len(models) - len(named)
    ends = ", ".join(f"{line.name} {per_cent(line.known[-1][1])}" for line in lines)
    return line_figure(
        "answered",
        "Answering only the surest images",
        Plot(
            lines,
            axis,
            Scale(upwards, lambda tick: tick_text(tick, upwards, True), "right among the answers"),
        ),
        _coverage_table(models),
        remark=f"grey: {left_out} more" if left_out else "",
        words="Accuracy of the answers over the share of test images answered, the surest first; "
        f"with every image answered: {ends}",
        height=_LOW,
        widths=(NARROW, widest, WIDE),
    )


def _coverage_table(models: Sequence[Model]) -> Table:
    rows = [
        (model.name, coverage, 1 - risk)
        for model in models
        for found in [model.abstention.curve]
        for coverage, risk in zip(found.coverage, found.risk, strict=True)
    ]
    columns = (
        text_column("model", "Model"),
        Column("answered", "Answered", per_cent),
        Column("right", "Right of these", per_cent),
    )
    return Table("answered", "Accuracy of the answers by share answered", columns, tuple(rows))
