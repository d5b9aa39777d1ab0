"""Accuracy over the severity of a corruption: a small plot each, all on one scale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vestry.report.formatting import per_cent, whole
from vestry.report.models import Model
from vestry.report.plot.axis import Axis
from vestry.report.plot.figure import Figure
from vestry.report.plot.lines import Line, Plot, Scale, line_figure, share_scale
from vestry.report.plot.panels import Panel, panel_figure
from vestry.report.table import Table

_TICKS = 3
_HEIGHT = 170.0


@dataclass(frozen=True)
class Severities:
    """One corruption. ends: what the weakest (none) and the strongest are. curves: a model's
    accuracy on clean images and at each severity. named: who has a colour and a label."""

    title: str
    remark: str
    ends: tuple[str, str]
    curves: Sequence[tuple[Model, Sequence[float]]]
    named: Sequence[str]


def severities_figure(plots: Sequence[Severities], main: Model, data: Table) -> Figure:
    """A plot a corruption; the level line is what `main` gets right of clean images."""
    scale = _scale(plots)
    panels = [Panel(each.title, _plot(each, main, scale), each.remark) for each in plots]
    labels = [line.label for line in panels[0].plot.lines if line.label]
    return panel_figure(
        "worse-images-by-kind",
        "Accuracy on worse images, kind by kind",
        panels,
        data,
        remark=_remark(plots[0]),
        words=f"Accuracy over severity of {len(plots)} kinds of corruption; over all of them at "
        f"the strongest: {', '.join(labels)}",
    )


def mean_figure(every: Severities, main: Model, data: Table, key: str = "worse-images") -> Figure:
    """The mean over all kinds."""
    plot = _plot(every, main, _scale([every], 4), across=_steps(every, whole))
    labels = [line.label for line in plot.lines if line.label]
    return line_figure(
        key,
        "Right on worse images",
        plot,
        data,
        remark=_remark(every),
        words="Accuracy over severity, the mean over all kinds of corruption; at the strongest: "
        + ", ".join(labels),
        height=_HEIGHT,
    )


def _scale(plots: Sequence[Severities], tick_count: int = _TICKS) -> Scale:
    values = [value for plot in plots for _, curve in plot.curves for value in curve]
    return share_scale(values, "accuracy", tick_count)


def _remark(plot: Severities) -> str:
    return "dashed: clean images" + ("; grey: others" if len(plot.curves) > len(plot.named) else "")


def _plot(plot: Severities, main: Model, scale: Scale, across: Scale | None = None) -> Plot:
    lines = [_line(model, curve, plot, main) for model, curve in plot.curves]
    clean = next((curve[0] for model, curve in plot.curves if model.name == main.name), None)
    return Plot(lines, across or _ends(plot), scale, reference=clean)


def _line(model: Model, curve: Sequence[float], plot: Severities, main: Model) -> Line:
    is_named = model.name in plot.named
    return Line(
        model.name,
        list(enumerate(curve)),
        model.series,
        f"{per_cent(curve[-1], 0)} {model.name}" if is_named else "",
        weight="grey" if not is_named else "strong" if model.name == main.name else "usual",
    )


def _steps(plot: Severities, text: Callable[[float], str]) -> Scale:
    """none, 1, 2, ..."""
    count = len(plot.curves[0][1])
    axis = Axis(0.0, count - 1.0, tuple(float(step) for step in range(count)))
    return Scale(axis, lambda step: text(step) if step else "none", "severity, mean of all kinds")


def _ends(plot: Severities) -> Scale:
    first, last = plot.ends
    steps = _steps(plot, whole)
    return Scale(steps.axis, lambda step: last if step else first, "")
