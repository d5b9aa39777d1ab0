"""What the scores become without repeated test images and without doubted labels."""

from dataclasses import dataclass

from vestry.report.formatting import counted, listed, per_cent, whole, with_interval
from vestry.report.models import Model, models_by_rank
from vestry.report.section import Section
from vestry.report.table import Column, Table, text_column
from vestry.schema.label_issues import KeptRows, StandingOnRows
from vestry.schema.label_issues import Leaks as Found
from vestry.schema.results import Results

# Test scores without repeated images and without doubted labels, in words.


_NAMED = 4
_WHAT = {
    "repeated": "images that repeat images of other parts",
    "doubted": "doubted labels",
    "both": "either",
}
_LEFT_OUT = {
    "repeated": (
        "one that repeats an image of another part",
        "that repeat images of other parts",
    ),
    "doubted": ("one whose label is doubted", "whose label is doubted"),
}


def leaked(results: Results) -> int:
    """Test images that stand in another part, too, exactly or almost; 0 where none is known."""
    kept = results.leaks.without.repeated if results.leaks else None
    return kept.left_out if kept else 0


def leaked_rows(results: Results) -> str:
    """What follows the number of test images wherever a figure of theirs is told."""
    count, of = leaked(results), results.data.splits["test"].rows
    if not count:
        return ""
    return " (all of them leaked)" if count == of else f" ({whole(count)} of them leaked)"


def held_apart(results: Results, best: str) -> str | None:
    """What the recommended model scores without leaked images, where none is recommended the best;
    or that nothing is left to say it by."""
    count = leaked(results)
    kept = results.leaks.without.repeated if results.leaks else None
    if not count or kept is None:
        return None
    what = "training or validation images, exactly or almost"
    if not kept.makers:
        return (
            f"No test figure of this run holds: all {counted(count, 'test image')} repeat {what}, "
            "and without them none is left. The figures below say what models remember, not how "
            "good they are. Test on images that nobody has learnt from."
        )
    quoted = (results.decision and results.decision.recommended) or best
    verb = "repeats" if count == 1 else "repeat"
    return (
        f"{whole(count)} of {counted(kept.rows + count, 'test image')} {verb} {what}. On the "
        f"{whole(kept.rows)} that are left {quoted} is right on {_interval(kept.makers[quoted])}; "
        "that is the figure to quote. Figures on all test images flatter."
    )


_FLATTERING = (
    "The label issues are the members' own: leaving doubted labels out takes mistakes of theirs "
    "away, so these accuracies flatter."
)


def _kept(found: Found) -> dict[str, KeptRows]:
    """By what was left out, where that is known."""
    known = {kind: getattr(found.without, kind) for kind in _WHAT}
    return {kind: entry for kind, entry in known.items() if entry}


def _leader(found: Found, best: str) -> str:
    """What the best model by validation scores without them, beside what it scores on all."""
    parts = [
        f"{_interval(entry.makers[best])} without the {_left_out(kind, entry.left_out)}"
        for kind, entry in _kept(found).items()
        if kind in _LEFT_OUT and entry.left_out and entry.makers
    ]
    if not parts or not found.all.makers:
        return ""
    before = f"{_interval(found.all.makers[best])} on all test images"
    return f"{best}, best by validation, scores {listed([before, *parts])}."


def _interval(entry: StandingOnRows) -> str:
    return with_interval(entry.accuracy, *entry.interval)


def _left_out(kind: str, count: int) -> str:
    one, many = _LEFT_OUT[kind]
    return one if count == 1 else f"{whole(count)} {many}"


def _ranks(found: Found) -> str:
    """Which models change their rank by test accuracy, and what for."""
    before = found.all.makers or {}
    told: dict[str, str] = {}
    for kind, entry in _kept(found).items():
        if entry.changed:
            told.setdefault(_moves(before, entry), kind)
    if told:
        texts = [f"Without {_WHAT[kind]}: {words}." for words, kind in told.items()]
        return f"Ranks by test accuracy change. {' '.join(texts)}"
    looked = [entry for entry in _kept(found).values() if entry.left_out]
    if not looked or len(before) < 2:
        return ""
    return "No model changes its rank by test accuracy."


def _moves(before: dict[str, StandingOnRows], entry: KeptRows) -> str:
    after = entry.makers or {}
    found = [f"{name} from {before[name].rank} to {after[name].rank}" for name in entry.changed]
    if len(found) > _NAMED:
        found = [*found[: _NAMED - 1], f"{len(found) - _NAMED + 1} more"]
    return listed(found)


def _repeated(found: Found) -> str:
    """What was known of repeated images, or why nothing was."""
    reason = f"{found.reason[0].upper()}{found.reason[1:]}." if found.reason else None
    if not found.without.repeated:
        return reason or "Not known."
    count, how = found.without.repeated.left_out, "exactly" if reason else "exactly or almost"
    said = (
        f"{counted(count, 'test image')} {'is' if count == 1 else 'are'} {how} an image of "
        f"another part ({per_cent(count / found.rows, 2)})."
        if count
        else f"No test image was found to be one of another part, {how}."
    )
    if reason:
        said += f" {reason}"
    if found.searched is not None and found.searched < found.rows:
        said += (
            f" Only {whole(found.searched)} of {whole(found.rows)} test images took part in "
            "the search for near-duplicates."
        )
    return said


_HEADINGS = {
    "repeated": "Without repeated",
    "doubted": "Without doubted",
    "both": "Without both",
}


@dataclass(frozen=True)
class Score:
    """`moved` says that the rank is another than on all."""

    on_rows: StandingOnRows
    moved: bool


@dataclass(frozen=True)
class LeakRow:
    """scores: on all test images, then one for each column."""

    model: Model
    scores: list[Score]


@dataclass(frozen=True)
class Leaks:
    """columns: (heading, rows left). table: the same as plain numbers."""

    leader: str
    ranks: str
    repeated: str
    remark: str | None
    columns: list[tuple[str, int]]
    rows: list[LeakRow]
    table: Table


def leaks_data(results: Results) -> Leaks | None:
    """None without models."""
    found, models = results.leaks, models_by_rank(results)
    if not found or not found.all.makers or not models:
        return None
    kinds = _shown(_kept(found))
    rows = [_leak_row(model, found.all.makers, kinds) for model in models] if kinds else []
    columns = [("All test images", found.rows)]
    columns += [(_HEADINGS[kind], entry.rows) for kind, entry in kinds.items()]
    return Leaks(
        leader=_leader(found, models[0].name),
        ranks=_ranks(found),
        repeated=_repeated(found),
        remark=_FLATTERING if "doubted" in kinds else None,
        columns=columns,
        rows=rows,
        table=_table(["all", *kinds], columns, rows),
    )


def _table(kinds: list[str], columns: list[tuple[str, int]], rows: list[LeakRow]) -> Table:
    heads = [text_column("model", "Model")]
    for kind, (heading, count) in zip(kinds, columns, strict=True):
        name = "on_all" if kind == "all" else f"without_{kind}"
        words = f"{heading} ({counted(count, 'image')})"
        heads += [
            Column(name, words, per_cent),
            Column(f"{name}_low", f"{heading}, 95% from", per_cent),
            Column(f"{name}_high", "to", per_cent),
            Column(f"{name}_rank", f"{heading}, rank", whole, sorts="up"),
        ]
    found = [
        (row.model.name, *(value for score in row.scores for value in _values(score)))
        for row in rows
    ]
    caption = "Test accuracy without repeated images and without doubted labels"
    return Table("leaks", caption, tuple(heads), tuple(found))


def _values(score: Score) -> tuple[float, float, float, int]:
    on = score.on_rows
    return on.accuracy, *on.interval, on.rank


def _shown(kept: dict[str, KeptRows]) -> dict[str, KeptRows]:
    """What was left out and left something; both only where each of the two left out some."""
    kinds = {kind: entry for kind, entry in kept.items() if entry.left_out and entry.makers}
    whole = len(kinds) == len(_HEADINGS)
    return {kind: entry for kind, entry in kinds.items() if whole or kind != "both"}


def _leak_row(
    model: Model, everything: dict[str, StandingOnRows], kinds: dict[str, KeptRows]
) -> LeakRow:
    before = everything[model.name]
    after = [entry.makers[model.name] for entry in kinds.values() if entry.makers]
    return LeakRow(model, [Score(entry, entry.rank != before.rank) for entry in (before, *after)])


SECTION = Section(
    key="leaks",
    data=leaks_data,
    is_shown=lambda page: page is not None,
    template="leaks.html.j2",
    title="Accuracy without leaks and doubted labels",
    anchor="leaks",
    chapter="data",
    tables=lambda page: [page.table] if page.rows else [],
)
