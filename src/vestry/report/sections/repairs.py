"""What each committee fixes and breaks: data of its figure and tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.formatting import counted, listed, per_cent, signed, whole
from vestry.report.plot.figure import Figure
from vestry.report.plot.two_sided import Heads, TwoSided, largest, two_sided
from vestry.report.sections.committee_tables import class_table
from vestry.report.table import Table
from vestry.schema.ensemble_gain import MembersAgree, RepairedClass, Repairs

# What a committee fixes and breaks, and what the numbers say of why.


_CLASSES_NAMED, _ROWS_SHOWN = 3, 12


def _counts(found: Repairs) -> str:
    """Gain and interval are said before."""
    best = found.best_member
    if not found.repaired and not found.spoiled:
        return f"It is right and wrong on the same test images as {best}."
    return (
        f"It is right on {_none_or(found.repaired)} that {best} gets wrong (fixed), "
        f"and wrong on {whole(found.spoiled) if found.spoiled else 'none'} that {best} gets right "
        "(broken)."
    )


def by_class(found: Repairs, names: Sequence[str]) -> str | None:
    """Where it gains and where it loses most."""
    rows = found.per_class
    gains = sorted((row for row in rows if row.net > 0), key=lambda row: -row.net)
    losses = sorted((row for row in rows if row.net < 0), key=lambda row: row.net)
    parts = [
        f"{word} {listed([_net_words(row, names) for row in some[:_CLASSES_NAMED]])}"
        for word, some in (("It gains most on", gains), ("it loses on", losses))
        if some
    ]
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else None


def _net_words(row: RepairedClass, names: Sequence[str]) -> str:
    return f"{names[row.class_]} ({signed(row.net, 0)})"


def reasons(found: Repairs, names: Sequence[str]) -> list[str]:
    """What the members' votes say of why: where they are divided, and where they err alike."""
    texts = [_division(found), _most_divided(found, names), _alike(found), _helper(found)]
    return [text for text in texts if text]


def _division(found: Repairs) -> str:
    rows, agreed = found.rows, found.agreement
    divided = agreed.divided
    if not divided:
        return "Its members never name different classes, so there is nothing to put together."
    return (
        f"Its members name different classes on {counted(divided, 'test image')} "
        f"({per_cent(divided / rows)}); of those the committee gets "
        f"{whole(agreed.divided_right)} right; {_nobody_right(agreed)}."
    )


def _nobody_right(agreed: MembersAgree) -> str:
    if agreed.divided_nobody_right:
        return f"on {whole(agreed.divided_nobody_right)} no member is right"
    return "on each of these some member is right"


def _none_or(count: int) -> str:
    return counted(count, "test image") if count else "no test image"


def _most_divided(found: Repairs, names: Sequence[str]) -> str | None:
    """The class where members differ most, beside the one where they differ least."""
    rows = [row for row in found.per_class if row.support]
    if not any(row.divided for row in rows) or len(rows) < 2:
        return None
    rows.sort(key=lambda row: row.divided / row.support)
    least, most = rows[0], rows[-1]
    if _share(least) == _share(most):
        return None
    return (
        f"They differ most on {names[most.class_]} ({_share(most)} of its images, net "
        f"{signed(most.net, 0)}) and least on {names[least.class_]} ({_share(least)}, net "
        f"{signed(least.net, 0)})."
    )


def _share(row: RepairedClass) -> str:
    return per_cent(row.divided / row.support)


def _alike(found: Repairs) -> str | None:
    """Images on which all members say the same wrong class, and the two that err most alike."""
    count = found.agreement.alike_wrong
    if not count:
        return "There is no test image on which all members name the same wrong class."
    text = (
        f"On {counted(count, 'test image')} all members name the same wrong class; no rule that "
        "follows their votes fixes these."
    )
    pairs = [pair for pair in found.in_common if pair.either_wrong]
    if len(pairs) < 2:
        return text
    closest = max(pairs, key=lambda pair: pair.both_wrong / pair.either_wrong)
    one, other = closest.members
    shared = per_cent(closest.both_wrong / closest.either_wrong, 0)
    return f"{text} The most alike are {one} and {other}, which share {shared} of their mistakes."


def _helper(found: Repairs) -> str | None:
    """Which other member was right where the best was not."""
    rows = [row for row in found.helped_by if row.right_on_repaired]
    if not found.repaired or not rows:
        return None
    parts = listed([f"{row.name} on {whole(row.right_on_repaired)}" for row in rows])
    verb = "is" if len(rows) == 1 else "are"
    return f"Of the {whole(found.repaired)} fixed, right {verb} {parts}."


@dataclass(frozen=True)
class CommitteeRepairs:
    """figure: broken and fixed by class; None where nothing changed."""

    sentences: list[str]
    reasons: list[str]
    figure: Figure | None
    table: Table


def committee_repairs(
    name: str, found: Repairs, classes: Sequence[str], suffix: str
) -> CommitteeRepairs:
    """suffix: behind the keys of its figure and its table."""
    said = [_counts(found), by_class(found, classes)]
    key = f"fixed-broken{suffix}"
    table = class_table(key, name, found, classes)
    return CommitteeRepairs(
        sentences=[text for text in said if text],
        reasons=reasons(found, classes),
        figure=_figure(key, name, found, classes, table),
        table=table,
    )


def _figure(
    key: str, name: str, found: Repairs, classes: Sequence[str], table: Table
) -> Figure | None:
    rows = [TwoSided(classes[row.class_], row.spoiled, row.repaired) for row in found.per_class]
    shown = largest(rows, _ROWS_SHOWN)
    if not shown:
        return None
    more = sum(bool(row.lost + row.won) for row in rows) - len(shown)
    left_out = f"; {counted(more, 'class', 'classes')} with smaller changes in the table"
    title = f"Test images that {name} fixes and breaks, by class"
    remark = f"beside {found.best_member}{left_out if more else ''}"
    return two_sided(key, title, shown, Heads("broken", "fixed", "net"), table, remark)
