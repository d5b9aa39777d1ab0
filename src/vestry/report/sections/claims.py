"""What a report said, and what was measured here, each in a sentence made from both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vestry.evaluation.claims import (
    FORMS,
    AboveClaim,
    BalanceClaim,
    BelowClaim,
    BestClaim,
    CalledClaim,
    ClaimBase,
    CountClaim,
    PrintedClaim,
    RemarkClaim,
    ValueClaim,
    ValuesClaim,
)
from vestry.evaluation.intervals import holds
from vestry.predictions.scores import is_share, score_words
from vestry.report.formatting import counted, decimal, listed, per_cent, points, whole
from vestry.report.section import Section
from vestry.report.sections import differences
from vestry.report.sections.claim_facts import figure, known, range_words, remark_words, shown
from vestry.report.table import Table, text_column
from vestry.schema.claims import CheckedClaim, Measured
from vestry.schema.results import Results
from vestry.system.registry import OneOf

_VERDICTS = {
    "agrees": "agrees",
    "differs": "differs",
    "open": "cannot be told",
    "remark": "how it was made",
    "unchecked": "not checked",
}


def sentence(claim: CheckedClaim) -> str:
    """Our side of one claim."""
    if claim.here is None:
        return f"Not checked: {claim.reason}."
    given = {"says": claim.says, **claim.said}
    said = FORMS[claim.form].model_validate(given, context={OneOf.WRITTEN: True})
    text = _SENTENCES[type(said)](said, claim.here, claim.verdict == "agrees")
    return f"{text} {said.note}" if said.note else text


def summary(claims: list[CheckedClaim]) -> str | None:
    """How many claims agree with what was measured here, and how many do not."""
    if not claims:
        return None
    number = {verdict: sum(c.verdict == verdict for c in claims) for verdict in _VERDICTS}
    tried = number["agrees"] + number["differs"] + number["open"]
    parts = [
        f"{whole(number[verdict])} {words}"
        for verdict, words in (
            ("agrees", "agree with it" if number["agrees"] != 1 else "agrees with it"),
            ("differs", "do not" if number["differs"] != 1 else "does not"),
            ("open", "cannot be told"),
        )
        if number[verdict]
    ]
    texts = []
    if tried:
        start = f"Of {counted(tried, 'statement')} set against what was measured here"
        texts.append(f"{start}, {listed(parts)}.")
    if number["remark"]:
        verb = "are" if number["remark"] > 1 else "is"
        texts.append(
            f"{counted(number['remark'], 'point')} {verb} about how figures were made; there our "
            "own stand beside."
        )
    if number["unchecked"]:
        texts.append(f"{counted(number['unchecked'], 'statement')} could not be checked.")
    return " ".join(texts)


def _count(said: CountClaim, here: Measured, agrees: bool) -> str:
    count, support = known(here.count), known(here.support)
    if not support:
        return f"There is no test image of {said.truth} here."
    verb = "is" if count == 1 else "are"
    start = (
        f"Here {whole(count)} of {counted(support, 'image')} of {said.truth} {verb} taken for "
        f"{said.predicted} by {said.maker} ({per_cent(count / support)})"
    )
    of = f" of {whole(said.of)}" if said.of else ""
    inside = said.count / (said.of or support)
    if agrees or (here.interval is not None and holds(here.interval, inside)):
        return f"{start}; {whole(said.count)}{of} lies inside the 95% interval{_too_wide(agrees)}."
    more = said.of is None and said.count > support
    ending = " There are not even as many of them among the test images." if more else ""
    return f"{start}, not {whole(said.count)}{of}.{ending}"


def _balance(said: BalanceClaim, here: Measured, agrees: bool) -> str:  # noqa: ARG001
    low, high = known(here.all)
    if not low:
        ratio = f"some class has no image and the largest {whole(high)}"
    elif low == high:
        ratio = f"every class has {counted(low, 'image')}"
    else:
        ratio = (
            f"the largest class has {counted(high, 'image')}, {high / low:.2f} times the smallest"
        )
    ends = known(here.splits).items()
    each = listed(
        [f"{name} {range_words(*pair)}" for name, pair in ends if isinstance(pair, tuple)]
    )
    state = "balanced" if here.balanced else "not balanced"
    return f"Here, over all splits, {ratio}: the data are {state}. By split: {each}."


def _order(said: BelowClaim | AboveClaim, here: Measured, agrees: bool) -> str:  # noqa: ARG001
    found, (one, other) = known(here.difference), said.models
    return (
        f"Here {differences.two_figures(found, one, other)}: the first is "
        f"{differences.size(found)} ({differences.interval(found)}). "
        f"{differences.verdict(found)}{differences.fitted_once(found, one, other)}"
    )


def _best(said: BestClaim, here: Measured, agrees: bool) -> str:  # noqa: ARG001
    test, leader, found = known(here.best_on_test), known(here.leader), here.difference
    if found is None or here.rival is None:
        return f"Here {said.best} is the only model, so that there is nothing to compare it with."
    too = ", too" if leader == said.best else ""
    highest = f"; on the test images {test} is highest" if test != leader else ""
    return (
        f"Here {leader} is ahead by validation{too}{highest}. "
        f"On test {differences.two_figures(found, said.best, here.rival)} "
        f"({differences.interval(found)}). {differences.verdict(found)}"
    )


def _values(said: ValuesClaim, here: Measured, agrees: bool) -> str:  # noqa: ARG001
    gap = max(said.values) - min(said.values)
    start = f"Here it is {figure(known(here.figure), said.score)}"
    if here.one_value:
        return f"{start}; the values given there are one, rounded differently."
    apart = f"{points(gap).lstrip('+')} points" if is_share(said.score) else decimal(gap)
    return (
        f"{start}: one model on one set of images has one {score_words(said.score)}. The "
        f"{len(said.values)} values given there lie up to {apart} apart, and no single one rounds "
        "to all of them."
    )


def _printed(said: PrintedClaim, here: Measured, agrees: bool) -> str:  # noqa: ARG001
    fraction, literal = here.as_fraction, here.as_printed
    return (
        f"Read as printed that is {decimal(literal, 6)}, {per_cent(literal, 2)} of the images; "
        f"as a fraction, without the sign, it is {per_cent(fraction, 2)}. Here it is "
        f"{figure(known(here.figure), said.score)}."
    )


def _value(said: ValueClaim, here: Measured, agrees: bool) -> str:
    ours, mean = known(here.figure), here.mean_of_members
    of = f" for {said.class_}" if said.class_ else ""
    text = (
        f"Reported {shown(said.value, said.score)}; here the {score_words(said.score)} of "
        f"{said.maker}{of} is {figure(ours, said.score)}"
    )
    if mean is not None:
        words = f"the mean of its members\u2019 figures, {shown(mean, said.score)}"
        text = f"{text}, and {words}, is another thing"
    if ours.interval is None:
        return f"{text}."
    if holds(ours.interval, said.value):
        return f"{text}; the reported figure lies inside the interval{_too_wide(agrees)}."
    return f"{text}; the reported figure lies outside the interval."


def _too_wide(agrees: bool) -> str:
    return "" if agrees else ", which is too wide to say that the two agree"


def _called(said: CalledClaim, here: Measured, agrees: bool) -> str:  # noqa: ARG001
    rows, scores = known(here.rows), known(here.scores)
    parts = [
        f"{shown(ours, said.score)} on the {counted(rows[split], split + ' image')}"
        for split, ours in scores.items()
    ]
    if len(set(scores.values())) == 1:
        return f"Here both are the same: {parts[0]}."
    return (
        f"Here these are {len(parts)} figures: the {score_words(said.score)} of "
        f"{said.maker} is {listed(parts)}."
    )


def _remark(said: RemarkClaim, here: Measured, agrees: bool) -> str:  # noqa: ARG001
    text = remark_words(said, here)
    return f"{said.remark} {text}" if text else said.remark


_SENTENCES: dict[type[ClaimBase], Callable[[Any, Measured, bool], str]] = {
    CountClaim: _count,
    BalanceClaim: _balance,
    BelowClaim: _order,
    AboveClaim: _order,
    BestClaim: _best,
    ValuesClaim: _values,
    PrintedClaim: _printed,
    ValueClaim: _value,
    CalledClaim: _called,
    RemarkClaim: _remark,
}


_SIGNS = {
    "agrees": "\u2713",
    "differs": "\u2717",
    "open": "?",
    "remark": "\u2022",
    "unchecked": "\u2013",
}


@dataclass(frozen=True)
class Said:
    """verdict: its kind, for the page's colours; label: the same in words, sign: as a sign."""

    says: str
    verdict: str
    label: str
    sign: str
    sentence: str


@dataclass(frozen=True)
class Claims:
    """rows: shown at once; more: one click deeper."""

    summary: str | None
    rows: list[Said]
    more: list[Said]
    table: Table


_SHOWN = 2


def claims_data(results: Results) -> Claims:
    """What does not hold comes first, then what does."""
    rows = [
        Said(
            claim.says,
            claim.verdict,
            _VERDICTS[claim.verdict],
            _SIGNS[claim.verdict],
            sentence(claim),
        )
        for claim in results.claims
    ]
    order = ("differs", "agrees", "open", "remark", "unchecked")
    shown = sorted(rows, key=lambda row: order.index(row.verdict))
    return Claims(summary(results.claims), shown[:_SHOWN], shown[_SHOWN:], _table(rows))


def _table(rows: list[Said]) -> Table:
    columns = (
        text_column("says", "What was said"),
        text_column("verdict", "Verdict"),
        text_column("here", "What was measured here"),
    )
    found = tuple((row.says, row.label, row.sentence) for row in rows)
    return Table("claims", "What was said beside what was measured here", columns, found)


SECTION = Section(
    key="claims",
    data=claims_data,
    is_shown=lambda page: bool(page.rows),
    chapter="made",
    tables=lambda page: [page.table],
)
