"""With and without, in words."""

from typing import Any

from vestry.report.numbers import duration, listed
from vestry.report.sentences import differences

Pair = dict[str, Any]


def sentence(pair: Pair) -> str:
    """What the change is worth, or why that cannot be said."""
    if pair["missing"]:
        names = listed(pair["missing"])
        return f"Cannot be compared: {names} came to nothing."
    found = pair["difference"]
    with_, without = pair["with"]["name"], pair["without"]["name"]
    return (
        f"With {pair['what']} {differences.two_figures(found, with_, without)}: the first is "
        f"{differences.size(found['value'])} ({differences.interval(found)}). "
        f"{differences.verdict(found)}{differences.reason(found)}{cost(pair)}"
    )


def cost(pair: Pair) -> str:
    """How fit times compare, where the slower took at least a tenth longer."""
    with_, without = pair["with"]["fit_seconds"], pair["without"]["fit_seconds"]
    if not with_ or not without or max(with_, without) < 1.1 * min(with_, without):
        return ""
    return f" It took {duration(with_)} to fit with it, {duration(without)} without."


def summary(pairs: list[Pair]) -> str | None:
    """Which changes helped, which hurt, and which cannot be told, where there are several."""
    known = [pair for pair in pairs if not pair["missing"]]
    if len(known) < 2:
        return None
    kinds: dict[str, list[str]] = {"helped": [], "hurt": [], "open": []}
    for pair in known:
        found = pair["difference"]
        up = "helped" if found["value"] > 0 else "hurt"
        kinds["open" if differences.holds_zero(found) else up].append(pair["what"])
    words = {
        "helped": "More accurate with it: {}.",
        "hurt": "Less accurate with it: {}.",
        "open": "Cannot be told: {}.",
    }
    return " ".join(words[kind].format(listed(names)) for kind, names in kinds.items() if names)
