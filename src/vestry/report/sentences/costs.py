"""What accuracy costs, in words."""

from vestry.report.models import Model
from vestry.report.numbers import duration, points

NEAR = 0.02
CHEAPER = 2.0


def cheaper(ranked: list[Model]) -> str | None:
    """The quickest fit near the leader by validation, where it takes half the time or less."""
    if not ranked or not ranked[0].entry["fit_seconds"]:
        return None
    leader = ranked[0]
    limit = validation(leader) - NEAR
    near = [m for m in ranked[1:] if m.entry["fit_seconds"] and validation(m) >= limit]
    if not near:
        return None
    quickest = min(near, key=lambda model: float(model.entry["fit_seconds"]))
    times = leader.entry["fit_seconds"] / quickest.entry["fit_seconds"]
    if times < CHEAPER:
        return None
    behind = points(validation(leader) - validation(quickest)).lstrip("+")
    return (
        f"{leader.name}, ahead by validation, took {duration(leader.entry['fit_seconds'])} to fit; "
        f"{quickest.name}, {behind} points behind it there, took "
        f"{duration(quickest.entry['fit_seconds'])}."
    )


def validation(model: Model) -> float:
    spread = model.over_seeds("validation", "accuracy")
    return float(spread["mean"]) if spread else model.accuracy("validation")
