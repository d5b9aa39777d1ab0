"""The analysis section's data: strengths, weaknesses and overfitting of every model."""

from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import counted, decimal, listed, per_cent, points, whole
from vestry.report.models import Model, Results, models_by_rank, models_in_study_order
from vestry.report.plot.bars import Group, bar_groups
from vestry.report.section import Section

# Strong and weak classes in words: of one model, and over all of them.


Rows = list[dict[str, Any]]


def classes(rows: Rows, names: list[str]) -> str:
    """ "Trouser 97.9%, Bag 97.1%"; empty where there are none."""
    return ", ".join(f"{names[row['class']]} {per_cent(row['f1'])}" for row in rows)


def _pair_words(found: dict[str, Any], names: list[str]) -> str:
    """ "Shirt and Coat 181: 98 Shirts said to be Coat, 83 the other way"."""
    one, other = (names[label] for label in found["classes"])
    return f"{one} and {other}: {whole(found['count'])}"


def _both_ways(found: dict[str, Any], names: list[str]) -> str:
    one, other = (names[label] for label in found["classes"])
    return f"{whole(found['i_as_j'])} {one} as {other}, {whole(found['j_as_i'])} {other} as {one}"


def strengths_words(name: str, analysis: dict[str, Any], names: list[str]) -> str:
    """One model's strong and weak classes and its most confused pair."""
    high, low, confused = analysis["high"], analysis["low"], analysis["confused"]
    parts = []
    if high and low:
        parts.append(
            f"{name} is best at {names[high[0]['class']]} (F1 {per_cent(high[0]['f1'])}) and worst "
            f"at {names[low[0]['class']]} ({per_cent(low[0]['f1'])})."
        )
    elif not confused:
        return f"{name} confuses no classes."
    if confused:
        first = confused[0]
        one, other = (names[label] for label in first["classes"])
        parts.append(
            f"{'It' if parts else name} confuses {one} and {other} most: "
            f"{counted(first['count'], 'image')}, of which {_both_ways(first, names)}."
        )
    return " ".join(parts)


def _hardest_class(found: dict[str, Any], names: list[str]) -> str | None:
    """The class with the lowest mean F1 over all members, and what it is taken for."""
    rows = [row for row in found["classes"] if row["support"] and row["wrong"]]
    if not rows:
        return None
    worst = min(rows, key=lambda row: row["mean_f1"])
    text = f"{names[worst['class']]} is the hardest class: {_mean_words(found, worst)}"
    taken = [f"{names[row['class']]} ({whole(row['count'])})" for row in worst["taken_for"]]
    return f"{text}, most often taken for {listed(taken)}." if taken else f"{text}."


def _mean_words(found: dict[str, Any], row: dict[str, Any]) -> str:
    if found["members"] == 1:
        return f"F1 {per_cent(row['mean_f1'])}"
    return f"F1 {per_cent(row['mean_f1'])} as the mean of {found['members']} members"


def _wrong_for_all(found: dict[str, Any]) -> str | None:
    """Images that no member gets right: no choice among these members repairs them."""
    if found["members"] < 2 or not found["some_wrong"]:
        return None
    rows, some, every = found["rows"], found["some_wrong"], found["all_wrong"]
    verb = "is" if every == 1 else "are"
    start = (
        f"Of {counted(rows, 'test image')}, {whole(some)} {'is' if some == 1 else 'are'} wrong for "
        "at least one member and "
    )
    if not every:
        return f"{start}none for all: for every image there is a member that gets it right."
    return (
        f"{start}{whole(every)} ({per_cent(every / rows)}) for all {found['members']}; no choice "
        f"among these members gets {'that one' if verb == 'is' else 'those'} right."
    )


# Where overfitting begins, and what else training and validation figures say, in words.


Found = dict[str, Any]
_NETWORKS_NAMED = 4


def network(name: str, found: Found) -> str:
    """What one network's losses say."""
    lowest, last = found["at_lowest"], found["at_last"]
    start = (
        f"{name}: validation loss is lowest after epoch {found['lowest_epoch']} "
        f"({decimal(lowest['validation_loss'])})"
    )
    if found["rises_from"] is None:
        return f"{start}{_no_rise(found)}{_gap(last)}{_doubts(found)}"
    return (
        f"{start} and rises for good from epoch {found['rises_from']}, to "
        f"{decimal(last['validation_loss'])} after epoch {found['last_epoch']}, while training "
        f"loss falls from {decimal(lowest['train_loss'])} to {decimal(last['train_loss'])}: from "
        f"there on it overfits.{_accuracy(lowest, last)}{_gap(last)}"
        f"{_doubts(found)}"
    )


def _no_rise(found: Found) -> str:
    if found["epochs"] == 1:
        return ", the only one: one epoch does not show whether it would rise."
    if found["lowest_epoch"] == found["last_epoch"]:
        seen = "" if _doubtful(found) else " no overfitting is seen, and"
        return f", the last one:{seen} more epochs might lower it further."
    return (
        f" of {found['last_epoch']}; what follows is too short, too small, or not beside a falling "
        "training loss to be called overfitting."
    )


def _doubtful(found: Found) -> bool:
    """Whether its figures forbid to say that all is well, though its loss does not rise."""
    return bool(found.get("far_above") or found.get("no_better_than_guessing"))


def _doubts(found: Found) -> str:
    text = ""
    if found.get("far_above"):
        text += f" In epoch {found['kept_epoch']}, the one that was kept, it is {_far(found)}."
    if found.get("no_better_than_guessing"):
        text += f" It {_no_better(found)}."
    return text


def _far(found: Found) -> str:
    kept = found["at_kept"]
    return (
        f"far better on training rows ({per_cent(kept['train_accuracy'])}) than on validation rows "
        f"({per_cent(kept['validation_accuracy'])})"
    )


def _no_better(found: Found) -> str:
    right = per_cent(found["at_kept"]["validation_accuracy"])
    return (
        f"does not get better than chance: it is right on {right} of the validation rows, and "
        f"always saying the commonest class on {per_cent(found['guessing'])}"
    )


def _accuracy(lowest: Found, last: Found) -> str:
    """Loss and accuracy need not agree: said where both are known."""
    before, after = lowest["validation_accuracy"], last["validation_accuracy"]
    if before is None or after is None:
        return ""
    return f" Validation accuracy moves from {per_cent(before)} to {per_cent(after)} meanwhile."


def _gap(last: Found) -> str:
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
    told = [_rising(networks), *map(_named_doubts, networks)]
    return " ".join(filter(None, told))


def _named_doubts(network: tuple[str, Found]) -> str:
    name, found = network
    said = [f"is {_far(found)}"] if found.get("far_above") else []
    if found.get("no_better_than_guessing"):
        said.append(_no_better(found))
    return f"{name} {'; it '.join(said)}." if said else ""


def _rising(networks: list[tuple[str, Found]]) -> str:
    over = [(name, found) for name, found in networks if found["rises_from"] is not None]
    if not over:
        return _no_rising(networks)
    if len(networks) == 1:
        return f"{over[0][0]} overfits from epoch {over[0][1]['rises_from']} on."
    verb = "overfits" if len(over) == 1 else "overfit"
    return f"{len(over)} of {len(networks)} networks {verb}: {_starts(over)}."


def _no_rising(networks: list[tuple[str, Found]]) -> str:
    if all(found["epochs"] == 1 for _, found in networks):
        return "After one epoch it cannot be seen whether a network overfits."
    who = "the one network" if len(networks) == 1 else f"any of the {len(networks)} networks"
    seen = "" if any(_doubtful(found) for _, found in networks) else ": no overfitting is seen"
    return f"Validation loss does not rise for good in {who}{seen}."


def _starts(over: list[tuple[str, Found]]) -> str:
    """Each network's epoch, or the range where they are too many for a sentence."""
    epochs = [found["rises_from"] for _, found in over]
    if len(over) <= _NETWORKS_NAMED:
        return listed(
            [f"{name} from epoch {epoch}" for (name, _), epoch in zip(over, epochs, strict=True)]
        )
    if min(epochs) == max(epochs):
        return f"all from epoch {epochs[0]}"
    return f"the first from epoch {min(epochs)}, the last from epoch {max(epochs)}"


@dataclass(frozen=True)
class Strength:
    """One model's row: classes of high and of low F1 in words, confused pairs with both ways."""

    model: Model
    high: str
    low: str
    confused: list[tuple[str, str]]
    more_pairs: int
    sentence: str


@dataclass(frozen=True)
class HardClass:
    """What all members together make of one class."""

    name: str
    facts: dict[str, Any]
    taken_for: str


@dataclass(frozen=True)
class Overfitting:
    name: str
    facts: dict[str, Any]
    sentence: str


@dataclass(frozen=True)
class Analysis:
    lead: list[str]
    groups: list[Group]
    strengths: list[Strength]
    hard_classes: list[HardClass]
    members: int
    overfitting: list[Overfitting]


def analysis_data(results: Results) -> Analysis | None:
    """None for the results of an older version, which have no analysis, and for a run without any
    model."""
    ranked = [model for model in models_by_rank(results) if model.entry.get("analysis")]
    if not ranked:
        return None
    names = results["data"]["classes"]
    found = results.get("misclassified") or {"members": 0, "classes": []}
    networks = _overfit_networks(results)
    said = [
        _hardest_class(found, names),
        _wrong_for_all(found) if found["members"] else None,
        summary(networks),
    ]
    return Analysis(
        lead=[text for text in said if text],
        groups=bar_groups(ranked),
        strengths=[_strength(model, names) for model in ranked],
        hard_classes=_hard_classes(found, names),
        members=found["members"],
        overfitting=[Overfitting(name, facts, network(name, facts)) for name, facts in networks],
    )


def _overfit_networks(results: Results) -> list[tuple[str, dict[str, Any]]]:
    """Networks with both losses, by name, in study order."""
    found = [
        (model.name, (model.entry.get("analysis") or {}).get("overfitting"))
        for model in models_in_study_order(results)
    ]
    return [(name, facts) for name, facts in found if facts]


def _strength(model: Model, names: list[str]) -> Strength:
    analysis = model.entry["analysis"]
    confused = analysis["confused"]
    return Strength(
        model=model,
        high=classes(analysis["high"], names),
        low=classes(analysis["low"], names),
        confused=[(_pair_words(pair, names), _both_ways(pair, names)) for pair in confused],
        more_pairs=analysis["confused_pairs"] - len(confused),
        sentence=strengths_words(model.name, analysis, names),
    )


def _hard_classes(found: dict[str, Any], names: list[str]) -> list[HardClass]:
    """Classes with test images, the hardest first."""
    rows = sorted(
        (row for row in found["classes"] if row["support"]), key=lambda row: row["mean_f1"]
    )
    return [
        HardClass(
            names[row["class"]],
            row,
            ", ".join(f"{names[taken['class']]} {taken['count']}" for taken in row["taken_for"]),
        )
        for row in rows
    ]


SECTION = Section(
    key="analysis",
    data=analysis_data,
    template="performance.html.j2",
    style="performance.css.j2",
    title="Strengths",
    anchor="analysis",
)
