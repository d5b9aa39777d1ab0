"""Curves over epochs: of all networks over each other, and of one network in every metric."""

from collections.abc import Iterator, Sequence

from vestry.predictions.scores import SCORES
from vestry.report.formatting import counted, decimal, duration, per_cent, whole
from vestry.report.models import Model
from vestry.report.plot.axis import Axis
from vestry.report.plot.figure import HALF, NARROW, Figure
from vestry.report.plot.lines import Line, Plot, Scale, line_figure, number_scale, share_scale
from vestry.report.plot.panels import Panel, panel_figure
from vestry.report.table import Column, Table, rows_of

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
_SPLITS = ("train", "validation")
_MOST_NAMED = 12
_HEIGHT = 230.0

Values = Sequence[float | None]


def networks_figure(networks: Sequence[Model], metric: str) -> Figure | None:
    """Training and validation of every network, the best by validation on top; None where no
    history has that metric."""
    by_rank = sorted(networks, key=lambda model: model.rank)
    named = {model.name for model in by_rank[:_MOST_NAMED]}
    lines = [
        line for model in reversed(by_rank) for line in _both(model, metric, model.name in named)
    ]
    if not lines:
        return None
    values = [y for line in lines for _, y in line.known]
    in_per_cent = metric != "loss"
    upwards = (share_scale if in_per_cent else number_scale)(values, _upwards(metric))
    left_out = len(networks) - len(named)
    return line_figure(
        f"epochs-{metric}",
        f"{metric.capitalize()} over epochs",
        Plot(lines, _epoch_scale([x for line in lines for x, _ in line.known]), upwards),
        _networks_table(networks, metric),
        remark=_kinds(lines) + (f"; grey: {counted(left_out, 'more network')}" if left_out else ""),
        words=_words(lines, metric),
        height=_HEIGHT,
        widths=(NARROW, HALF),
    )


def _kinds(lines: Sequence[Line]) -> str:
    both = {line.dashed for line in lines}
    if len(both) > 1:
        return "solid: validation, dashed: training"
    return "training images" if both == {True} else "validation images"


def _upwards(metric: str) -> str:
    return "cross-entropy, nats" if metric == "loss" else f"{metric}, right of all images"


def _both(model: Model, metric: str, is_named: bool) -> Iterator[Line]:
    found = {split: _points(model, split, metric) for split in _SPLITS}
    known = {split: points for split, points in found.items() if any(points)}
    for split, points in known.items():
        # Without validation images, as where folds choose, a network's one line is the training's.
        yield Line(
            name=f"{model.name} {split}",
            points=points,
            series=model.series,
            label=model.name if is_named and split == list(known)[-1] else "",
            weight="usual" if is_named else "grey",
            dashed=split == "train",
            follows=True,
        )


def _points(model: Model, split: str, metric: str) -> list[tuple[float, float] | None]:
    values: Values = model.history.get(f"{split}_{metric}") or []
    return [
        None if epoch is None or value is None else (epoch, value)
        for epoch, value in zip(model.history["epoch"], values, strict=False)
    ]


def _epoch_scale(epochs: Sequence[float]) -> Scale:
    first, last = int(min(epochs)), int(max(epochs))
    step = max(1, -(-(last - first) // 5))
    inner = [epoch for epoch in range(first, last - step // 2, step) if epoch < last]
    half = 0.5 if first == last else 0.0
    ticks = tuple(float(epoch) for epoch in [*inner, last])
    return Scale(Axis(first - half, last + half, ticks), whole, "epoch")


def _words(lines: Sequence[Line], metric: str) -> str:
    shown = decimal if metric == "loss" else per_cent
    ends = [f"{line.name} {shown(line.known[-1][1])}" for line in lines]
    return f"{metric.capitalize()} over epochs; in the last one: {', '.join(ends)}"


def _networks_table(networks: Sequence[Model], metric: str) -> Table:
    columns = (
        Column("model", "Model", is_number=False),
        Column("epoch", "Epoch"),
        *(Column(f"{split}_{metric}", f"{split} {metric}") for split in _SPLITS),
    )
    rows = []
    for model in networks:
        history = model.history
        for place, epoch in enumerate(history["epoch"]):
            each = [_at(history.get(f"{split}_{metric}"), place) for split in _SPLITS]
            rows.append([model.name, epoch, *each])
    return Table(f"epochs-{metric}", f"{metric.capitalize()} over epochs", columns, rows_of(rows))


def _at(values: Values | None, place: int) -> float | None:
    return values[place] if values and place < len(values) else None


def network_figure(model: Model) -> Figure | None:
    """One network: training and validation of each metric, all in per cent on one scale."""
    found = [(each, _lines_of(model, each[0])) for each in METRICS]
    shown = [(each, lines) for each, lines in found if lines]
    if not shown:
        return None
    shares = [y for (m, *_), ls in shown if m != "loss" for line in ls for _, y in line.known]
    epochs = _epoch_scale([e for e in model.history["epoch"] if e is not None])
    training = model.member.training if model.member else None
    marked = training.best_epoch if training else None
    inside = marked is not None and epochs.axis.low <= marked <= epochs.axis.high
    panels = [
        Panel(
            title,
            Plot(
                lines,
                Scale(epochs.axis, lambda epoch: f"epoch {whole(epoch)}", "epoch"),
                share_scale(shares, "")
                if metric != "loss"
                else number_scale([y for line in lines for _, y in line.known], "", 3),
                marked=marked if inside else None,
            ),
            remark,
        )
        for (metric, title, remark), lines in shown
    ]
    name = f"Every metric of {model.name} over epochs"
    return panel_figure(
        f"metrics-{model.anchor}",
        name,
        panels,
        history_table(model),
        remark="the upright line is the epoch of lowest validation loss" if inside else "",
    )


def _lines_of(model: Model, metric: str) -> list[Line]:
    lines = [
        Line(split, _points(model, split, metric), model.series, dashed=split == "train")
        for split in _SPLITS
    ]
    shown = decimal if metric == "loss" else per_cent
    return [
        Line(
            line.name,
            line.points,
            line.series,
            f"{shown(line.known[-1][1])} {'training' if line.dashed else line.name}",
            dashed=line.dashed,
        )
        for line in lines
        if line.known
    ]


def history_table(model: Model) -> Table:
    """`history.csv`: only the columns that hold something."""
    history = model.history
    kept = [Column("epoch", "Epoch"), *_metric_columns(model)]
    for key, title, written in (
        ("learning_rate", "Learning rate", lambda rate: "" if rate is None else f"{rate:.3g}"),
        ("seconds", "Time", duration),
        ("images_per_second", "Images/s", whole),
    ):
        if any(value is not None for value in history.get(key) or []):
            kept.append(Column(key, title, written))
    rows = [
        [_at(history.get(column.key), place) for column in kept]
        for place in range(len(history["epoch"]))
    ]
    caption = f"Every epoch of {model.name}"
    return Table(f"metrics-{model.anchor}", caption, tuple(kept), rows_of(rows))


def _metric_columns(model: Model) -> Iterator[Column]:
    for metric, title, _ in METRICS:
        for split in _SPLITS:
            key = f"{split}_{metric}"
            if any(value is not None for value in model.history.get(key) or []):
                words = f"{'Training' if split == 'train' else 'Validation'} {title.lower()}"
                yield Column(key, words, decimal if metric == "loss" else per_cent)
