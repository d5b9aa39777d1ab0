"""What a committee gains and what that takes, in words."""

from vestry.committees.rule import RULES
from vestry.report.formatting import (
    counted,
    duration,
    listed,
    per_cent,
    per_cent_range,
    points,
    probability,
    whole,
)
from vestry.report.sections.differences import between
from vestry.schema.ensemble_gain import (
    Diversity,
    EnsembleCosts,
    EnsembleGain,
    LeaveOneOut,
    WithoutMember,
)
from vestry.schema.models import Committee
from vestry.schema.significance import Comparisons, Difference

_SAME_TIME = 0.05


def result(name: str, found: EnsembleGain) -> str:
    """The gain over the best member with its interval and p, and what it takes."""
    best = f"{found.best_member}, its best member by validation"
    taken = _taken_for_it(found.costs)
    text = f"{name} {_gain(found.difference)} {best} ({_sureness(found)}){taken}."
    if found.verdict == "worse":
        return f"{text} It is shown to be worse than one of its members."
    if found.verdict == "worth":
        return f"{text} It is shown to be better than each of its members."
    others = listed(found.not_ahead_of)
    return f"No gain over {others} can be shown: {text}"


def _gain(found: Difference) -> str:
    """ "gets 0.8 points more than", of the figures as they are printed."""
    value = between(*found.figures)
    if not value:
        return "is level with" if not found.value else "is less than 0.1 points from"
    amount = points(abs(value)).lstrip("+")
    noun = "point" if amount == "1.0" else "points"
    return f"gets {amount} {noun} {'more' if value > 0 else 'less'} than"


def _sureness(found: EnsembleGain) -> str:
    """ "+0.3 to +1.3, adjusted p = 0.002"."""
    p = found.difference.p_holm
    return f"{_change_range(found.difference)}, adjusted {_p_words(found.p if p is None else p)}"


def _change_range(difference: Difference) -> str:
    low, high = difference.interval
    return f"{points(low)} to {points(high)}"


def _p_words(p: float) -> str:
    """ "p = 0.041", "p < 0.001", kept on one line."""
    text = probability(p)
    return (f"p {text}" if text.startswith("<") else f"p = {text}").replace(" ", "\u00a0")


def _taken_for_it(costs: EnsembleCosts) -> str:
    """What the committee takes beyond its best member; empty where nothing of it is known."""
    parts = [_time(costs), _size(costs), _fitting(costs)]
    known = [part for part in parts if part]
    return f", for {listed(known)}" if known else ""


def _time(costs: EnsembleCosts) -> str | None:
    """Latency where it was measured, else the test rows' time by image."""
    found = costs.latency_ms or costs.milliseconds_per_image
    if not found or found.times is None:
        return None
    if abs(found.times - 1) < _SAME_TIME:
        return "the same time per image"
    return f"{found.times:.1f} times the time per image"


def _size(costs: EnsembleCosts) -> str | None:
    found = costs.bytes
    if found:
        return f"{amount_of_bytes(found.added)} more on disk" if found.added > 0 else None
    found = costs.parameters
    return f"{whole(found.added)} more parameters" if found and found.added > 0 else None


def amount_of_bytes(count: float) -> str:
    if count < 1e5:
        return f"{count / 1e3:.1f} kB"
    return f"{count / 1e6:.1f} MB"


def _fitting(costs: EnsembleCosts) -> str | None:
    found = costs.fit_seconds
    return f"{duration(found.added)} more to fit" if found and found.added > 0 else None


def among_all_pairs(name: str, found: EnsembleGain, comparisons: Comparisons | None) -> str | None:
    """Where the ranking, which compares every pair, shows less than the committee's own tests."""
    if found.verdict == "no gain shown" or not comparisons:
        return None
    pair = {name, found.best_member}
    for row in comparisons.pairs:
        if {row.one, row.other} == pair and not row.told_apart:
            count = counted(len(comparisons.pairs), "pair")
            return (
                "These are comparisons that were fixed beforehand, committees against their "
                f"members. Among all {count} of models there is no significant difference between "
                f"the two (adjusted {_p_words(row.p_holm)})."
            )
    return None


def loss(found: EnsembleGain) -> str:
    """Log loss beside the best member's."""
    change = found.log_loss.change
    if change is None:
        return f"{found.best_member} gave labels alone, so that it has no log loss."
    own, member = f"{found.log_loss.committee:.3f}", f"{found.log_loss.member:.3f}"
    if own == member:
        return f"Both have a log loss of {own}."
    return (
        f"Its log loss is {'lower' if change < 0 else 'higher'}: {own}, against {member} of "
        f"{found.best_member}."
    )


def summary(found: dict[str, EnsembleGain]) -> str | None:
    """Several committees in one sentence; found: by committee."""
    if len(found) < 2:
        return None
    words = {
        "worth": "a gain over every member is shown for {}",
        "no gain shown": "none can be shown for {}",
        "worse": "{} is worse than one of its members",
    }
    parts = [
        text.format(listed([name for name, entry in found.items() if entry.verdict == verdict]))
        for verdict, text in words.items()
        if any(entry.verdict == verdict for entry in found.values())
    ]
    return f"Of {len(found)} committees: {'; '.join(parts)}."


# A committee made again without each of its members, in words.


def left_out(name: str, found: LeaveOneOut) -> list[str]:
    """Whom the committee could do without, whom not, and without whom it is better."""
    better, unshown, worse = (
        [row for row in found.members if row.verdict == verdict]
        for verdict in ("better", "no loss shown", "worse")
    )
    said = [_better(name, better), _no_loss(name, unshown), _needed(name, worse)]
    return [text for text in said if text]


def _better(name: str, rows: list[WithoutMember]) -> str | None:
    if not rows:
        return None
    return f"{name} is better without {_changes(rows)}."


def _no_loss(name: str, rows: list[WithoutMember]) -> str | None:
    """Precisely what is not shown, by tests adjusted together, and how far a loss may reach."""
    if not rows:
        return None
    lowest = min(row.difference.interval[0] for row in rows)
    names = _either([row.name for row in rows])
    if len(rows) == 1:
        reach = f"the change is {_change_range(rows[0].difference)} points (95% interval)"
    else:
        reach = f"the lowest 95% interval of the change reaches {points(lowest)} points"
    return f"Where {name} is made without {names}, no loss of accuracy can be shown: {reach}."


def _needed(name: str, rows: list[WithoutMember]) -> str | None:
    return f"{name} is worse without {_changes(rows)}." if rows else None


def _changes(rows: list[WithoutMember]) -> str:
    """ "A (−0.7 points, −0.9 to −0.4) or B (...)"."""
    return _either(
        [
            f"{row.name} ({points(row.difference.value)} points, {_change_range(row.difference)})"
            for row in rows
        ]
    )


def _either(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"


def how_left_out(entry: Committee) -> list[str]:
    """How the committee was made again, where that is not plain."""
    found = entry.leave_one_out
    said = ["Members were left out one at a time; without two at once it was not tried."]
    if len(found.members) == 2:
        said = ["One of two left out leaves the other alone, without any rule."]
    if not found.learnt_from:
        return said
    rule = RULES.get(entry.rule)
    said += [rule.refit_words] if rule and rule.refit_words else []
    rows, of = found.learnt_from.rows, found.learnt_from.of
    whole_accuracy = found.whole.accuracy if found.whole else None
    if rows < of:
        said.append(
            f"To keep this short it learnt from {whole(rows)} of {whole(of)} rows, a stratified "
            "part; the whole committee was made in the same way for this comparison, so its "
            f"accuracy here, {per_cent(whole_accuracy)}, may differ from above."
        )
    return said


def not_left_out(found: LeaveOneOut) -> str:
    return f"Members were not left out one by one: {found.reason}."


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
    return (
        f"{text} Their errors correlate by {mean['correlation']:.2f}; 0 would be independent "
        "errors, from which a committee gains most."
    )


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
