"""The data of the section that sets what a report said beside what was measured."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import counted, decimal, listed, per_cent, points, whole
from vestry.report.models import Results
from vestry.report.section import Section
from vestry.report.sections import claim_facts, differences
from vestry.report.sections.claim_facts import figure, score_words, shown

# What a report said, and what was measured here, each in a sentence made from both.


Claim = dict[str, Any]
_VERDICTS = {
    "agrees": "agrees",
    "differs": "differs",
    "open": "cannot be told",
    "remark": "how it was made",
    "unchecked": "not checked",
}


def sentence(claim: Claim) -> str:
    """Our side of one claim."""
    if claim["verdict"] == "unchecked":
        return f"Not checked: {claim['reason']}."
    note = claim["said"]["note"]
    return f"{_SENTENCES[claim['form']](claim)}{' ' + note if note else ''}"


def summary(claims: list[Claim]) -> str | None:
    """How many claims agree with what was measured here, and how many do not."""
    if not claims:
        return None
    number = {verdict: sum(c["verdict"] == verdict for c in claims) for verdict in _VERDICTS}
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


def count(claim: Claim) -> str:
    said, here = claim["said"], claim["here"]
    support = here["support"]
    if not support:
        return f"There is no test image of {said['truth']} here."
    verb = "is" if here["count"] == 1 else "are"
    start = (
        f"Here {whole(here['count'])} of {counted(support, 'image')} of {said['truth']} {verb} "
        f"taken for {said['predicted']} by {said['maker']} ({per_cent(here['count'] / support)})"
    )
    of = f" of {whole(said['of'])}" if said["of"] else ""
    if claim["verdict"] == "agrees":
        return f"{start}; {whole(said['count'])}{of} lies inside the 95% interval."
    more = said["of"] is None and said["count"] > support
    ending = " There are not even as many of them among the test images." if more else ""
    return f"{start}, not {whole(said['count'])}{of}.{ending}"


def _balance(claim: Claim) -> str:
    here = claim["here"]
    low, high = here["all"]
    if not low:
        ratio = f"some class has no image and the largest {whole(high)}"
    elif low == high:
        ratio = f"every class has {counted(low, 'image')}"
    else:
        ratio = (
            f"the largest class has {counted(high, 'image')}, {high / low:.2f} times the smallest"
        )
    each = listed(
        [f"{name} {claim_facts.range_words(*ends)}" for name, ends in here["splits"].items()]
    )
    state = "balanced" if here["balanced"] else "not balanced"
    return f"Here, over all splits, {ratio}: the data are {state}. By split: {each}."


def _order(claim: Claim) -> str:
    said, found = claim["said"], claim["here"]["difference"]
    other = said.get("below") or said["above"]
    return (
        f"Here {differences.two_figures(found, said['maker'], other)}: the first is "
        f"{differences.size(found['value'])} ({differences.interval(found)}). "
        f"{differences.verdict(found)}{differences.reason(found)}"
    )


def best(claim: Claim) -> str:
    said, here = claim["said"], claim["here"]
    test = here["best_on_test"]
    if here["leader"] == said["best"]:
        others = f"; on the test images {test} is highest" if test != said["best"] else ""
        return f"Here {said['best']} is ahead by validation, too{others}."
    found = here["difference"]
    return (
        f"By validation {here['leader']} is ahead here; on the test images {test} is highest. "
        f"On those {differences.two_figures(found, said['best'], here['leader'])} "
        f"({differences.interval(found)}). {differences.verdict(found)}"
    )


def _values(claim: Claim) -> str:
    said, here = claim["said"], claim["here"]
    low, high = min(said["values"]), max(said["values"])
    start = f"Here it is {figure(here['figure'], said['score'])}"
    if here["one_value"]:
        return f"{start}; the values given there are one, rounded differently."
    apart = points(high - low).lstrip("+") if _is_share(said["score"]) else decimal(high - low)
    unit = " points" if _is_share(said["score"]) else ""
    return (
        f"{start}: one model on one set of images has one {score_words(said['score'])}. The "
        f"{len(said['values'])} values given there lie up to {apart}{unit} apart, and no single "
        "one rounds to all of them."
    )


def _is_share(score: str) -> bool:
    return score not in ("log_loss", "brier")


def _printed(claim: Claim) -> str:
    said, here = claim["said"], claim["here"]
    fraction, literal = here["as_fraction"], here["as_printed"]
    return (
        f"Read as printed that is {decimal(literal, 6)}, {per_cent(literal, 2)} of the images; "
        f"as a fraction, without the sign, it is {per_cent(fraction, 2)}. Here it is "
        f"{figure(here['figure'], said['score'])}."
    )


def value(claim: Claim) -> str:
    said, ours = claim["said"], claim["here"]["figure"]
    of = f" for {said['class']}" if said["class"] else ""
    given = shown(said["value"], said["score"])
    text = (
        f"Reported {given}; here the {score_words(said['score'])} of {said['maker']}{of} is "
        f"{figure(ours, said['score'])}"
    )
    mean = claim["here"]["mean_of_members"]
    if mean is not None:
        words = f"the mean of its members\u2019 figures, {shown(mean, said['score'])}"
        text = f"{text}, and {words}, is another thing"
    if ours["interval"] is None:
        return f"{text}."
    where = "inside" if claim["verdict"] == "agrees" else "outside"
    return f"{text}; the reported figure lies {where} the interval."


def _called(claim: Claim) -> str:
    said, here = claim["said"], claim["here"]
    score = said["score"]
    parts = [
        f"{shown(ours, score)} on the {counted(here['rows'][split], split + ' image')}"
        for split, ours in here["scores"].items()
    ]
    if len(set(here["scores"].values())) == 1:
        return f"Here both are the same: {parts[0]}."
    return (
        f"Here these are {len(parts)} figures: the {score_words(score)} of "
        f"{said['maker']} is {listed(parts)}."
    )


def remark(claim: Claim) -> str:
    text = claim_facts.words(claim)
    start = claim["said"]["remark"]
    return f"{start} {text}" if text else start


_SENTENCES: dict[str, Callable[[Claim], str]] = {
    "count": count,
    "balanced": _balance,
    "below": _order,
    "above": _order,
    "best": best,
    "values": _values,
    "printed": _printed,
    "value": value,
    "called": _called,
    "remark": remark,
}


@dataclass(frozen=True)
class Said:
    """verdict: its kind, for the page's colours; label: the same in words."""

    says: str
    verdict: str
    label: str
    sentence: str


@dataclass(frozen=True)
class Claims:
    summary: str | None
    rows: list[Said]


def claims_data(results: Results) -> Claims:
    claims = results.get("claims") or []
    rows = [
        Said(
            claim["says"],
            claim["verdict"],
            _VERDICTS[claim["verdict"]],
            sentence(claim),
        )
        for claim in claims
    ]
    return Claims(summary(claims), rows)


SECTION = Section(
    key="claims",
    data=claims_data,
    is_shown=lambda page: bool(page.rows),
    template="claims.html.j2",
    title="What was said",
    anchor="claims",
)
