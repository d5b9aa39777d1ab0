"""The learning section's data: curves and history of the networks, and what went into them."""

from dataclasses import dataclass

from vestry.report.augmentation import Augmentation, augmentation_data
from vestry.report.figures.curves import (
    Drawing,
    draw,
    member_curves,
    shared_share_axis,
    validation_curves,
    validation_losses,
)
from vestry.report.models import Model, Results, models_in_study_order
from vestry.report.numbers import NOTHING, decimal, duration, per_cent, whole
from vestry.report.sentences import learning as sentences
from vestry.report.size_curves import SizeCurves, size_curves_data
from vestry.report.trunk import Trunk, trunk_data

SMALL_HEIGHT = 150
LARGE_HEIGHT = 260
METRICS_IN_TABLE = (
    ("loss", "loss"),
    ("accuracy", "accuracy"),
    ("precision_macro", "precision, macro"),
    ("recall_macro", "recall, macro"),
    ("precision_micro_at_half", "precision, micro at 0.5"),
    ("recall_micro_at_half", "recall, micro at 0.5"),
)


@dataclass(frozen=True)
class HistoryTable:
    """heads: (metric, whether it has a training and a validation column); rows of text."""

    heads: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Training:
    """history is None where the run kept no epochs of a member that has a trunk."""

    model: Model
    settings: str
    sentences: list[str]
    drawings: list[Drawing]
    history: HistoryTable | None
    augmentation: Augmentation | None
    trunk: Trunk | None


@dataclass(frozen=True)
class Learning:
    """together: figures that hold every network. sizes: accuracy over images a class."""

    networks: list[Training]
    together: list[Drawing]
    sizes: SizeCurves | None
    without_epochs: str | None


def learning_data(results: Results) -> Learning:
    members = [model for model in models_in_study_order(results) if not model.is_committee]
    networks = [model for model in members if has_epochs(model)]
    compared = (validation_curves(networks), validation_losses(networks))
    return Learning(
        networks=[training(m, results) for m in members if has_epochs(m) or m.entry.get("trunk")],
        together=[draw(c, LARGE_HEIGHT) for c in compared if c and len(networks) > 1],
        sizes=size_curves_data(members),
        without_epochs=sentences.without_epochs(
            [m for m in members if not has_epochs(m) and not m.entry.get("trunk")]
        ),
    )


def has_epochs(model: Model) -> bool:
    history = model.entry.get("history")
    return bool(history and history["epoch"] and model.entry.get("training"))


def training(model: Model, results: Results) -> Training:
    epochs = has_epochs(model)
    figures = member_curves(model) if epochs else []
    axis = shared_share_axis(figures)
    return Training(
        model=model,
        settings=settings(model) if epochs else "",
        sentences=sentences.training(model) if epochs else [],
        drawings=[draw(f, SMALL_HEIGHT, axis if f.in_per_cent else None) for f in figures],
        history=history_table(model) if epochs else None,
        augmentation=augmentation_data(model, results["data"]["classes"]),
        trunk=trunk_data(model, results),
    )


def settings(model: Model) -> str:
    """Optimizer, batch and rate as one short line; what the results do not say is left out."""
    facts = model.entry["training"]
    parts = [
        (facts.get("optimizer"), "Optimizer {}"),
        (facts.get("batch_size"), "batch {}"),
        (facts.get("learning_rate"), "learning rate {}"),
    ]
    return ", ".join(text.format(value) for value, text in parts if value is not None)


def history_table(model: Model) -> HistoryTable:
    """history.csv as text: only the columns that hold something."""
    history = model.entry["history"]
    columns = [("epoch", [whole(epoch) for epoch in history["epoch"]])]
    for metric, name in METRICS_IN_TABLE:
        for split in ("train", "validation"):
            values = history.get(f"{split}_{metric}") or []
            if any(value is not None for value in values):
                show = decimal if metric == "loss" else per_cent
                columns.append((f"{split} {name}", [show(value) for value in values]))
    rates = history.get("learning_rate") or []
    columns.append(("learning rate", [NOTHING if r is None else f"{r:.3g}" for r in rates]))
    columns.append(("time", [duration(value) for value in history.get("seconds") or []]))
    columns.append(("images/s", [whole(v) for v in history.get("images_per_second") or []]))
    kept = [(name, cells) for name, cells in columns if cells]
    rows = [list(row) for row in zip(*(cells for _, cells in kept), strict=True)]
    return HistoryTable([name for name, _ in kept], rows)
