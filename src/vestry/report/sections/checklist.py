"""What was looked for in the data, a line a kind of fault, and the worst of it in a few words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from vestry.report.formatting import counted, listed, whole
from vestry.report.section import Section
from vestry.report.sections import dataset, findings
from vestry.report.table import Column, Table, text_column
from vestry.schema.data import Data
from vestry.schema.exploration import ExplorationResults, Finding
from vestry.schema.label_issues import LabelIssues
from vestry.schema.results import Results

State = Literal["ok", "look", "warning"]
_SIGNS: dict[State, str] = {"ok": "\u2713", "look": "\u25d0", "warning": "\u25b2"}
_BAD = ("high", "medium")
_SEVERITIES = ("high", "medium", "low", "info")


@dataclass(frozen=True)
class Check:
    """A line. state: in a word, with a sign. found: how much. anchor: of what shows it."""

    what: str
    state: State
    found: str
    anchor: str | None

    @property
    def sign(self) -> str:
        return _SIGNS[self.state]


@dataclass(frozen=True)
class Checklist:
    """checks: what asks for a look first. worst: in a few words, to follow the size of the data;
    None where nothing was found. searches: how many were made."""

    checks: list[Check]
    worst: str | None
    searches: int
    table: Table

    @property
    def found(self) -> int:
        return sum(check.state != "ok" for check in self.checks)


@dataclass(frozen=True)
class _Line:
    """The kinds of findings that share a line."""

    what: str
    kinds: tuple[str, ...]
    anchor: str


_LINES = (
    _Line("Exact duplicates between splits", ("duplicates_across",), "duplicates"),
    _Line("Near-duplicates between splits", ("near_duplicates",), "duplicates"),
    _Line("Frames of one object", ("bursts",), "duplicates"),
    _Line("The same image with two labels", ("label_conflict",), "duplicates"),
    _Line("Exact duplicates within a split", ("duplicates_within",), "duplicates"),
    _Line("Damaged files", ("damaged",), "splits"),
    _Line("Missing pixel values", ("missing",), "unusual"),
    _Line("Images of one colour", ("blank",), "unusual"),
    _Line("Images unusual for their class", ("far_from_class",), "unusual"),
    _Line("Class balance", ("absent_classes", "small_classes", "unbalanced"), "splits"),
)


def checklist_data(results: Results | ExplorationResults) -> Checklist:
    entries = results.exploration.findings if results.exploration else []
    doubts = _doubts(results)
    checks = [check for line in _LINES if (check := _check(line, entries, results.data))]
    if doubts:
        checks.append(_label_issues(doubts))
    checks = _shared(results, checks)
    return Checklist(
        checks=sorted(checks, key=lambda check: ("warning", "look", "ok").index(check.state)),
        worst=_worst(entries, results.data.classes) or _leaked(results) or _doubted(doubts),
        searches=len(checks),
        table=_table(entries, doubts),
    )


def _doubts(results: Results | ExplorationResults) -> dict[str, LabelIssues]:
    if isinstance(results, ExplorationResults):
        return {}
    found = results.doubts
    known = {"training": found.training, "validation": found.validation, "test": found.test}
    return {split: entry for split, entry in known.items() if entry}


def _check(line: _Line, entries: Sequence[Finding], data: Data) -> Check | None:
    """None where nothing of its kinds was looked for."""
    own = [entry for entry in entries if entry.kind in line.kinds]
    found = [entry for entry in own if entry.count]
    if not own:
        return None
    if not found:
        return Check(line.what, "ok", _nothing(line, own, data), None)
    state: State = "warning" if any(entry.severity in _BAD for entry in found) else "look"
    return Check(line.what, state, "; ".join(map(_amount, found)), line.anchor)


def _nothing(line: _Line, own: Sequence[Finding], data: Data) -> str:
    if line.what == "Class balance":
        each = dataset.of_each_class(data)
        return f"{counted(each, 'image')} in every class" if each else "no class is small"
    if own[0].kind == "missing" and not any(entry.facts["possible"] for entry in own):
        return "none possible"
    return "none"


def _amount(entry: Finding) -> str:
    """ "18 of 10,000 test"."""
    number = f"{whole(entry.count)} of {whole(entry.of)}"
    facts = entry.facts
    if entry.kind == "unbalanced":
        return f"largest {facts['ratio']:g} times the smallest"
    if entry.kind == "small_classes":
        return f"{number} under {facts['threshold']:g} {entry.splits[0]} images"
    if entry.kind == "absent_classes":
        return f"{number} without {entry.splits[0]} images"
    if entry.kind == "bursts":
        return f"{number} images, of {counted(int(str(facts['runs'])), 'object')}"
    if entry.kind == "damaged":
        return f"{number} files"
    several = entry.kind in ("label_conflict", "blank", "far_from_class")
    return f"{number}{' images' if several else f' {entry.splits[-1]}'}"


def _label_issues(doubts: dict[str, LabelIssues]) -> Check:
    parts = [
        f"{whole(entry.count)} of {whole(entry.rows)} {split}"
        for split, entry in doubts.items()
        if entry.count
    ]
    state: State = "look" if parts else "ok"
    return Check("Label issues", state, "; ".join(parts) or "none", "doubts")


def _shared(results: Results | ExplorationResults, checks: list[Check]) -> list[Check]:
    """With what every run looks for, whether its study asks for a look at the data or not."""
    first = _LINES[0]
    if isinstance(results, ExplorationResults) or not results.leaks or not results.leaks.shared:
        return checks
    if any(check.what == first.what for check in checks):
        return checks
    found = [
        f"{whole(entry.count)} of {whole(entry.of)} {entry.splits[1]}"
        for entry in results.leaks.shared
        if entry.count
    ]
    state: State = "warning" if found else "ok"
    return [Check(first.what, state, "; ".join(found) or "none", "leaks"), *checks]


# The worst in a few words.


_WORST: dict[str, Callable[[Finding, list[str]], str]] = {
    "duplicates_across": lambda found, _: (
        f"{counted(found.count, f'{found.splits[-1]} image')} "
        f"{_verb(found, 'repeat')} {found.splits[0]} images"
    ),
    "label_conflict": lambda found, _: (
        f"{counted(found.count, 'image')} {'stands' if found.count == 1 else 'stand'} there with "
        "two labels"
    ),
    "bursts": lambda found, _: (
        f"{counted(found.count, 'image')} {'is a frame' if found.count == 1 else 'are frames'} of "
        f"{counted(int(str(found.facts['runs'])), 'object')}"
    ),
    "near_duplicates": lambda found, _: (
        f"{counted(found.count, f'{found.splits[-1]} image')} "
        f"almost {_verb(found, 'repeat')} {found.splits[0]} images"
    ),
    "damaged": lambda found, _: f"{counted(found.count, 'file')} could not be read",
    "missing": lambda found, _: (
        f"{counted(found.count, f'{found.splits[0]} image')} {_verb(found, 'lack')} pixels"
    ),
    "blank": lambda found, _: f"{counted(found.count, 'image')} of one colour",
    "absent_classes": lambda found, _: (
        f"{counted(found.count, 'class', 'classes')} without {found.splits[0]} images"
    ),
    "small_classes": lambda found, _: (
        f"{counted(found.count, 'class', 'classes')} under {found.facts['threshold']} "
        f"{found.splits[0]} images"
    ),
    "unbalanced": lambda found, classes: (
        f"{_class(found, classes, 'largest')} has {found.facts['ratio']:g} times the images of "
        f"{_class(found, classes, 'smallest')}"
    ),
    "duplicates_within": lambda found, _: (
        f"{counted(found.count, f'{found.splits[0]} image')} {_verb(found, 'repeat')} another"
    ),
    "far_from_class": lambda found, _: (
        f"{counted(found.count, 'image')} {'is' if found.count == 1 else 'are'} unusual for "
        f"{'its' if found.count == 1 else 'their'} class"
    ),
}
"""By kind, the worst first."""


def _class(found: Finding, classes: list[str], which: str) -> str:
    return classes[int(str(found.facts[which]))]


def _verb(found: Finding, verb: str) -> str:
    return f"{verb}s" if found.count == 1 else verb


def _worst(entries: Sequence[Finding], classes: list[str]) -> str | None:
    found = [entry for entry in entries if entry.count and entry.kind in _WORST]
    if not found:
        return None
    order = list(_WORST)
    worst = min(
        found,
        key=lambda entry: (
            _SEVERITIES.index(entry.severity),
            order.index(entry.kind),
            "test" not in entry.splits,
        ),
    )
    return _WORST[worst.kind](worst, classes)


def _leaked(results: Results | ExplorationResults) -> str | None:
    """Where there was no look at the data, what every run looks for all the same."""
    if isinstance(results, ExplorationResults) or not results.leaks:
        return None
    shared = [entry for entry in results.leaks.shared if entry.count]
    if not shared:
        return None
    worst = next((entry for entry in shared if entry.splits[1] == "test"), shared[0])
    verb = "repeats" if worst.count == 1 else "repeat"
    return f"{counted(worst.count, f'{worst.splits[1]} image')} {verb} {worst.splits[0]} images"


def _doubted(doubts: dict[str, LabelIssues]) -> str | None:
    parts = [f"{whole(entry.count)} {split}" for split, entry in doubts.items() if entry.count]
    return f"{listed(parts)} labels are doubted" if parts else None


def _table(entries: Sequence[Finding], doubts: dict[str, LabelIssues]) -> Table:
    rows = [(findings.title(entry), _severity(entry), entry.count, entry.of) for entry in entries]
    rows += [
        (f"Label issues in {split}", "low" if e.count else "none", e.count, e.rows)
        for split, e in doubts.items()
    ]
    columns = (
        text_column("looked_for", "Looked for"),
        text_column("severity", "Severity"),
        Column("count", "Found", whole),
        Column("of", "Of", whole),
    )
    return Table("checklist", "What was looked for in the data", columns, tuple(rows))


def _severity(entry: Finding) -> str:
    return entry.severity if entry.count else "none"


SECTION = Section(
    key="checklist",
    data=checklist_data,
    tables=lambda page: [page.table] if page.table.rows else [],
    chapter="data",
)
