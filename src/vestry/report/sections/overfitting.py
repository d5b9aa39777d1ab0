"""Where overfitting begins, and what else training and validation figures say, in words."""

from vestry.report.formatting import decimal, listed, per_cent, points
from vestry.schema.analysis import EpochFigures, Overfitting

_NETWORKS_NAMED = 4


def network(name: str, found: Overfitting) -> str:
    """What one network's losses say."""
    lowest, last = found.at_lowest, found.at_last
    start = (
        f"{name}: validation loss is lowest after epoch {found.lowest_epoch} "
        f"({decimal(lowest.validation_loss)})"
    )
    if found.rises_from is None:
        return f"{start}{_no_rise(found)}{_gap(last)}{_warnings(found)}"
    return (
        f"{start} and rises for good from epoch {found.rises_from}, to "
        f"{decimal(last.validation_loss)} after epoch {found.last_epoch}, while training "
        f"loss falls from {decimal(lowest.train_loss)} to {decimal(last.train_loss)}: from "
        f"there on it overfits.{_accuracy(lowest, last)}{_gap(last)}"
        f"{_warnings(found)}"
    )


def _no_rise(found: Overfitting) -> str:
    if found.epochs == 1:
        return ", the only one: one epoch does not show whether it would rise."
    if found.lowest_epoch == found.last_epoch:
        seen = "" if _doubtful(found) else " no overfitting is seen, and"
        return f", the last one:{seen} more epochs might lower it further."
    return (
        f" of {found.last_epoch}; what follows is too short, too small, or not beside a falling "
        "training loss to be called overfitting."
    )


def _doubtful(found: Overfitting) -> bool:
    """Whether its figures forbid to say that all is well, though its loss does not rise."""
    return found.far_above or found.no_better_than_guessing


def _warnings(found: Overfitting) -> str:
    text = ""
    if found.far_above:
        text += f" In epoch {found.kept_epoch}, the one that was kept, it is {_far(found)}."
    if found.no_better_than_guessing:
        text += f" It {_no_better(found)}."
    return text


def _far(found: Overfitting) -> str:
    kept = found.at_kept
    return (
        f"far better on training rows ({per_cent(kept.train_accuracy)}) than on validation rows "
        f"({per_cent(kept.validation_accuracy)})"
    )


def _no_better(found: Overfitting) -> str:
    right = per_cent(found.at_kept.validation_accuracy)
    return (
        f"does not get better than chance: it is right on {right} of the validation rows, and "
        f"always saying the commonest class on {per_cent(found.guessing)}"
    )


def _accuracy(lowest: EpochFigures, last: EpochFigures) -> str:
    """Loss and accuracy need not agree: said where both are known."""
    before, after = lowest.validation_accuracy, last.validation_accuracy
    if before is None or after is None:
        return ""
    return f" Validation accuracy moves from {per_cent(before)} to {per_cent(after)} meanwhile."


def _gap(last: EpochFigures) -> str:
    if last.accuracy_gap is None:
        return ""
    ahead = last.accuracy_gap
    if abs(ahead) < 0.0005:
        return " In the last epoch training and validation accuracy are level."
    return (
        f" In the last epoch training accuracy is {points(abs(ahead)).lstrip('+')} points "
        f"{'above' if ahead > 0 else 'below'} validation accuracy."
    )


def heading(networks: list[tuple[str, Overfitting]]) -> str:
    """Which networks overfit and from when, without a full stop."""
    return _rising(networks).removesuffix(".")


def summary(networks: list[tuple[str, Overfitting]]) -> str | None:
    """Which networks overfit and from when, and of which no such good can be said."""
    if not networks:
        return None
    told = [_rising(networks), *map(_named_warnings, networks)]
    return " ".join(filter(None, told))


def _named_warnings(network: tuple[str, Overfitting]) -> str:
    name, found = network
    said = [f"is {_far(found)}"] if found.far_above else []
    if found.no_better_than_guessing:
        said.append(_no_better(found))
    return f"{name} {'; it '.join(said)}." if said else ""


def _rising(networks: list[tuple[str, Overfitting]]) -> str:
    over = [(name, found) for name, found in networks if found.rises_from is not None]
    if not over:
        return _no_rising(networks)
    if len(networks) == 1:
        return f"{over[0][0]} overfits from epoch {over[0][1].rises_from} on."
    verb = "overfits" if len(over) == 1 else "overfit"
    if len({found.rises_from for _, found in over}) == 1 < len(over) == len(networks):
        first = over[0][1].rises_from
        return f"{len(over)} of {len(networks)} networks overfit: all from epoch {first}."
    return f"{len(over)} of {len(networks)} networks {verb}: {_starts(over)}."


def _no_rising(networks: list[tuple[str, Overfitting]]) -> str:
    if all(found.epochs == 1 for _, found in networks):
        return "After one epoch it cannot be seen whether a network overfits."
    who = "the one network" if len(networks) == 1 else f"any of the {len(networks)} networks"
    seen = "" if any(_doubtful(found) for _, found in networks) else ": no overfitting is seen"
    return f"Validation loss does not rise for good in {who}{seen}."


def _starts(over: list[tuple[str, Overfitting]]) -> str:
    """Each network's epoch, or the range where they are too many for a sentence."""
    epochs = [found.rises_from or 0 for _, found in over]
    if len(over) <= _NETWORKS_NAMED:
        return listed(
            [f"{name} from epoch {epoch}" for (name, _), epoch in zip(over, epochs, strict=True)]
        )
    if min(epochs) == max(epochs):
        return f"all from epoch {epochs[0]}"
    return f"the first from epoch {min(epochs)}, the last from epoch {max(epochs)}"
