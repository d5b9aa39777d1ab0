"""The section on agreement by image: who misses what, and the images that all miss."""

from collections.abc import Iterator
from dataclasses import dataclass

from vestry.report.formatting import counted, listed, per_cent, whole
from vestry.report.plot.tiles import Patterns, pattern_columns
from vestry.report.section import Section
from vestry.report.table import Column, Table, text_column
from vestry.schema import analysis as schema
from vestry.schema.results import Results

# Which members miss which images, in words.


_NAMED = 5


def _summary(found: schema.Agreement) -> list[str]:
    """How many images all get right, all miss, and one alone gets right."""
    return [text for text in (shares(found), alone(found)) if text]


def shares(found: schema.Agreement) -> str:
    rows, members = found.rows, len(found.members)
    every, missed = found.all_right, found.all_wrong
    who = "both members" if members == 2 else f"all {members} members"
    text = (
        f"Of {counted(rows, 'test image')}, {who} get {whole(every)} ({per_cent(every / rows)}) "
        "right"
    )
    if not missed.count:
        return f"{text}; there is none that {who} miss."
    alike = missed.alike
    how_many = whole(alike) if alike else "none"
    return (
        f"{text} and miss {whole(missed.count)} ({per_cent(missed.count / rows)}), on "
        f"{how_many} of them with the same wrong answer."
    )


def alone(found: schema.Agreement) -> str | None:
    """Who is most often the only one that is right."""
    lone = found.one_right
    if not lone.count:
        return "No image is got right by one member alone."
    most = max(lone.members, key=lambda member: member.count)
    is_one = lone.count == 1
    text = (
        f"{counted(lone.count, 'image')} {'is' if is_one else 'are'} got right by one member alone"
    )
    if is_one:
        return f"{text}, {most.name}."
    return f"{text}, most often by {most.name} ({whole(most.count)})."


def _shown_words(found: schema.Agreement, patterns: Patterns) -> str:
    """What part of the images that some miss the figure's columns hold."""
    some = found.rows - found.all_right
    if patterns.held == some:
        return f"They hold all {whole(some)} images that some member misses."
    return (
        f"The {len(patterns.columns)} patterns shown hold {whole(patterns.held)} of the "
        f"{whole(some)} images that some member misses."
    )


def _drawn(patterns: Patterns) -> str:
    """The figure for who cannot see it."""
    parts = [f"{listed(c.wrong)}: {whole(c.count)}" for c in patterns.columns]
    return f"Images by who is wrong on them. {'; '.join(parts)}."


def _kept(found: schema.Agreement, listed_patterns: int) -> str | None:
    """Patterns that the results do not hold one by one."""
    left = found.patterns_left_out
    if not left.patterns:
        return None
    return (
        f"The {listed_patterns} most frequent; {counted(left.patterns, 'more pattern')} "
        f"{'holds' if left.patterns == 1 else 'hold'} {counted(left.images, 'image')}."
    )


def surest(count: int, pictures: int) -> str:
    if pictures == count:
        return f"{counted(count, 'image')}, those first of which the members were surest."
    return f"{pictures} of {counted(count, 'image')}: those of which the members were surest."


def doubted(count: int, pictures: int) -> str | None:
    """How many of the shown images also stand among the shown label issues."""
    if not count:
        return None
    verb = "is" if count == 1 else "are"
    return (
        f"{whole(count)} of {'these' if pictures > 1 else 'this'} {whole(pictures)} {verb} also "
        "among the label issues: there the label may be wrong and not the members."
    )


def said(
    answers: dict[str, tuple[int, float | None]], members: list[str], classes: list[str]
) -> str:
    """What members say of an image, by class, the class that most say first.

    Each with its confidence where there are few of them: "Shirt: A 98%, B 71%; Coat: C 40%".
    """
    groups: dict[int, list[tuple[float, str]]] = {}
    for name in members:
        label, confidence = answers[name]
        groups.setdefault(label, []).append((-1.0 if confidence is None else confidence, name))
    order = sorted(groups.items(), key=lambda group: (-len(group[1]), -max(group[1])[0]))
    return "; ".join(_voices(classes[label], group, len(members)) for label, group in order)


def _voices(name: str, group: list[tuple[float, str]], members: int) -> str:
    if members > _NAMED:
        most = max(group)[0]
        return f"{name}: {len(group)} of {members}{_sure(', up to ', most)}"
    each = sorted(group, key=lambda voice: -voice[0])
    return f"{name}: " + ", ".join(f"{who}{_sure(' ', sure)}" for sure, who in each)


def _sure(before: str, confidence: float) -> str:
    """Below 0 stands for not known, of who gave labels alone."""
    return "" if confidence < 0 else f"{before}{per_cent(confidence, 0)}"


def right_committees(
    answers: dict[str, tuple[int, float | None]], members: list[str], truth: int
) -> str | None:
    """A committee may be right where no member is: the mean may favour everyone's second choice."""
    names = [n for n, (label, _) in answers.items() if n not in members and label == truth]
    if not names:
        return None
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'} right all the same"


def _one_alone(name: str, count: int, pictures: int) -> str:
    start = f"{name} alone is right on {counted(count, 'image')}"
    return f"{start}." if pictures == count else f"{start}; its {pictures} surest are shown."


@dataclass(frozen=True)
class MissedImage:
    """said: what the members say, in words. committees: those right in spite of them, in words."""

    image: str
    truth: str
    said: str
    committees: str | None
    is_doubted: bool


@dataclass(frozen=True)
class Lone:
    """Images that one member alone gets right, each with its class and what the others say."""

    name: str
    sentence: str
    images: list[MissedImage]


@dataclass(frozen=True)
class Agreement:
    """table: every pattern that the results hold: who is wrong, how many images; None without
    any. ids: of the images that all miss."""

    sentences: list[str]
    patterns: Patterns
    shown: str
    drawn: str
    table: Table | None
    ids: Table | None
    rows_remark: str | None
    missed: list[MissedImage]
    missed_remarks: list[str]
    lone: list[Lone]


def agreement_data(results: Results) -> Agreement | None:
    """None for a single member."""
    found = results.agreement
    if not found:
        return None
    patterns = pattern_columns(found)
    missed = found.all_wrong
    shown = _images(missed.images, found, results)
    remarks = [
        surest(missed.count, len(shown)),
        doubted(sum(each.is_doubted for each in shown), len(shown)),
    ]
    rows = [
        (", ".join(found.members[place] for place in row.wrong), row.count)
        for row in found.patterns
    ]
    return Agreement(
        sentences=_summary(found),
        patterns=patterns,
        shown=_shown_words(found, patterns),
        drawn=_drawn(patterns),
        table=_pattern_table(rows) if rows else None,
        ids=_missed_table(shown) if shown else None,
        rows_remark=_kept(found, len(rows)),
        missed=shown,
        missed_remarks=[text for text in remarks if text],
        lone=[_lone(row, found, results) for row in found.one_right.members],
    )


def _pattern_table(rows: list[tuple[str, int]]) -> Table:
    return Table(
        "wrong-together",
        "Test images by who is wrong on them, all others right",
        (text_column("wrong", "Wrong together"), Column("images", "Test images", whole)),
        tuple(rows),
    )


def _missed_table(shown: list[MissedImage]) -> Table:
    return Table(
        "missed-by-all",
        "Images that all members miss",
        (
            text_column("image", "Image"),
            text_column("class", "Class"),
            text_column("said", "What members say"),
            text_column("label_issue", "Among label issues"),
        ),
        tuple((row.image, row.truth, row.said, "yes" if row.is_doubted else "no") for row in shown),
    )


def _images(
    rows: list[schema.SaidImage], found: schema.Agreement, results: Results
) -> list[MissedImage]:
    names, classes, issues = found.members, results.data.classes, results.doubts.test
    doubted_ids = {image.id for image in issues.images} if issues else set()
    return [
        MissedImage(
            image=row.id,
            truth=classes[row.truth],
            said=said(row.said, names, classes),
            committees=right_committees(row.said, names, row.truth),
            is_doubted=row.id in doubted_ids,
        )
        for row in rows
    ]


def _lone(row: schema.OnlyRight, found: schema.Agreement, results: Results) -> Lone:
    shown = _images(row.images, found, results)
    return Lone(row.name, _one_alone(row.name, row.count, len(shown)), shown)


def _agreement_images(shown: Agreement | None) -> Iterator[str]:
    """Ids of the pictures, those that all miss first."""
    if shown is None:
        return
    yield from (row.image for row in shown.missed)
    for group in shown.lone:
        yield from (row.image for row in group.images)


SECTION = Section(
    key="agreement",
    data=agreement_data,
    template="agreement.html.j2",
    style="agreement.css.j2",
    title="Which members miss which images",
    anchor="agreement",
    chapter="committee",
    otherwise="failures",
    tables=lambda agreement: [one for one in (agreement.table, agreement.ids) if one],
    images=_agreement_images,
    dispensable=7,
)
