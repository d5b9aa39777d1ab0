"""How the networks learned: their curves, every epoch, and what went into them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vestry.predictions.given import GIVEN_KIND
from vestry.report.formatting import counted, decimal, listed, per_cent
from vestry.report.models import Model, models_in_study_order
from vestry.report.plot.epochs import history_table, network_figure, networks_figure
from vestry.report.plot.figure import Figure
from vestry.report.section import Section
from vestry.report.sections import overfitting
from vestry.report.sections.transfer import Backbone, backbone_data
from vestry.report.table import Table
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


@dataclass(frozen=True)
class Training:
    """figure and history are None of a member that has a backbone and no epochs."""

    model: Model
    settings: str
    sentences: list[str]
    figure: Figure | None
    history: Table | None
    augmentation: Augmentation | None
    backbone: Backbone | None


@dataclass(frozen=True)
class Learning:
    """networks: members with epochs or a backbone. together: figures that hold every network.
    found: what their losses say, a finding without a full stop; None without epochs."""

    networks: list[Training]
    together: list[Figure]
    found: str | None
    without_epochs: str | None


def learning_data(results: Results) -> Learning:
    members = [(model, model.member) for model in models_in_study_order(results) if model.member]
    networks = [model for model, _ in members if _has_epochs(model)]
    shown = [(model, member) for model, member in members if _has_epochs(model) or member.backbone]
    others = [
        (m.name, member) for m, member in members if not _has_epochs(m) and not member.backbone
    ]
    drawn = [networks_figure(networks, metric) for metric in ("loss", "accuracy") if networks]
    return Learning(
        networks=[_training(model, member, results) for model, member in shown],
        together=[figure for figure in drawn if figure],
        found=_found(networks),
        without_epochs=without_epochs(
            [name for name, member in others if member.kind not in _MADE_ELSEWHERE],
            [name for name, member in others if member.kind in _MADE_ELSEWHERE],
        ),
    )


def _found(networks: list[Model]) -> str | None:
    """Who overfits; where nothing is known of that, who was trained."""
    known = [(m.name, m.entry.analysis.overfitting) for m in networks if m.member]
    facts = [(name, fits) for name, fits in known if fits]
    if facts:
        return overfitting.heading(facts)
    if not networks:
        return None
    return f"{listed([model.name for model in networks])} learned over epochs"


def _has_epochs(model: Model) -> bool:
    return bool(model.history.get("epoch") and model.member and model.member.training)


def _training(model: Model, member: Member, results: Results) -> Training:
    facts = member.training if _has_epochs(model) else None
    fits = model.entry.analysis.overfitting
    said = training_words(facts, model.history, len(member.seeds)) if facts else []
    return Training(
        model=model,
        settings=_settings(facts) if facts else "",
        sentences=[*said, *([overfitting.network(model.name, fits)] if facts and fits else [])],
        figure=network_figure(model) if facts else None,
        history=history_table(model) if facts else None,
        augmentation=_augmentation_data(member.augmentation, results.data.classes),
        backbone=backbone_data(member, results),
    )


def _settings(facts: schema.Training) -> str:
    """As one short line."""
    return (
        f"Optimizer {facts.optimizer}, batch {facts.batch_size}, learning rate "
        f"{facts.learning_rate}"
    )


def _images(page: Learning) -> Iterator[str]:
    for strip in (network.augmentation for network in page.networks):
        if strip:
            yield from (strip.image, *strip.variants)


SECTION = Section(
    key="learning",
    data=learning_data,
    is_shown=lambda page: bool(page.networks),
    template="learning.html.j2",
    style="learning.css.j2",
    title="Every network, epoch by epoch",
    anchor="networks",
    chapter="learning",
    tables=lambda page: [each.history for each in page.networks if each.history],
    figures=lambda page: [each.figure for each in page.networks if each.figure],
    images=_images,
    dispensable=2,
)
