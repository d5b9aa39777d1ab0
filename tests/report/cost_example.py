"""What made-up models cost: the later in the study, the more."""

from typing import Any


def made_up_costs(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Costs by name, as the measurement leaves them; a committee's are its members' sums."""
    members = {
        name: cost(0.031 * 2.1**number, int(47_000 * 2.7**number))
        for number, name in enumerate(results["members"])
    }
    committees = {}
    for name, entry in results["committees"].items():
        own = [members[member] for member in entry["members"]]
        committees[name] = cost(
            sum(each["latency"]["median_ms"] for each in own) + 0.004,
            sum(each["bytes"] for each in own),
        )
    return {"members": members, "committees": committees}


def cost(milliseconds: float, size: int, rounds: int = 200) -> dict[str, Any]:
    return {
        "bytes": size,
        "latency": {"median_ms": milliseconds, "p99_ms": 1.7 * milliseconds, "rounds": rounds},
        "images_per_second": 4000 / milliseconds,
        "threads": 1,
        "reason": None,
    }
