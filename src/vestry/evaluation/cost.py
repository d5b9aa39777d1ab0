"""What each maker costs to run, beside what it is worth."""

from collections.abc import Mapping
from typing import Any

Results = dict[str, Any]


def with_costs(
    results: Results,
    costs: Mapping[str, Mapping[str, Results]],
    reason: str = "it was not measured",
) -> Results:
    """`results` with every maker's `cost`; `results` itself stays as it is.

    costs: `members` and `committees`, each a cost by name, as the measurement left them; empty
    where it came to nothing. reason: said of a maker that was not among what was measured.
    """
    return results | {
        kind: {
            name: entry | {"cost": costs.get(kind, {}).get(name) or unmeasured(reason)}
            for name, entry in results[kind].items()
        }
        for kind in ("members", "committees")
    }


def unmeasured(reason: str) -> Results:
    return {
        "bytes": None,
        "latency": None,
        "images_per_second": None,
        "threads": None,
        "reason": reason,
    }
