"""Whether a committee is worth its cost, in words."""

from typing import Any

from vestry.report.numbers import (
    counted,
    duration,
    listed,
    points,
    probability,
    whole,
)

Found = dict[str, Any]
SAME_TIME = 0.05


def result(name: str, found: Found) -> str:
    """The gain over the best member with its interval and p, and what it takes."""
    best = f"{found['best_member']}, its best member by validation"
    taken = taken_for_it(found["costs"])
    text = f"{name} {gain(found['difference']['value'])} {best} ({sureness(found)}){taken}."
    if found["verdict"] == "no gain shown":
        return f"No gain can be shown: {text}"
    if found["verdict"] == "worse":
        return f"{text} For accuracy that member alone is the better choice."
    return text


def gain(value: float) -> str:
    """ "gets 0.8 points more than"."""
    if abs(value) < 0.0005:
        return "is level with"
    amount = points(abs(value)).lstrip("+")
    noun = "point" if amount == "1.0" else "points"
    return f"gets {amount} {noun} {'more' if value > 0 else 'less'} than"


def sureness(found: Found) -> str:
    """ "+0.3 to +1.3, p = 0.002"."""
    return f"{change_range(found['difference'])}, {p_words(found['p'])}"


def change_range(difference: Found) -> str:
    low, high = difference["interval"]
    return f"{points(low)} to {points(high)}"


def p_words(p: float) -> str:
    """ "p = 0.041", "p < 0.001", kept on one line."""
    text = probability(p)
    return (f"p {text}" if text.startswith("<") else f"p = {text}").replace(" ", "\u00a0")


def taken_for_it(costs: Found) -> str:
    """What the committee takes beyond its best member; empty where nothing of it is known."""
    parts = [time(costs), size(costs), fitting(costs)]
    known = [part for part in parts if part]
    return f", for {listed(known)}" if known else ""


def time(costs: Found) -> str | None:
    """Latency where it was measured, else the test rows' time by image."""
    found = costs["latency_ms"] or costs["milliseconds_per_image"]
    if not found or found["times"] is None:
        return None
    if abs(found["times"] - 1) < SAME_TIME:
        return "the same time per image"
    return f"{found['times']:.1f} times the time per image"


def size(costs: Found) -> str | None:
    found = costs["bytes"]
    if found:
        return f"{amount_of_bytes(found['added'])} more on disk" if found["added"] > 0 else None
    found = costs["parameters"]
    return f"{whole(found['added'])} more parameters" if found and found["added"] > 0 else None


def amount_of_bytes(count: float) -> str:
    if count < 1e5:
        return f"{count / 1e3:.1f} kB"
    return f"{count / 1e6:.1f} MB"


def fitting(costs: Found) -> str | None:
    found = costs["fit_seconds"]
    return f"{duration(found['added'])} more to fit" if found and found["added"] > 0 else None


def among_all_pairs(name: str, found: Found, comparisons: Found | None) -> str | None:
    """Where the ranking, which compares every pair, cannot tell apart what this one test can."""
    if found["verdict"] == "no gain shown" or not comparisons:
        return None
    pair = {name, found["best_member"]}
    for row in comparisons["pairs"]:
        if {row["one"], row["other"]} == pair and not row["told_apart"]:
            count = counted(len(comparisons["pairs"]), "pair")
            return (
                "This is one comparison, fixed beforehand. Among all "
                f"{count} of models it is not enough to tell the two apart "
                f"(adjusted {p_words(row['p_holm'])})."
            )
    return None


def loss(found: Found) -> str:
    """Log loss beside the best member's."""
    change = found["log_loss"]["change"]
    own, member = (f"{found['log_loss'][key]:.3f}" for key in ("committee", "member"))
    if own == member:
        return f"Both have a log loss of {own}."
    return (
        f"Its log loss is {'lower' if change < 0 else 'higher'}: {own}, against {member} of "
        f"{found['best_member']}."
    )


def summary(found: dict[str, Found]) -> str | None:
    """Several committees in one sentence; found: `worth` by committee."""
    if len(found) < 2:
        return None
    words = {
        "worth": "a gain over the best member is shown for {}",
        "no gain shown": "none can be shown for {}",
        "worse": "{} is worse than its best member",
    }
    parts = [
        text.format(listed([name for name, entry in found.items() if entry["verdict"] == verdict]))
        for verdict, text in words.items()
        if any(entry["verdict"] == verdict for entry in found.values())
    ]
    return f"Of {len(found)} committees: {'; '.join(parts)}."
