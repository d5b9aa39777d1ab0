"""What accuracy costs, in words."""

from vestry.report.models import Model
from vestry.report.numbers import counted, duration, listed, milliseconds, points, roughly

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


def latency(model: Model) -> float | None:
    """Milliseconds of one image at the median; None where it was not measured."""
    found = (model.entry.get("cost") or {}).get("latency")
    return float(found["median_ms"]) if found else None


def size(model: Model) -> float | None:
    found: float | None = (model.entry.get("cost") or {}).get("bytes")
    return found


def quickest_and_slowest(ranked: list[Model]) -> str | None:
    """How far apart the models are in what one image takes."""
    timed = [(ms, model.name) for model in ranked if (ms := latency(model)) is not None]
    if len(timed) < 2:
        return None
    (least, quick), (most, slow) = min(timed), max(timed)
    if most < CHEAPER * least:
        return f"One image takes {milliseconds(least)} to {milliseconds(most)}."
    return (
        f"One image takes {quick} {milliseconds(least)} and {slow} {milliseconds(most)}, "
        f"{times_as_long(most / least)}."
    )


def times_as_long(times: float) -> str:
    return f"{roughly(times)} times as long" if times >= 10 else f"{times:.1f} times as long"


def front(names: list[str], measured: int) -> str | None:
    """Which models no other one beats in accuracy and latency alike."""
    rest = measured - len(names)
    if measured < 2 or not names:
        return None
    if not rest:
        return "No model is beaten by another one in accuracy and in time at once."
    stand = "stands" if len(names) == 1 else "stand"
    verb = "is" if rest == 1 else "are"
    return (
        f"{listed(names)} {stand} on the front of accuracy against time; the other "
        f"{counted(rest, 'model')} {verb} no better in the one and worse in the other than one of "
        "them."
    )


def how(ranked: list[Model]) -> str | None:
    """How the costs were measured."""
    found = [
        cost
        for model in ranked
        if (cost := model.entry.get("cost") or {}).get("latency") is not None
    ]
    if not found:
        return None
    rounds = sorted({cost["latency"]["rounds"] for cost in found})
    over = f"{rounds[0]} to {rounds[-1]}" if len(rounds) > 1 else str(rounds[0])
    few = " (with fewer than 100 rounds it is the slowest)" if rounds[0] < 100 else ""
    return (
        f"Measured on this machine with {counted(found[0]['threads'], 'thread')} in one go, after "
        f"a warm-up: the models took turns over {over} rounds, so that noise hits all alike. One "
        f"image: the median of the rounds, and the 99th percentile{few}. Images a second: in "
        "batches, the median of three turns. Size: the files that predicting needs."
    )


def committees() -> str:
    return (
        "A committee costs what its members cost together, and its rule: in each round the times "
        "of its members and of the rule are added up. A trunk that members share is one file."
    )
