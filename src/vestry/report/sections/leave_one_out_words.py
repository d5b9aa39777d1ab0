"""A committee made again without each of its members, in words."""

from vestry.committees.rule import RULES
from vestry.report.formatting import per_cent, points, points_range, whole
from vestry.schema.ensemble_gain import LeaveOneOut, WithoutMember
from vestry.schema.models import Committee
from vestry.schema.significance import Difference


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


def _change_range(difference: Difference) -> str:
    low, high = difference.interval
    return points_range(low, high)
