"""Where overfitting begins, and what else training and validation figures say, in words."""

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
        return f"{start}{no_rise(found)}{gap(last)}{doubts(found)}"
    return (
        f"{start} and rises for good from epoch {found['rises_from']}, to "
        f"{decimal(last['validation_loss'])} after epoch {found['last_epoch']}, while training "
        f"loss falls from {decimal(lowest['train_loss'])} to {decimal(last['train_loss'])}: from "
        f"there on it overfits.{accuracy(lowest, last)}{gap(last)}"
        f"{doubts(found)}"
    )


def no_rise(found: Found) -> str:
    if found["epochs"] == 1:
        return ", the only one: one epoch does not show whether it would rise."
    if found["lowest_epoch"] == found["last_epoch"]:
        seen = "" if doubtful(found) else " no overfitting is seen, and"
        return f", the last one:{seen} more epochs might lower it further."
    return (
        f" of {found['last_epoch']}; what follows is too short, too small, or not beside a falling "
        "training loss to be called overfitting."
    )


def doubtful(found: Found) -> bool:
    """Whether its figures forbid to say that all is well, though its loss does not rise."""
    return bool(found.get("far_above") or found.get("no_better_than_guessing"))


def doubts(found: Found) -> str:
    text = ""
    if found.get("far_above"):
        text += f" In epoch {found['kept_epoch']}, the one that was kept, it is {far(found)}."
    if found.get("no_better_than_guessing"):
        text += f" It {no_better(found)}."
    return text


def far(found: Found) -> str:
    kept = found["at_kept"]
    return (
        f"far better on training rows ({per_cent(kept['train_accuracy'])}) than on validation rows "
        f"({per_cent(kept['validation_accuracy'])})"
    )


def no_better(found: Found) -> str:
    right = per_cent(found["at_kept"]["validation_accuracy"])
    return (
        f"does not get better than chance: it is right on {right} of the validation rows, and "
        f"always saying the commonest class on {per_cent(found['guessing'])}"
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
    """Which networks overfit and from when, and of which no such good can be said."""
    if not networks:
        return None
    told = [rising(networks), *map(named_doubts, networks)]
    return " ".join(filter(None, told))


def named_doubts(network: tuple[str, Found]) -> str:
    name, found = network
    said = [f"is {far(found)}"] if found.get("far_above") else []
    if found.get("no_better_than_guessing"):
        said.append(no_better(found))
    return f"{name} {'; it '.join(said)}." if said else ""


def rising(networks: list[tuple[str, Found]]) -> str:
    over = [(name, found) for name, found in networks if found["rises_from"] is not None]
    if not over:
        return no_rising(networks)
    if len(networks) == 1:
        return f"{over[0][0]} overfits from epoch {over[0][1]['rises_from']} on."
    verb = "overfits" if len(over) == 1 else "overfit"
    return f"{len(over)} of {len(networks)} networks {verb}: {starts(over)}."


def no_rising(networks: list[tuple[str, Found]]) -> str:
    if all(found["epochs"] == 1 for _, found in networks):
        return "After one epoch it cannot be seen whether a network overfits."
    who = "the one network" if len(networks) == 1 else f"any of the {len(networks)} networks"
    seen = "" if any(doubtful(found) for _, found in networks) else ": no overfitting is seen"
    return f"Validation loss does not rise for good in {who}{seen}."


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
