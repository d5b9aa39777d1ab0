"""What a committee gains and what that takes, in words."""

from vestry.report.formatting import (
    between,
    counted,
    duration,
    listed,
    per_cent,
    per_cent_range,
    points,
    points_range,
    probability,
    signed,
    whole,
)
from vestry.report.sections.score_figures import margin_words
from vestry.schema.decision import Decision
from vestry.schema.ensemble_gain import (
    Diversity,
    EnsembleCosts,
    EnsembleGain,
    GainOverMember,
)
from vestry.schema.significance import Comparisons, Difference

_SAME_TIME = 0.05


def finding(name: str, found: EnsembleGain) -> str:
    """Yes, no or not shown, in a heading: over the member that this rests on, and the factor of
    time that it takes."""
    hard = found.over(found.decisive)
    text = time(hard.costs)
    at = f", at {text}" if text else ""
    amount = _amount(hard.difference)
    if found.verdict == "yes":
        each = "both its members" if len(found.against) == 2 else "each of its members"
        return f"Yes: {name} is significantly more accurate than {each}, by {amount} or more{at}"
    if found.verdict == "not shown":
        chance = ", perhaps by chance" if between(*hard.difference.figures) else ""
        return f"Not shown: {name} {_gain(hard.difference)} {hard.name}{chance}{at}"
    if hard.same:
        return f"No: {name} gives the same answers as {hard.name}{at}"
    if hard.verdict == "worse":
        return f"No: {name} is significantly less accurate than {hard.name}{at}"
    return (
        f"No: {name} is shown to gain less than {margin_words(found.within)} over {hard.name}{at}"
    )


def _amount(found: Difference) -> str:
    """ "0.8 points", of the figures as they are printed."""
    text = points(abs(between(*found.figures))).lstrip("+")
    return f"{text} {'point' if text == '1.0' else 'points'}"


def details(name: str, found: EnsembleGain) -> str:
    """Below that heading: the figures, with what it takes beside that time."""
    hard = found.over(found.decisive)
    known = [part for part in (size(hard.costs), fitting(hard.costs)) if part]
    taken = f", for {listed(known)}" if known else ""
    if hard.same:
        return f"Both say the same class of every test image{taken}."
    return f"{name} {_gain(hard.difference)} {hard.name} ({_sureness(hard)}){taken}."


def another_name(name: str, only: str) -> str:
    """only: the one member that a committee asks."""
    return f"{name} asks {only} alone: it is that model under another name, not another choice."


def recommended_all_the_same(decision: Decision) -> str:
    """Why one that gains too little is what the study takes."""
    floor = decision.cost_floor
    ms, mb = f"{floor['latency']:g} ms", f"{floor['bytes'] / 1e6:g} MB"
    return f"Recommended all the same: savings count from {ms} or {mb} on."


def meaning(found: EnsembleGain) -> str | None:
    """What follows from it; None of a yes."""
    hard = found.over(found.decisive)
    if found.verdict == "not shown":
        rows = counted(hard.difference.count, "test image")
        return (
            f"By {rows} it cannot be told whether it is better than {hard.name} or gains less than "
            f"{margin_words(found.within)}."
        )
    if hard.verdict == "worse" and not hard.same:
        return f"For accuracy {hard.name} alone is the better choice."
    return None


def result(name: str, found: EnsembleGain) -> str:
    """All of it in one paragraph."""
    said = [f"{finding(name, found)}.", details(name, found), meaning(found)]
    return " ".join(text for text in said if text)


def _gain(found: Difference) -> str:
    """ "gets 0.8 points more than", of the figures as they are printed."""
    value = between(*found.figures)
    if not value:
        return "is level with" if not found.value else "is less than 0.1 points from"
    return f"gets {_amount(found)} {'more' if value > 0 else 'less'} than"


def _sureness(found: GainOverMember) -> str:
    """ "+0.3 to +1.3, adjusted p = 0.002"; of no gain, the test that it is under the margin."""
    if found.verdict == "no gain":
        within = f"for less than that margin adjusted {_p_words(found.p_within_holm)}"
        return f"{_change_range(found.difference)}; {within}"
    p = found.difference.p if found.difference.p_holm is None else found.difference.p_holm
    return f"{_change_range(found.difference)}, adjusted {_p_words(p)}"


def how_judged(found: EnsembleGain) -> str:
    """What the forest plot shows, and what yes and no mean."""
    margin = margin_words(found.within)
    return (
        "Test accuracy of the committee less that of each member, with 95% intervals, paired on "
        "the same images (and over seeds, where there are several). Better and worse by a paired "
        f"test, no gain by a test that it is under {margin}, at {found.level:g}, each adjusted "
        "(Holm) over the "
        f"{counted(found.family, 'comparison')} of this study\u2019s committees with their "
        "members. Yes: better than every member. No: worse than one, or no gain over it."
    )


def _change_range(difference: Difference) -> str:
    low, high = difference.interval
    return points_range(low, high)


def _p_words(p: float) -> str:
    """ "p = 0.041", "p < 0.001", kept on one line."""
    text = probability(p)
    return (f"p {text}" if text.startswith("<") else f"p = {text}").replace(" ", "\u00a0")


def time(costs: EnsembleCosts) -> str | None:
    """Latency where it was measured, else the test rows' time by image."""
    found = costs.latency_ms or costs.milliseconds_per_image
    if not found or found.times is None:
        return None
    if abs(found.times - 1) < _SAME_TIME:
        return "the same time per image"
    return f"{found.times:.1f} times the time per image"


def size(costs: EnsembleCosts) -> str | None:
    found = costs.bytes
    if found:
        return f"{_amount_of_bytes(found.added)} more on disk" if found.added > 0 else None
    found = costs.parameters
    return f"{whole(found.added)} more parameters" if found and found.added > 0 else None


def _amount_of_bytes(count: float) -> str:
    if count < 1e5:
        return f"{count / 1e3:.1f} kB"
    return f"{count / 1e6:.1f} MB"


def fitting(costs: EnsembleCosts) -> str | None:
    found = costs.fit_seconds
    return f"{duration(found.added)} more to fit" if found and found.added > 0 else None


def among_all_pairs(name: str, found: EnsembleGain, comparisons: Comparisons | None) -> str | None:
    """Where the ranking, which compares every pair, shows less than this smaller family."""
    if found.verdict != "yes" or not comparisons:
        return None
    pair = {name, found.decisive}
    for row in comparisons.pairs:
        if {row.one, row.other} == pair and not row.told_apart:
            return (
                f"Among all {counted(len(comparisons.pairs), 'pair')} of models, a larger family, "
                f"the difference to {found.decisive} is not significant (adjusted "
                f"{_p_words(row.p_holm)})."
            )
    return None


def loss(found: EnsembleGain) -> str:
    """Log loss beside the decisive member's."""
    member = found.over(found.decisive)
    change = member.log_loss.change
    if change is None:
        return f"{member.name} gave labels alone, so that it has no log loss."
    own, other = f"{member.log_loss.committee:.3f}", f"{member.log_loss.member:.3f}"
    if own == other:
        return f"Both have a log loss of {own}."
    return (
        f"Its log loss is {'lower' if change < 0 else 'higher'}: {own}, against {other} of "
        f"{member.name}."
    )


def summary(found: dict[str, EnsembleGain]) -> str | None:
    """Several committees in one sentence; found: by committee."""
    if len(found) < 2:
        return None
    words = {
        "yes": "better than each member: {}",
        "no": "no gain over some member: {}",
        "not shown": "not shown: {}",
    }
    parts = [
        text.format(listed([name for name, entry in found.items() if entry.verdict == verdict]))
        for verdict, text in words.items()
        if any(entry.verdict == verdict for entry in found.values())
    ]
    return f"Of {len(found)} committees, {'; '.join(parts)}."


# How differently a committee's members err, in words.


def oracle(name: str, accuracy: float, found: Diversity) -> str:
    """What choosing among the members' answers could reach at most."""
    some = found.oracle
    low, high = some.interval
    return (
        f"Some member is right on {per_cent(some.accuracy)} of the test images "
        f"({per_cent_range(low, high)}); {name} is right on {per_cent(accuracy)}. No choice among "
        "their answers gets more than the first."
    )


def variety(found: Diversity) -> str:
    """Means over pairs of members."""
    mean = found.mean
    several = len(found.pairs) > 1
    start = "On average over pairs of members, exactly" if several else "Exactly"
    text = (
        f"{start} one of two is right on {per_cent(mean['disagreement'])} of the images and both "
        f"are wrong on {per_cent(mean['double_fault'])}."
    )
    if mean["correlation"] is None:
        return text
    correlated = _correlation(mean["correlation"])
    return (
        f"{text} Their errors correlate by {correlated}; 0 would be independent errors. "
        "The lower, the more a committee can gain."
    )


def _correlation(value: float) -> str:
    """ "0.12", "−0.02", without a sign where it is 0.00."""
    return signed(value, 2).removeprefix("+")


def extremes(found: Diversity) -> str | None:
    """The pair that differs most and the one that differs least, where there are several."""
    pairs = sorted(found.pairs, key=lambda pair: pair.disagreement or 0.0)
    if len(pairs) < 2 or pairs[0].disagreement == pairs[-1].disagreement:
        return None
    least, most = pairs[0], pairs[-1]
    return (
        f"{listed(list(most.members))} differ most ({per_cent(most.disagreement)} of the images), "
        f"{listed(list(least.members))} least ({per_cent(least.disagreement)})."
    )


def undefined(found: Diversity) -> str | None:
    """Pairs for which a measure divides by zero."""
    count = max(found.undefined.values())
    if not count:
        return None
    return (
        f"For {counted(count, 'pair')} Q or the correlation is undefined, since one of the two is "
        "right (or wrong) on every image; the means leave them out."
    )
