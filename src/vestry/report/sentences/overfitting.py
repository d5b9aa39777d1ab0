"""Where overfitting begins, in words."""

from typing import Any

from vestry.report.numbers import decimal, listed, per_cent, points

Found = dict[str, Any]
NETWORKS_NAMED = 4


def network(name: str, found: Found) -> str:
    """What one network's losses say."""
    lowest, last = found["at_lowest"], found["at_last"]
    start = (
        f"{name}: validation loss is lowest after epoch {found['lowest_epoch']} "
        f"({decimal(lowest['validation_loss'])})"
    )
    if found["rises_from"] is None:
        return f"{start}{no_rise(found)}{gap(last)}"
    return (
        f"{start} and rises for good from epoch {found['rises_from']}, to "
        f"{decimal(last['validation_loss'])} after epoch {found['last_epoch']}, while training "
        f"loss falls from {decimal(lowest['train_loss'])} to {decimal(last['train_loss'])}: from "
        f"there on it overfits.{accuracy(lowest, last)}{gap(last)}"
    )


def no_rise(found: Found) -> str:
    if found["lowest_epoch"] == found["last_epoch"]:
        return ", the last one: no overfitting is seen, and more epochs might lower it further."
    return (
        f" of {found['last_epoch']}; what follows is too short, too small, or not beside a falling "
        "training loss to be called overfitting."
    )


def accuracy(lowest: Found, last: Found) -> str:
    """Loss and accuracy need not agree: said where both are known."""
    before, after = lowest["validation_accuracy"], last["validation_accuracy"]
    if before is None or after is None:
        return ""
    return f" Validation accuracy moves from {per_cent(before)} to {per_cent(after)} meanwhile."


def gap(last: Found) -> str:
    if last["accuracy_gap"] is None:
        return ""
    ahead = last["accuracy_gap"]
    if abs(ahead) < 0.0005:
        return " In the last epoch training and validation accuracy are level."
    return (
        f" In the last epoch training accuracy is {points(abs(ahead)).lstrip('+')} points "
        f"{'above' if ahead > 0 else 'below'} validation accuracy."
    )


def summary(networks: list[tuple[str, Found]]) -> str | None:
    """Which networks overfit and from when."""
    if not networks:
        return None
    over = [(name, found) for name, found in networks if found["rises_from"] is not None]
    if not over:
        who = "the one network" if len(networks) == 1 else f"any of the {len(networks)} networks"
        return f"Validation loss does not rise for good in {who}: no overfitting is seen."
    if len(networks) == 1:
        return f"{over[0][0]} overfits from epoch {over[0][1]['rises_from']} on."
    verb = "overfits" if len(over) == 1 else "overfit"
    return f"{len(over)} of {len(networks)} networks {verb}: {starts(over)}."


def starts(over: list[tuple[str, Found]]) -> str:
    """Each network's epoch, or the range where they are too many for a sentence."""
    epochs = [found["rises_from"] for _, found in over]
    if len(over) <= NETWORKS_NAMED:
        return listed(
            [f"{name} from epoch {epoch}" for (name, _), epoch in zip(over, epochs, strict=True)]
        )
    if min(epochs) == max(epochs):
        return f"all from epoch {epochs[0]}"
    return f"the first from epoch {min(epochs)}, the last from epoch {max(epochs)}"
