"""The learning section's data: curves and history of the networks, and what went into them."""

from collections.abc import Iterator
from dataclasses import dataclass

from vestry.report.formatting import NOTHING, counted, decimal, duration, listed, per_cent, whole
from vestry.report.models import Model, Results, models_in_study_order
from vestry.report.plot.lines import (
    Drawing,
    draw,
    member_curves,
    shared_share_axis,
    validation_curves,
    validation_losses,
)
from vestry.report.section import Section
from vestry.report.sections.size_curves import SizeCurves, size_curves_data
from vestry.report.sections.transfer import Trunk, trunk_data

# How training went, in words.


def training_words(model: Model) -> list[str]:
    """Length, end and gap of one network's training."""
    return [s for s in (_length(model), best_epoch(model), _gap(model), seeds(model)) if s]


def _length(model: Model) -> str:
    facts = model.entry["training"]
    run, asked = facts["epochs_run"], facts["epochs"]
    if facts["stopped_early"]:
        return f"Stopped early, after epoch {run} of at most {asked}."
    return f"Ran all of its {counted(run, 'epoch')}."


def best_epoch(model: Model) -> str | None:
    """When validation loss was lowest, and which weights were kept."""
    facts, history = model.entry["training"], model.entry["history"]
    best = facts.get("best_epoch")
    if best is None:
        return None
    losses = dict(zip(history["epoch"], history.get("validation_loss") or [], strict=False))
    loss = losses.get(best)
    figure = f" ({decimal(loss)})" if loss is not None else ""
    start = f"Validation loss was lowest after epoch {best}{figure}"
    if best == facts["epochs_run"]:
        return f"{start}, the last one."
    kept = (
        "the weights of that epoch were kept"
        if facts["restored_best"]
        else "the weights of the last epoch were kept, not of that one"
    )
    return f"{start}; {kept}."


def _gap(model: Model) -> str | None:
    """Training beside validation accuracy after the last epoch."""
    history = model.entry["history"]
    train = (history.get("train_accuracy") or [None])[-1]
    validation = (history.get("validation_accuracy") or [None])[-1]
    if train is None or validation is None:
        return None
    return (
        f"In the last epoch {per_cent(train)} of the training images were right and "
        f"{per_cent(validation)} of the validation images."
    )


def seeds(model: Model) -> str | None:
    count = len(model.entry["seeds"])
    return f"The curves are those of the first of {count} seeds." if count > 1 else None


def without_epochs(models: list[Model]) -> str | None:
    """The models that have no curves, by name."""
    if not models:
        return None
    names = listed([model.name for model in models])
    if len(models) == 1:
        return f"{names} is fitted in one go: it has no epochs, and so no curves."
    return f"{names} are fitted in one go: they have no epochs, and so no curves."


# What augmentation does to the images, and what it means for the curves.


def augmentation(words: list[str], label: str, variants: int) -> list[str]:
    """words: what is done, as the member's card says it."""
    done = listed(list(words))
    return [
        f"Every training batch is altered anew: {done}." if done else "Nothing is altered.",
        f"Below, one training image ({label}) and {counted(variants, 'variant')} of it.",
        "The training figures of the curves are those of altered images, which are harder: they "
        "may lie below the validation figures, whose images are never altered.",
    ]


# Data of a network's augmentation: one training image and its variants.


@dataclass(frozen=True)
class Augmentation:
    """image, variants: picture ids."""

    image: str
    label: str
    variants: list[str]
    sentences: list[str]


def _augmentation_data(model: Model, classes: list[str]) -> Augmentation | None:
    found = model.entry.get("augmentation")
    if not found:
        return None
    label = classes[found["label"]]
    return Augmentation(
        image=found["image"],
        label=label,
        variants=list(found["variants"]),
        sentences=augmentation(found["words"], label, len(found["variants"])),
    )


_SMALL_HEIGHT = 150
_LARGE_HEIGHT = 260
_METRICS_IN_TABLE = (
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
    networks = [model for model in members if _has_epochs(model)]
    compared = (validation_curves(networks), validation_losses(networks))
    return Learning(
        networks=[training(m, results) for m in members if _has_epochs(m) or m.entry.get("trunk")],
        together=[draw(c, _LARGE_HEIGHT) for c in compared if c and len(networks) > 1],
        sizes=size_curves_data(members),
        without_epochs=without_epochs(
            [m for m in members if not _has_epochs(m) and not m.entry.get("trunk")]
        ),
    )


def _has_epochs(model: Model) -> bool:
    history = model.entry.get("history")
    return bool(history and history["epoch"] and model.entry.get("training"))


def training(model: Model, results: Results) -> Training:
    epochs = _has_epochs(model)
    figures = member_curves(model) if epochs else []
    axis = shared_share_axis(figures)
    return Training(
        model=model,
        settings=_settings(model) if epochs else "",
        sentences=training_words(model) if epochs else [],
        drawings=[draw(f, _SMALL_HEIGHT, axis if f.in_per_cent else None) for f in figures],
        history=_history_table(model) if epochs else None,
        augmentation=_augmentation_data(model, results["data"]["classes"]),
        trunk=trunk_data(model, results),
    )


def _settings(model: Model) -> str:
    """Optimizer, batch and rate as one short line; what the results do not say is left out."""
    facts = model.entry["training"]
    parts = [
        (facts.get("optimizer"), "Optimizer {}"),
        (facts.get("batch_size"), "batch {}"),
        (facts.get("learning_rate"), "learning rate {}"),
    ]
    return ", ".join(text.format(value) for value, text in parts if value is not None)


def _history_table(model: Model) -> HistoryTable:
    """history.csv as text: only the columns that hold something."""
    history = model.entry["history"]
    columns = [("epoch", [whole(epoch) for epoch in history["epoch"]])]
    for metric, name in _METRICS_IN_TABLE:
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


def _images(page: Learning) -> Iterator[str]:
    for strip in (network.augmentation for network in page.networks):
        if strip:
            yield from (strip.image, *strip.variants)


SECTION = Section(
    key="learning",
    data=learning_data,
    template="learning.html.j2",
    title="Learning",
    anchor="learning",
    images=_images,
    dispensable=2,
)
