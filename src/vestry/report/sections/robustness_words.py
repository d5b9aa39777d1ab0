"""Models on worse images, in words."""

from collections.abc import Mapping, Sequence

from vestry.report.formatting import (
    counted,
    listed,
    per_cent,
    per_cent_range,
    points,
    points_range,
    whole,
    with_interval,
)
from vestry.robustness.corruption import ALL, CORRUPTIONS, LEVELS
from vestry.schema.robustness import (
    AlteredPair,
    Robustness,
    RobustnessOfModel,
)

_CHANCE = 0.05
_MOST_PASSING = MOST_LISTED = 3

OUTSIDE = (
    "What comes in from outside the image is the median of its own border. What is random follows "
    "from the seed and the image, so every model saw the same altered images."
)


def title(kind: str) -> str:
    """Of a corruption, or of all together; one that this version does not know keeps its name."""
    if kind == ALL:
        return "All kinds"
    return CORRUPTIONS[kind].title if kind in CORRUPTIONS else kind.capitalize()


def remark(kind: str) -> str:
    """A few words under its plot."""
    if kind == ALL:
        return "mean at each strength"
    return CORRUPTIONS[kind].remark if kind in CORRUPTIONS else ""


def strength(kind: str, value: float) -> str:
    """ "45°", "12%", "3.5%"."""
    return CORRUPTIONS[kind].strength_words(value) if kind in CORRUPTIONS else f"{value:g}"


def how(kind: str, strengths: Sequence[float]) -> str:
    if kind in CORRUPTIONS:
        return CORRUPTIONS[kind].how_words(strengths)
    return f"{title(kind)}: strengths {listed([strength(kind, value) for value in strengths])}."


def leader(name: str, entry: RobustnessOfModel, role: str) -> str:
    """How a model does, and which kinds it handles worst and best. role: ", the leader,"."""
    areas = sorted(entry.area, key=lambda kind: entry.area[kind])
    worst, best = areas[0], areas[-1]
    text = (
        f"{name}{role} is right on {with_interval(entry.clean, *entry.clean_interval)} of "
        f"these images as they are, and on {_with_interval_of_mean(entry)} on average once they "
        "are altered."
    )
    if entry.area[worst] < entry.area[best]:
        text += (
            f" It handles {best} best ({per_cent(entry.area[best])}) and {worst} worst "
            f"({per_cent(entry.area[worst])})."
        )
    return text


def _with_interval_of_mean(entry: RobustnessOfModel) -> str:
    return f"{per_cent(entry.mean_area)} ({per_cent_range(*entry.mean_area_interval)})"


def holding_up(leader_name: str, ends: tuple[str, str], found: Robustness) -> str:
    """Who is most and least often right about altered images."""
    best, worst = ends
    if best == worst:
        return ""
    against = _against_leader(best, leader_name, found.pairs, found.rows)
    low = per_cent(found.asked[worst].mean_area)
    last = "it does worst" if worst == leader_name else f"{worst} does worst"
    if best == leader_name:
        return f"No model does better than it on altered images; {last} ({low})."
    high = per_cent(found.asked[best].mean_area)
    return f"{best} does best on altered images: {high}{against}; {last} ({low})."


def _against_leader(name: str, leader_name: str, pairs: Sequence[AlteredPair], asked: int) -> str:
    pair = next((p for p in pairs if {*p.names} == {name, leader_name}), None)
    if pair is None:
        return ""
    sign = 1 if pair.names[0] == name else -1
    gap = pair.all
    low, high = sorted(sign * end for end in gap.interval)
    size = f"{points(sign * gap.value)} points ({points_range(low, high)})"
    told = "" if gap.p_holm < _CHANCE else ", which may be chance"
    on = f" on {whole(pair.rows)} images" if pair.rows < asked else ""
    return f", {size} against {leader_name}{on}{told}"


def finding(name: str, found: Robustness) -> str:
    """How far a model falls, and who handles what better beyond chance, in one sentence."""
    entry = found.asked[name]
    said = (
        f"On worse images {name} is right on {per_cent(entry.mean_area)} on average instead of "
        f"{per_cent(entry.clean)}"
    )
    passing = _passing(name, found)
    if not passing:
        return f"{said}."
    best = max(passing, key=lambda other: len(passing[other]))
    kinds = [kind for kind in passing[best] if kind != ALL]
    if not kinds:
        return f"{said}; {best} does better over all kinds together{_others(passing)}."
    of = f"{len(kinds)} of {counted(len(found.kinds), 'kind')}"
    what = listed(kinds) if len(kinds) <= MOST_LISTED else of
    return f"{said}; {best} handles {what} better{_others(passing)}."


def _others(passing: Mapping[str, list[str]]) -> str:
    """That more than one model does better on some kind."""
    others = len(passing) - 1
    if not others:
        return ""
    return f", and so {'does' if others == 1 else 'do'} {counted(others, 'other model')} on some"


def _passing(leader_name: str, found: Robustness) -> dict[str, list[str]]:
    """Who is behind a model on clean images and ahead beyond chance, and in which kinds."""
    passing: dict[str, list[str]] = {}
    for change in found.changes:
        if change.behind == leader_name:
            passing.setdefault(change.ahead, []).append(change.kind)
    return passing


def order(leader_name: str, found: Robustness) -> str:
    """Who passes the leader beyond chance; says so where nobody does."""
    if not found.pairs:
        return ""
    passing = _passing(leader_name, found)
    if not passing:
        return (
            f"No model that is behind {leader_name} on clean images passes it beyond chance under "
            "any kind of alteration."
        )
    by_kinds = sorted(passing, key=lambda name: -len(passing[name]))
    each = [f"{name} ({_kinds_words(passing[name])})" for name in by_kinds[:_MOST_PASSING]]
    if len(passing) > _MOST_PASSING:
        each.append(counted(len(passing) - _MOST_PASSING, "other model"))
    verb = "passes" if len(passing) == 1 else "pass"
    return (
        f"Behind {leader_name} on clean images, {listed(each)} {verb} it beyond chance on altered "
        "ones."
    )


def _kinds_words(kinds: list[str]) -> str:
    """ "blur and all kinds together", "4 kinds"."""
    single = [kind for kind in kinds if kind != ALL]
    words = [counted(len(single), "kind")] if len(single) > MOST_LISTED else single
    return listed([*words, "all together"] if ALL in kinds else words)


def changes_summary(found: Robustness) -> str:
    """How many pairs change places, and how many of them were apart beyond chance before."""
    pairs = {(c.ahead, c.behind) for c in found.changes}
    firm = {(c.ahead, c.behind) for c in found.changes if c.clean_beyond_chance}
    tests = f"Holm's correction over all {whole(found.comparisons)} comparisons, level 0.05"
    if not pairs:
        return f"No two models change places beyond chance ({tests})."
    before = "none" if not firm else "all" if firm == pairs else whole(len(firm))
    return (
        f"In {counted(len(pairs), 'pair')} of {whole(len(found.pairs))} the model that is "
        f"behind on clean images is ahead on altered ones beyond chance; in {before} of them the "
        f"lead on clean images, too, was beyond chance ({tests})."
    )


def rows(found: Robustness) -> str:
    """Which images these are, and who was asked about fewer."""
    asked, there = found.rows, found.there
    if not asked:
        return ""
    which = "all" if asked == there else whole(asked)
    drawn = "" if asked == there else ", drawn by class"
    of = f"of {whole(there)} " if asked != there else f"{whole(there)} "
    text = f"On {which} {of}test images{drawn}, "
    text += f"{counted(len(found.kinds), 'kind')} of alteration in {LEVELS} strengths each."
    fewer = {n: e.rows for n, e in found.asked.items() if e.rows < asked}
    if len(fewer) > MOST_LISTED:
        text += f" {len(fewer)} models saw fewer, the first of these: at least "
        text += f"{whole(min(fewer.values()))}."
    elif fewer:
        each = listed([f"{name} {whole(count)}" for name, count in fewer.items()])
        text += f" Fewer, the first of these: {each}."
    return text


def reasons(found: Robustness) -> list[str]:
    """Why a model was asked about fewer images, or not at all."""
    return [
        f"{name}: {entry.reason}." if entry.rows else f"{name} was not looked at: {entry.reason}."
        for name, entry in found.makers.items()
        if entry.reason
    ]
