"""How good every model is class by class, and what all members together get wrong."""

from collections.abc import Iterator
from dataclasses import dataclass

from vestry.report.formatting import listed, per_cent, whole
from vestry.report.models import Model, models_by_rank
from vestry.report.section import Section
from vestry.report.sections.class_scores import score_values
from vestry.report.table import Column, Table, text_column
from vestry.schema.analysis import Misclassified, MisclassifiedClass
from vestry.schema.results import Results


@dataclass(frozen=True)
class ClassReport:
    """One model's scores class by class. remark: what its intervals or seeds ask to be said."""

    model: Model
    table: Table
    remark: str | None


@dataclass(frozen=True)
class Performance:
    """hardest: every class over all members. pairs: which classes are taken for one another."""

    lead: list[str]
    reports: list[ClassReport]
    hardest: Table | None
    pairs: Table


def performance_data(results: Results) -> Performance | None:
    """None for a run without any model."""
    ranked = models_by_rank(results)
    if not ranked:
        return None
    names, found = results.data.classes, results.misclassified
    said = [_hardest_class(found, names), wrong_for_all(found)] if found else []
    return Performance(
        lead=[text for text in said if text],
        reports=[ClassReport(model, _report(model, names), _remark(model)) for model in ranked],
        hardest=_hardest_classes(found, names) if found else None,
        pairs=_pairs(ranked, names),
    )


def _report(model: Model, classes: list[str]) -> Table:
    scores = model.entry.scores.test.per_class
    return Table(
        f"report-{model.slug}",
        f"Every class of {model.name}, test images",
        (
            text_column("class", "Class"),
            Column("support", "Images", whole),
            *_share_columns("recall", "Recall"),
            *_share_columns("precision", "Precision"),
            Column("f1", "F1", per_cent, sorts="up"),
        ),
        tuple((name, *score_values(scores[name])) for name in classes),
    )


def _share_columns(key: str, title: str) -> tuple[Column, ...]:
    return (
        Column(key, title, per_cent, sorts="up"),
        Column(f"{key}_low", "95% from", per_cent, sorts="up"),
        Column(f"{key}_high", "to", per_cent, sorts="up"),
    )


def _remark(model: Model) -> str | None:
    seeds = len(model.entry.seeds)
    if seeds < 2:
        return None
    return f"Means over its {seeds} seeds, which have no interval."


# What is wrong over all members, in words.


def _hardest_class(found: Misclassified, names: list[str]) -> str | None:
    """The class with the lowest mean F1 over all members, and what it is taken for."""
    rows = [row for row in found.classes if row.support and row.wrong]
    if not rows:
        return None
    worst = min(rows, key=lambda row: row.mean_f1)
    text = f"{names[worst.class_]} is the hardest class: {_mean_words(found, worst)}"
    taken = [f"{names[row.class_]} ({whole(row.count)})" for row in worst.taken_for]
    return f"{text}, most often taken for {listed(taken)}." if taken else f"{text}."


def _mean_words(found: Misclassified, row: MisclassifiedClass) -> str:
    if found.members == 1:
        return f"F1 {per_cent(row.mean_f1)}"
    return f"F1 {per_cent(row.mean_f1)} as the mean of {found.members} members"


def wrong_for_all(found: Misclassified) -> str | None:
    """Images that no member gets right: no choice among these members gets them right."""
    if found.members < 2 or not found.some_wrong:
        return None
    every = found.all_wrong
    if not every:
        return "For every test image there is a member that gets it right."
    return (
        f"No member is right on {whole(every)} of {whole(found.rows)} test images "
        f"({per_cent(every / found.rows)})."
    )


def _hardest_classes(found: Misclassified, names: list[str]) -> Table:
    """Classes with test images, the hardest first."""
    rows = sorted((row for row in found.classes if row.support), key=lambda row: row.mean_f1)
    of = f"all {found.members} members" if found.members > 1 else "the one member"
    return Table(
        "hardest-classes",
        f"Every class over {of}, hardest first",
        (
            text_column("class", "Class"),
            Column("mean_f1", "Mean F1", per_cent, sorts="up"),
            Column("support", "Images", whole),
            Column("some_wrong", "Some member wrong", whole),
            Column("all_wrong", "All wrong", whole),
            Column("wrong", "Mistakes of all members", whole),
            text_column("taken_for", "Most often taken for"),
        ),
        tuple(_hard_row(row, names) for row in rows),
    )


def _hard_row(row: MisclassifiedClass, names: list[str]) -> tuple[str | float, ...]:
    taken = ", ".join(f"{names[other.class_]} {other.count}" for other in row.taken_for)
    counts = (row.support, row.some_wrong, row.all_wrong, row.wrong)
    return (names[row.class_], row.mean_f1, *counts, taken)


def _pairs(ranked: list[Model], names: list[str]) -> Table:
    """The ten most confused pairs of every model, both ways added."""
    return Table(
        "confused-pairs",
        "Pairs of classes that each model confuses most, test images",
        (
            text_column("model", "Model"),
            text_column("one", "Class"),
            text_column("other", "and"),
            Column("count", "Both ways", whole),
            Column("one_as_other", "First called second", whole),
            Column("other_as_one", "Second called first", whole),
        ),
        tuple(
            (model.name, *(names[i] for i in pair.classes), pair.count, pair.i_as_j, pair.j_as_i)
            for model in ranked
            for pair in model.entry.analysis.confused
        ),
    )


def _tables(page: Performance) -> Iterator[Table]:
    yield from (report.table for report in page.reports)
    if page.hardest:
        yield page.hardest
    yield page.pairs


SECTION = Section(
    key="analysis",
    data=performance_data,
    template="performance.html.j2",
    style="performance.css.j2",
    title="Every class of a model",
    anchor="analysis",
    chapter="failures",
    tables=_tables,
)
