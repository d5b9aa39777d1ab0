"""Shared ranks in words: who is first, alone or with whom, and who comes next."""

from typing import Any

from vestry.report.models import Model, Results
from vestry.report.numbers import counted, listed, per_cent, points, probability, with_interval

MOST_NAMES = 4
Pair = dict[str, Any]


def lead(results: Results, ranked: list[Model]) -> list[str]:
    """The answer where at least two models were compared by paired tests."""
    groups, models = results["tie_groups"], {model.name: model for model in ranked}
    said = [
        alone(results, models, groups[0])
        if len(groups[0]["makers"]) == 1
        else shared(results, models, groups[0]),
        against_the_order(models, groups[0]),
        after(results, models, groups[1]) if len(groups) > 1 else None,
    ]
    return [text for text in said if text]


def alone(results: Results, models: dict[str, Model], group: dict[str, Any]) -> str:
    leader = models[group["leader"]]
    others = len(models) - 1
    every = "the other model" if others == 1 else f"each of the other {others} models"
    return (
        f"{leader.name} is first: it has {highest(results)} on the {validation_rows(results)}, "
        f"{validation_figure(leader)}, and on the {test_rows(results)} a paired test tells it "
        f"apart from {every}. On the test images, which had no say in the order, it is right on "
        f"{test_figure(leader)}{first_seed(leader)}."
    )


def shared(results: Results, models: dict[str, Model], group: dict[str, Any]) -> str:
    leader = models[group["leader"]]
    others = [models[name] for name in group["makers"][1:]]
    whole = len(others) + 1 == len(models)
    who = names([leader, *others])
    start = f"All {len(models)} models share" if whole and len(models) > 2 else f"{who} share"
    them = f"{others[0].name}" if len(others) == 1 else f"the other {len(others)} of them"
    return (
        f"{start} the first rank: on the {test_rows(results)} paired tests cannot tell {them} "
        f"apart from {leader.name}, which has {highest(results)} on the "
        f"{validation_rows(results)}, {validation_figure(leader)}. On the test images "
        f"{leader.name} is right on {test_figure(leader)}, {figures_of(others)}"
        f"{first_seeds([leader, *others])}."
    )


def highest(results: Results) -> str:
    """The first's accuracy on validation rows, and who is level with it there."""
    first, *others = results["ranking"]
    level = [
        row["name"] for row in others if row["validation_accuracy"] == first["validation_accuracy"]
    ]
    if not level:
        return "the highest accuracy"
    return f"the highest accuracy (level with {listed(level)}, with the lower log loss)"


def figures_of(others: list[Model]) -> str:
    """Each one's figure, or from where to where those of many reach."""
    if len(others) < MOST_NAMES - 1:
        return listed([f"{model.name} on {test_figure(model)}" for model in others])
    shares = [model.accuracy("test") for model in others]
    return f"the other {len(others)} on {per_cent(min(shares))} to {per_cent(max(shares))}"


def against_the_order(models: dict[str, Model], group: dict[str, Any]) -> str | None:
    """Models that the test images put above the leader, by chance or by more."""
    leader = models[group["leader"]]
    surely = [models[name] for name in group["better_on_test"]]
    perhaps = [
        models[name]
        for name in group["makers"][1:]
        if models[name].accuracy("test") > leader.accuracy("test")
    ]
    if not surely and not perhaps:
        return None
    said = []
    if surely:
        above = f"{figures(surely)} {verb(surely)} above {leader.name}"
        said.append(f"{above} by more than chance would explain")
    if perhaps:
        said.append(f"{figures(perhaps)} {verb(perhaps)} above {leader.name}, which may be chance")
    return (
        f"On the test images alone {'; '.join(said)}. The order stays with validation: whoever "
        "picks by test figures reports the luck of the pick as well."
    )


def after(results: Results, models: dict[str, Model], group: dict[str, Any]) -> str:
    """Who comes next, and by how much it is told apart from the first."""
    first, leader = models[results["tie_groups"][0]["leader"]], models[group["leader"]]
    others = [models[name] for name in group["makers"][1:]]
    pair = pair_of(results, first, leader)
    value = pair["difference"] if pair["one"] == first.name else -pair["difference"]
    size = points(abs(value)).lstrip("+")
    start = (
        f"{names([leader, *others])} share rank {group['rank']}; {leader.name}"
        if others
        else f"{leader.name} has rank {group['rank']} and"
    )
    return (
        f"{start} is right on {test_figure(leader)} of the test images{first_seed(leader)}, "
        f"{size} points {'below' if value > 0 else 'above'} {first.name} "
        f"(adjusted p {probability(pair['p_holm'])})."
    )


def rank_remark(results: Results) -> str | None:
    """What a shared rank is; None where there is none."""
    found, groups = results.get("comparisons"), results.get("tie_groups") or []
    if not found or all(len(group["makers"]) == 1 for group in groups):
        return None
    return (
        "\u201c=\u201d marks a shared rank: a paired test on the same "
        f"{counted(found['rows'], 'test image')} cannot tell these models apart from the first of "
        f"them ({counted(found['family'], 'pair')}, Holm\u2019s adjustment, level "
        f"{found['level']:g})."
    )


def pair_of(results: Results, one: Model, other: Model) -> Pair:
    wanted = {one.name, other.name}
    found: Pair = next(
        pair for pair in results["comparisons"]["pairs"] if {pair["one"], pair["other"]} == wanted
    )
    return found


def names(models: list[Model]) -> str:
    """Some names, and how many more there are."""
    if len(models) <= MOST_NAMES:
        return listed([model.name for model in models])
    few = [model.name for model in models[: MOST_NAMES - 1]]
    return listed([*few, f"{len(models) - len(few)} more"])


def figures(models: list[Model]) -> str:
    return listed([f"{model.name} ({per_cent(model.accuracy('test'))})" for model in models])


def verb(models: list[Model]) -> str:
    return "stands" if len(models) == 1 else "stand"


def validation_rows(results: Results) -> str:
    return counted(results["data"]["splits"]["validation"]["rows"], "validation image")


def test_rows(results: Results) -> str:
    return counted(results["data"]["splits"]["test"]["rows"], "test image")


def validation_figure(model: Model) -> str:
    spread = model.over_seeds("validation", "accuracy")
    if spread:
        return f"{per_cent(spread['mean'])} (mean of {counted(len(spread['values']), 'seed')})"
    return per_cent(model.accuracy("validation"))


def test_figure(model: Model) -> str:
    return with_interval(model.accuracy("test"), *model.interval("test"))


def first_seed(model: Model) -> str:
    """The test table is the first seed's; said only where there are others."""
    return " with its first seed" if model.over_seeds("test", "accuracy") else ""


def first_seeds(models: list[Model]) -> str:
    return " (first seeds)" if any(model.over_seeds("test", "accuracy") for model in models) else ""
