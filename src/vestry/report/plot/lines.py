"""Curves over epochs: what they show, and where on the figure it stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vestry.predictions.scores import SCORES
from vestry.report.formatting import decimal, per_cent
from vestry.report.models import Model
from vestry.report.plot.axis import Axis, moved_apart, round_axis, share_axis

LABEL_PIXELS = 15
_COLOURS = 6

_REMARKS = {
    "accuracy": "",
    "precision_macro": "mean over the classes",
    "recall_macro": "mean over the classes",
    "precision_micro_at_half": "as in Keras",
    "recall_micro_at_half": "as in Keras",
}
METRICS = (
    ("loss", "Loss", "cross-entropy"),
    *((name, SCORES[name].label, remark) for name, remark in _REMARKS.items()),
)
"""What a network's history has of each epoch: key, title, remark."""


@dataclass(frozen=True)
class Line:
    """A named series of values, one an epoch; None leaves a gap. `style` is its CSS class."""

    name: str
    values: list[float | None]
    style: str


@dataclass(frozen=True)
class Curves:
    """What one figure shows. `marked_epoch` is drawn as a vertical line."""

    title: str
    remark: str
    epochs: list[int]
    lines: list[Line]
    marked_epoch: int | None = None
    in_per_cent: bool = True


@dataclass(frozen=True)
class Label:
    """Text at a share of the figure's width (`x`) and, from the top, of its height (`y`)."""

    text: str
    x: float
    y: float
    style: str = ""


@dataclass(frozen=True)
class Drawing:
    """Geometry in shares of the plot; paths on a 1000 x 1000 grid that the page stretches."""

    curves: Curves
    height: int
    paths: list[tuple[str, str]]
    leaders: list[tuple[str, str]]
    y_ticks: list[Label]
    x_ticks: list[Label]
    labels: list[Label]
    marked_x: float | None


def member_curves(model: Model) -> list[Curves]:
    """The curves of one network, from its history: train and validation of each metric."""
    history = model.history
    training = model.member.training if model.member else None
    figures = []
    for metric, title, remark in METRICS:
        lines = [
            Line(name, history[f"{name}_{metric}"], name)
            for name in ("train", "validation")
            if any(value is not None for value in history.get(f"{name}_{metric}") or [])
        ]
        if lines:
            figures.append(
                Curves(
                    title,
                    remark,
                    _epochs(model),
                    lines,
                    training.best_epoch if training else None,
                    in_per_cent=metric != "loss",
                )
            )
    return figures


def validation_curves(networks: list[Model]) -> Curves | None:
    """Validation accuracy of all networks in one figure; None where there is nothing to compare."""
    return _together(networks, "accuracy")


def validation_losses(networks: list[Model]) -> Curves | None:
    """As `validation_curves`, of validation loss: where each network converges."""
    return _together(networks, "loss")


def _together(networks: list[Model], metric: str) -> Curves | None:
    column = f"validation_{metric}"
    lines = [
        Line(model.name, model.history[column], series_style(model.series))
        for model in networks
        if any(v is not None for v in model.history.get(column) or [])
    ]
    if not lines:
        return None
    longest = max((_epochs(model) for model in networks), key=len)
    title = f"Validation {metric} of every network"
    return Curves(title, "", longest, lines, in_per_cent=metric != "loss")


def _epochs(model: Model) -> list[int]:
    return [int(epoch) for epoch in model.history["epoch"] if epoch is not None]


def series_style(series: int) -> str:
    """Colour by the model's place in the study; past the last colour, dashes."""
    dash = f" dash{series // _COLOURS}" if series >= _COLOURS else ""
    return f"series{series % _COLOURS}{dash}"


def shared_share_axis(figures: list[Curves]) -> Axis:
    """One axis for all figures in per cent, so that they can be compared by eye."""
    return share_axis([v for figure in figures if figure.in_per_cent for v in _known(figure)])


def _known(curves: Curves) -> list[float]:
    return [value for line in curves.lines for value in line.values if value is not None]


def draw(curves: Curves, height: int, axis: Axis | None = None) -> Drawing:
    """Place `curves` on a plot `height` pixels high."""
    axis = axis or (share_axis if curves.in_per_cent else round_axis)(_known(curves))
    first, last = curves.epochs[0], curves.epochs[-1]

    def x_of(epoch: float) -> float:
        return round((epoch - first) / (last - first), 4) if last > first else 0.5

    def y_of(value: float) -> float:
        return round(1 - axis.place(value), 4)

    ends = [_last_point(line, curves.epochs) for line in curves.lines]
    spread = moved_apart([y_of(value) for _, value in ends], LABEL_PIXELS / height)
    marked = curves.marked_epoch
    return Drawing(
        curves=curves,
        height=height,
        paths=[(_path(line, curves.epochs, x_of, y_of), line.style) for line in curves.lines],
        leaders=[
            (f"M0 {grid(y_of(value))}L1000 {grid(y)}", line.style)
            for line, (_, value), y in zip(curves.lines, ends, spread, strict=True)
        ],
        y_ticks=[
            Label(tick_text(tick, axis, curves.in_per_cent), 0, y_of(tick)) for tick in axis.ticks
        ],
        x_ticks=[Label(str(e), x_of(e), 1) for e in _epoch_ticks(curves.epochs, marked)],
        labels=[
            Label(f"{_value_text(value, curves.in_per_cent)} {line.name}", 1, y, line.style)
            for line, (_, value), y in zip(curves.lines, ends, spread, strict=True)
        ],
        marked_x=x_of(marked) if marked is not None and first <= marked <= last else None,
    )


def _last_point(line: Line, epochs: list[int]) -> tuple[int, float]:
    """Epoch and value of the last known point."""
    return [(e, v) for e, v in zip(epochs, line.values, strict=False) if v is not None][-1]


def _path(
    line: Line, epochs: list[int], x_of: Callable[[float], float], y_of: Callable[[float], float]
) -> str:
    """SVG path data; a gap where a value is missing, a dot where a point stands alone."""
    steps, pen_down = [], False
    for epoch, value in zip(epochs, line.values, strict=False):
        if value is not None:
            x, y = grid(x_of(epoch)), grid(y_of(value))
            steps.append(f"L{x} {y}" if pen_down else f"M{x} {y}h0")
        pen_down = value is not None
    return "".join(steps)


def grid(share: float) -> str:
    return f"{1000 * share:g}"


def _value_text(value: float, in_per_cent: bool) -> str:
    return per_cent(value) if in_per_cent else decimal(value)


def tick_text(tick: float, axis: Axis, in_per_cent: bool) -> str:
    step = axis.ticks[1] - axis.ticks[0]
    if in_per_cent:
        return per_cent(tick, 0 if step > 0.0099 else 1)
    return decimal(tick, 0 if step > 0.99 else 1 if step > 0.099 else 2 if step > 0.0099 else 3)


def _epoch_ticks(epochs: list[int], marked: int | None) -> list[int]:
    """First, last and the marked epoch, unless its number would touch another."""
    ends = [epochs[0], epochs[-1]]
    room = (epochs[-1] - epochs[0]) * 0.12
    free = marked is not None and all(abs(marked - end) > room for end in ends)
    return sorted({*ends, marked} if free and marked is not None else set(ends))


# Accuracy over the strength of a corruption: one small plot each, all on one scale.


_HEIGHT = 150
_OTHER = "other"


@dataclass(frozen=True)
class SeverityCurves:
    """What one plot shows: each model's accuracy on clean images and at each strength.

    named: which lines get a label; the rest are the same grey.
    """

    title: str
    remark: str
    lines: list[Line]
    named: list[str]


@dataclass(frozen=True)
class DrawnSeverityCurves:
    """Geometry in shares of the plot; paths on a 1000 x 1000 grid that the page stretches.

    places: where clean images and each strength stand, from the left.
    """

    curves: SeverityCurves
    height: int
    paths: list[tuple[str, str]]
    leaders: list[tuple[str, str]]
    y_ticks: list[Label]
    places: list[float]
    labels: list[Label]


def severity_axis(plots: Sequence[SeverityCurves]) -> Axis:
    """One scale for all plots, so that they can be compared by eye."""
    return share_axis([v for plot in plots for line in plot.lines for v in line.values if v], 3)


def draw_severity_curves(curves: SeverityCurves, axis: Axis) -> DrawnSeverityCurves:
    steps = len(curves.lines[0].values)

    def x_of(step: float) -> float:
        return round(step / (steps - 1), 4)

    def y_of(value: float) -> float:
        return round(1 - axis.place(value), 4)

    named = [line for line in curves.lines if line.name in curves.named]
    ends = [line.values[-1] or 0.0 for line in named]
    apart = moved_apart([y_of(end) for end in ends], LABEL_PIXELS / _HEIGHT)
    # Named lines come last, on top of the grey ones.
    order = sorted(curves.lines, key=lambda line: line.name in curves.named)
    return DrawnSeverityCurves(
        curves=curves,
        height=_HEIGHT,
        paths=[
            (
                _path(line, list(range(steps)), x_of, y_of),
                line.style if line.name in curves.named else _OTHER,
            )
            for line in order
        ],
        leaders=[
            (f"M0 {grid(y_of(end))}L1000 {grid(y)}", line.style)
            for line, end, y in zip(named, ends, apart, strict=True)
        ],
        y_ticks=[Label(tick_text(tick, axis, True), 0, y_of(tick)) for tick in axis.ticks],
        places=[x_of(step) for step in range(steps)],
        labels=[
            Label(f"{per_cent(end, 0)} {line.name}", 1, y, line.style)
            for line, end, y in zip(named, ends, apart, strict=True)
        ],
    )
