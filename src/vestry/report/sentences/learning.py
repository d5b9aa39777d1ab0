"""How training went, in words."""

from vestry.report.models import Model
from vestry.report.numbers import counted, decimal, listed, per_cent


def training(model: Model) -> list[str]:
    """Length, end and gap of one network's training."""
    return [s for s in (length(model), best_epoch(model), gap(model), seeds(model)) if s]


def length(model: Model) -> str:
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


def gap(model: Model) -> str | None:
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
