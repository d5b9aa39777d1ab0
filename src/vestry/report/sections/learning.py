"""Curves and history of the networks, and what went into them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vestry.predictions.given import GIVEN_KIND
from vestry.report.formatting import NOTHING, counted, decimal, duration, listed, per_cent, whole
from vestry.report.models import Model, models_in_study_order
from vestry.report.plot.lines import (
    METRICS,
    Drawing,
    draw,
    member_curves,
    shared_share_axis,
    validation_curves,
    validation_losses,
)
from vestry.report.section import Section
from vestry.report.sections.size_curves import SizeCurves, size_curves_data
from vestry.report.sections.transfer import Backbone, backbone_data
from vestry.schema import training as schema
from vestry.schema.models import Member
from vestry.schema.results import Results

# How training went, in words.


def training_words(facts: schema.Training, history: schema.History, seeds: int) -> list[str]:
    """Length, end and gap of one network's training. seeds: how many it was fitted with."""
    said = [_length(facts), _best_epoch(facts, history), _gap(history), _seeds(seeds)]
    return [text for text in said if text]


def _length(facts: schema.Training) -> str:
    if facts.stopped_early:
        return f"Stopped early, after epoch {facts.epochs_run} of at most {facts.epochs}."
    return f"Ran all of its {counted(facts.epochs_run, 'epoch')}."


def _best_epoch(facts: schema.Training, history: schema.History) -> str | None:
    """When validation loss was lowest, and which weights were kept."""
    best = facts.best_epoch
    if best is None:
        return None
    losses = dict(zip(history["epoch"], history.get("validation_loss", []), strict=False))
    loss = losses.get(best)
    figure = f" ({decimal(loss)})" if loss is not None else ""
    start = f"Validation loss was lowest after epoch {best}{figure}"
    if best == facts.epochs_run:
        return f"{start}, the last one."
    kept = (
        "the weights of that epoch were kept"
        if facts.restored_best
        else "the weights of the last epoch were kept, not of that one"
    )
    return f"{start}; {kept}."


def _gap(history: schema.History) -> str | None:
    """Training beside validation accuracy after the last epoch."""
    train, validation = (
        (history.get(f"{split}_accuracy") or [None])[-1] for split in ("train", "validation")
    )
    if train is None or validation is None:
        return None
    return (
        f"In the last epoch {per_cent(train)} of the training images were right and "
        f"{per_cent(validation)} of the validation images."
    )


def _seeds(count: int) -> str | None:
    return f"The curves are those of the first of {count} seeds." if count > 1 else None


def without_epochs(fitted: list[str], made_elsewhere: Sequence[str] = ()) -> str | None:
    """The models that have no curves, by name, and why."""
    said = []
    if len(fitted) == 1:
        said.append(f"{fitted[0]} is fitted in one go: it has no epochs, and so no curves.")
    elif fitted:
        said.append(
            f"{listed(fitted)} are fitted in one go: they have no epochs, and so no curves."
        )
    if made_elsewhere:
        were = "was" if len(made_elsewhere) == 1 else "were"
        said.append(f"{listed(list(made_elsewhere))} {were} made elsewhere: how is not known here.")
    return " ".join(said) or None


# What augmentation does to the images, and what it means for the curves.


def _augmentation_words(words: list[str], label: str, variants: int) -> list[str]:
    """words: what is done, as the member's card says it."""
    done = listed(words)
    return [
        f"Every training batch is augmented anew: {done}." if done else "Nothing is augmented.",
        f"Below, one training image ({label}) and {counted(variants, 'variant')} of it.",
        "The training figures of the curves are those of augmented images, which are harder: they "
        "may lie below the validation figures, whose images are never augmented.",
    ]


# Data of a network's augmentation: one training image and its variants.


@dataclass(frozen=True)
class Augmentation:
    """image, variants: picture ids."""

    image: str
    label: str
    variants: list[str]
    sentences: list[str]


def _augmentation_data(
    found: schema.AugmentationShown | None, classes: list[str]
) -> Augmentation | None:
    if not found or found.image is None or found.label is None:
        return None
    label = classes[found.label]
    return Augmentation(
        image=found.image,
        label=label,
        variants=found.variants,
        sentences=_augmentation_words(found.words, label, len(found.variants)),
    )


_MADE_ELSEWHERE = (GIVEN_KIND, "onnx")
_SMALL_HEIGHT = 150
_LARGE_HEIGHT = 260


@dataclass(frozen=True)
class HistoryTable:
    """heads: (metric, whether it has a training and a validation column); rows of text."""

    heads: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Training:
    """history is None of a member that has a backbone and no epochs."""

    model: Model
    settings: str
    sentences: list[str]
    drawings: list[Drawing]
    history: HistoryTable | None
    augmentation: Augmentation | None
    backbone: Backbone | None


@dataclass(frozen=True)
class Learning:
    """together: figures that hold every network. sizes: accuracy over images a class."""

    networks: list[Training]
    together: list[Drawing]
    sizes: SizeCurves | None
    without_epochs: str | None


def learning_data(results: Results) -> Learning:
    members = [(model, model.member) for model in models_in_study_order(results) if model.member]
    networks = [model for model, _ in members if _has_epochs(model)]
    compared = (validation_curves(networks), validation_losses(networks))
    shown = [(model, member) for model, member in members if _has_epochs(model) or member.trunk]
    others = [(m.name, member) for m, member in members if not _has_epochs(m) and not member.trunk]
    return Learning(
        networks=[_training(model, member, results) for model, member in shown],
        together=[draw(c, _LARGE_HEIGHT) for c in compared if c and len(networks) > 1],
        sizes=size_curves_data([model for model, _ in members], results.size_pairs),
        without_epochs=without_epochs(
            [name for name, member in others if member.kind not in _MADE_ELSEWHERE],
            [name for name, member in others if member.kind in _MADE_ELSEWHERE],
        ),
    )


def _has_epochs(model: Model) -> bool:
    return bool(model.history.get("epoch") and model.member and model.member.training)


def _training(model: Model, member: Member, results: Results) -> Training:
    facts = member.training if _has_epochs(model) else None
    figures = member_curves(model) if facts else []
    axis = shared_share_axis(figures)
    return Training(
        model=model,
        settings=_settings(facts) if facts else "",
        sentences=training_words(facts, model.history, len(member.seeds)) if facts else [],
        drawings=[draw(f, _SMALL_HEIGHT, axis if f.in_per_cent else None) for f in figures],
        history=_history_table(model.history) if facts else None,
        augmentation=_augmentation_data(member.augmentation, results.data.classes),
        backbone=backbone_data(member, results),
    )


def _settings(facts: schema.Training) -> str:
    """As one short line."""
    return (
        f"Optimizer {facts.optimizer}, batch {facts.batch_size}, learning rate "
        f"{facts.learning_rate}"
    )


def _history_table(history: schema.History) -> HistoryTable:
    """history.csv as text: only the columns that hold something."""
    columns = [("epoch", [whole(epoch) for epoch in history["epoch"]])]
    for metric, title, _ in METRICS:
        for split in ("train", "validation"):
            values = history.get(f"{split}_{metric}") or []
            if any(value is not None for value in values):
                show = decimal if metric == "loss" else per_cent
                columns.append(
                    (f"{split} {title[:1].lower()}{title[1:]}", [show(value) for value in values])
                )
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
    chapter="learning",
    images=_images,
    dispensable=2,
)
