"""How good every model is class by class, and which networks overfit."""

from dataclasses import dataclass

from vestry.report.formatting import counted, listed, per_cent, whole
from vestry.report.models import Model, models_by_rank, models_in_study_order
from vestry.report.plot.bars import Group, bar_groups
from vestry.report.section import Section
from vestry.report.sections import overfitting
from vestry.schema import analysis as schema
from vestry.schema.analysis import ClassF1, ConfusedPair, Misclassified, MisclassifiedClass
from vestry.schema.results import Results

# Strong and weak classes in words: of one model, and over all of them.


def _classes(rows: list[ClassF1], names: list[str]) -> str:
    """ "Trouser 97.9%, Bag 97.1%"; empty where there are none."""
    return ", ".join(f"{names[row.class_]} {per_cent(row.f1)}" for row in rows)


def _pair_words(found: ConfusedPair, names: list[str]) -> str:
    """ "Shirt and Coat 181: 98 Shirts said to be Coat, 83 the other way"."""
    one, other = (names[label] for label in found.classes)
    return f"{one} and {other}: {whole(found.count)}"


def _both_ways(found: ConfusedPair, names: list[str]) -> str:
    one, other = (names[label] for label in found.classes)
    ways = [(found.i_as_j, one, other), (found.j_as_i, other, one)]
    said = [f"{whole(count)} {truth} as {taken}" for count, truth, taken in ways if count]
    return ", ".join(said)


def _which_ways(found: ConfusedPair, names: list[str]) -> str:
    """As a part of its images."""
    if found.i_as_j and found.j_as_i:
        return f"of which {_both_ways(found, names)}"
    one, other = (names[label] for label in found.classes)
    return f"all {one} as {other}" if found.i_as_j else f"all {other} as {one}"


def performance_words(
    name: str, analysis: schema.Analysis, names: list[str], of_seed: str = ""
) -> str:
    """One model's strong and weak classes and its most confused pair. of_seed: the one that the
    pair's images are of, where there are several."""
    high, low, confused = analysis.high, analysis.low, analysis.confused
    parts = []
    if high and low:
        parts.append(
            f"{name} is best at {names[high[0].class_]} (F1 {per_cent(high[0].f1)}) and worst "
            f"at {names[low[0].class_]} ({per_cent(low[0].f1)})."
        )
    elif not confused:
        return f"{name} confuses no classes."
    if confused:
        first = confused[0]
        one, other = (names[label] for label in first.classes)
        parts.append(
            f"{'It' if parts else name} confuses {one} and {other} most{of_seed}: "
            f"{counted(first.count, 'image')}, {_which_ways(first, names)}."
        )
    return " ".join(parts)


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


def _wrong_for_all(found: Misclassified) -> str | None:
    """Images that no member gets right: no choice among these members gets them right."""
    if found.members < 2 or not found.some_wrong:
        return None
    rows, some, every = found.rows, found.some_wrong, found.all_wrong
    verb = "is" if every == 1 else "are"
    start = (
        f"Of {counted(rows, 'test image')}, {whole(some)} {'is' if some == 1 else 'are'} wrong for "
        "at least one member and "
    )
    if not every:
        return f"{start}none for all: for every image there is a member that gets it right."
    return (
        f"{start}{whole(every)} ({per_cent(every / rows)}) for all {found.members}; no choice "
        f"among these members gets {'that one' if verb == 'is' else 'those'} right."
    )


@dataclass(frozen=True)
class Row:
    """One model's row: classes of high and of low F1 in words, confused pairs with both ways."""

    model: Model
    high: str
    low: str
    confused: list[tuple[str, str]]
    sentence: str


@dataclass(frozen=True)
class HardClass:
    """What all members together make of one class."""

    name: str
    facts: MisclassifiedClass
    taken_for: str


@dataclass(frozen=True)
class Performance:
    """overfitting: a sentence a network."""

    lead: list[str]
    groups: list[Group]
    rows: list[Row]
    hard_classes: list[HardClass]
    members: int
    overfitting: list[str]


def performance_data(results: Results) -> Performance | None:
    """None for a run without any model."""
    ranked = models_by_rank(results)
    if not ranked:
        return None
    names, found = results.data.classes, results.misclassified
    networks = _overfit_networks(results)
    said = [
        _hardest_class(found, names) if found else None,
        _wrong_for_all(found) if found else None,
        overfitting.summary(networks),
    ]
    return Performance(
        lead=[text for text in said if text],
        groups=bar_groups(ranked),
        rows=[_row(model, names) for model in ranked],
        hard_classes=_hard_classes(found, names) if found else [],
        members=found.members if found else 0,
        overfitting=[overfitting.network(name, facts) for name, facts in networks],
    )


def _overfit_networks(results: Results) -> list[tuple[str, schema.Overfitting]]:
    """Networks with both losses, by name, in study order."""
    found = [
        (model.name, model.entry.analysis.overfitting) for model in models_in_study_order(results)
    ]
    return [(name, facts) for name, facts in found if facts]


def _row(model: Model, names: list[str]) -> Row:
    analysis = model.entry.analysis
    return Row(
        model=model,
        high=_classes(analysis.high, names),
        low=_classes(analysis.low, names),
        confused=[(_pair_words(p, names), _both_ways(p, names)) for p in analysis.confused],
        sentence=performance_words(model.name, analysis, names, model.of_seed),
    )


def _hard_classes(found: Misclassified, names: list[str]) -> list[HardClass]:
    """Classes with test images, the hardest first."""
    rows = sorted((row for row in found.classes if row.support), key=lambda row: row.mean_f1)
    return [
        HardClass(
            names[row.class_],
            row,
            ", ".join(f"{names[taken.class_]} {taken.count}" for taken in row.taken_for),
        )
        for row in rows
    ]


SECTION = Section(
    key="analysis",
    data=performance_data,
    template="performance.html.j2",
    style="performance.css.j2",
    title="Classes",
    anchor="analysis",
    chapter="failures",
)
