"""Mistakes among the answers over the share of images answered, all models in one figure."""

from dataclasses import dataclass

from vestry.report.figures.axis import Axis, moved_apart, share_axis
from vestry.report.figures.curves import LABEL_PIXELS, Label, grid, series_style, tick_text
from vestry.report.models import Model
from vestry.report.numbers import per_cent

HEIGHT = 300
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
LEADER = "leading"

Points = list[tuple[float, float]]


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
    curves = [points(model, least) for model in shown]
    axis = share_axis([0.0, *(risk for curve in curves for _, risk in curve)])
    height = max(HEIGHT, (LABEL_PIXELS + 2) * len(shown))
    styles = [style(model, model is models[0]) for model in shown]
    ends = [round(1 - axis.place(curve[-1][1]), 4) for curve in curves]
    apart = moved_apart(ends, LABEL_PIXELS / height)
    return RiskCoverage(
        height=height,
        lines=[(path(curve, axis), s) for curve, s in zip(curves, styles, strict=True)],
        leaders=[
            (f"M0 {grid(end)}L1000 {grid(y)}", s)
            for end, y, s in zip(ends, apart, styles, strict=True)
        ],
        y_ticks=[
            Label(tick_text(t, axis, True), 0, round(1 - axis.place(t), 4)) for t in axis.ticks
        ],
        x_ticks=[Label(per_cent(tick, 0), tick, 1) for tick in TICKS],
        labels=[
            Label(f"{per_cent(curve[-1][1])} {model.name}", 1, y, s)
            for model, curve, y, s in zip(shown, curves, apart, styles, strict=True)
        ],
    )


def points(model: Model, least: int) -> Points:
    """Coverage and risk; a curve of fewer than `least` images is drawn whole."""
    found = model.entry["abstention"]
    whole = list(zip(found["curve"]["coverage"], found["curve"]["risk"], strict=True))
    return [point for point in whole if point[0] * found["rows"] >= least] or whole


def path(curve: Points, axis: Axis) -> str:
    return "M" + "L".join(f"{grid(x)} {grid(1 - axis.place(y))}" for x, y in curve)


def style(model: Model, is_leader: bool) -> str:
    return f"{series_style(model.series)}{f' {LEADER}' if is_leader else ''}"
