"""Is a committee worth its cost: what it gains over its best member, and what it takes for it."""

from collections.abc import Mapping
from typing import Any

from vestry.evaluation.difference import by_images, sign
from vestry.evaluation.paired_tests import mcnemar
from vestry.evaluation.predictions import EvaluatedModel

Results = dict[str, Any]
_LEVEL = 0.05
_VERDICTS = {1: "worth", 0: "no gain shown", -1: "worse"}


def ensemble_gain(committee: EvaluatedModel, members: list[EvaluatedModel]) -> Results:
    """The committee against its best member by validation accuracy, on test images, first seeds.

    `verdict` is "worth" or "worse" where both the 95% interval of the difference excludes 0 and
    McNemar's p is under 0.05, else "no gain shown". The pair is fixed before any test image is
    looked at, so p is not adjusted for other comparisons.
    """
    best = max(members, key=lambda member: member.entry["scores"]["validation"]["accuracy"])
    found = by_images(committee, best)
    test = mcnemar(found["only_one"], found["only_other"])
    losses = [maker.entry["scores"]["test"]["log_loss"] for maker in (committee, best)]
    return {
        "best_member": best.name,
        "difference": found,
        "p": test.p,
        "method": test.method,
        "verdict": _VERDICTS[sign(found) if test.p < _LEVEL else 0],
        "log_loss": {"committee": losses[0], "member": losses[1], "change": losses[0] - losses[1]},
        "costs": _costs(committee.entry, best.entry),
    }


def _costs(committee: Results, member: Results) -> Results:
    """What both take, each null unless it is known of both.

    latency_ms: the median for one image, and bytes on disk, as the run's cost task measured them;
    milliseconds_per_image: of predicting the test rows in one go.
    """
    taken = [_amounts(entry) for entry in (committee, member)]
    return {key: _beside(taken[0][key], taken[1][key]) for key in taken[0]}


def _amounts(entry: Results) -> dict[str, float | None]:
    cost = entry.get("cost") or {}
    return {
        "latency_ms": (cost.get("latency") or {}).get("median_ms"),
        "milliseconds_per_image": entry.get("milliseconds_per_image"),
        "bytes": cost.get("bytes"),
        "fit_seconds": entry.get("fit_seconds"),
        "parameters": entry.get("parameters"),
    }


def _beside(committee: float | None, member: float | None) -> Results | None:
    if committee is None or member is None:
        return None
    return {
        "committee": committee,
        "member": member,
        "added": committee - member,
        "times": committee / member if member else None,
    }


# What each maker costs to run, beside what it is worth.


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
            name: entry | {"cost": costs.get(kind, {}).get(name) or _unmeasured(reason)}
            for name, entry in results[kind].items()
        }
        for kind in ("members", "committees")
    }


def _unmeasured(reason: str) -> Results:
    return {
        "bytes": None,
        "latency": None,
        "images_per_second": None,
        "threads": None,
        "reason": reason,
    }
