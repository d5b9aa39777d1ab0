"""A committee made again without each of its members, in words."""

from typing import Any

from vestry.report.numbers import per_cent, points, whole
from vestry.report.sentences.worth import change_range

Found = dict[str, Any]


def left_out(name: str, found: Found) -> list[str]:
    """Whom the committee could do without, whom not, and without whom it is better."""
    rows = found["members"]
    better_, open_, worse_ = (
        [row for row in rows if row["verdict"] == verdict]
        for verdict in ("better", "no loss shown", "worse")
    )
    said = [better(name, better_), no_loss(name, open_), needed(name, worse_)]
    return [text for text in said if text]


def better(name: str, rows: list[Found]) -> str | None:
    if not rows:
        return None
    each = ", each on its own" if len(rows) > 1 else ""
    return f"{name} is better without {changes(rows)}{each}."


def no_loss(name: str, rows: list[Found]) -> str | None:
    """Precisely what is not shown: the interval still reaches below 0."""
    if not rows:
        return None
    lowest = min(row["difference"]["interval"][0] for row in rows)
    names = either([row["name"] for row in rows])
    lies = "holds 0 or lies above it" if any(is_above(row) for row in rows) else "holds 0"
    if len(rows) == 1:
        reach = f"the interval of the change {lies} ({change_range(rows[0]['difference'])} points)"
    else:
        reach = f"each interval of the change {lies}; the lowest reaches {points(lowest)} points"
    return f"Where {name} is made without {names}, no loss of accuracy can be shown: {reach}."


def is_above(row: Found) -> bool:
    return bool(row["difference"]["interval"][0] > 0)


def needed(name: str, rows: list[Found]) -> str | None:
    return f"{name} is worse without {changes(rows)}." if rows else None


def changes(rows: list[Found]) -> str:
    """ "A (−0.7 points, −0.9 to −0.4) or B (...)"."""
    return either(
        [
            f"{row['name']} ({points(row['difference']['value'])} points, "
            f"{change_range(row['difference'])})"
            for row in rows
        ]
    )


def either(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"


def how_left_out(entry: Found) -> list[str]:
    """How the committee was made again, where that is not plain."""
    found = entry["leave_one_out"]
    said = ["Members were left out one at a time; without two at once it was not tried."]
    if len(found["members"]) == 2:
        said = ["One of two left out leaves the other alone, without any rule."]
    if entry["rule"] != "stacking" or not found["learnt_from"]:
        return said
    said.append("The regression was fitted again with the penalty that the committee chose.")
    rows, of = found["learnt_from"]["rows"], found["learnt_from"]["of"]
    if rows < of:
        said.append(
            f"To keep this short it learnt from {whole(rows)} of {whole(of)} rows, a stratified "
            "part; the whole committee was made in the same way for this comparison, so its "
            f"accuracy here, {per_cent(found['whole']['accuracy'])}, may differ from above."
        )
    return said


def not_left_out(found: Found) -> str:
    return f"Members were not left out one by one: {found['reason']}."
