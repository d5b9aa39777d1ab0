"""Data of the section on worse images: a small plot a corruption, and everything in numbers."""

from dataclasses import dataclass

from vestry.report.formatting import per_cent, whole, with_interval
from vestry.report.models import Model, models_by_rank
from vestry.report.plot.lines import (
    DrawnSeverityCurves,
    Line,
    SeverityCurves,
    draw_severity_curves,
    series_style,
    severity_axis,
)
from vestry.report.section import Section
from vestry.report.sections import robustness_words as sentences
from vestry.robustness.corruption import ALL
from vestry.schema import robustness as schema
from vestry.schema.results import Results

# The section on worse images in numbers: its tables, and who changes places.


@dataclass(frozen=True)
class Table:
    """Rows are models; the first cell is the name."""

    title: str
    heads: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Change:
    """Two models that change places. altered: by corruption, the differences of the first."""

    ahead: str
    behind: str
    rows: str
    clean: str
    altered: list[str]


def _means(asked: list[Model], found: schema.Robustness) -> Table:
    kinds = [kind.kind for kind in found.kinds]
    heads = ["Model", "Images", "As they are", "All kinds"]
    rows = []
    for model in asked:
        entry = found.asked[model.name]
        cells = [model.name, whole(entry.rows), per_cent(entry.clean)]
        cells.append(with_interval(entry.mean_area, *entry.mean_area_interval))
        rows.append([*cells, *(per_cent(entry.area[kind]) for kind in kinds)])
    title = "Mean accuracy over all strengths"
    return Table(title, [*heads, *(sentences.title(kind) for kind in kinds)], rows)


def _strengths(asked: list[Model], found: schema.Robustness, kind: schema.Corruption) -> Table:
    name = kind.kind
    heads = ["Model", "None", *(sentences.strength(name, value) for value in kind.strengths)]
    rows = []
    for model in asked:
        entry = found.asked[model.name]
        cells = zip(entry.accuracy[name], entry.intervals[name], strict=True)
        clean = with_interval(entry.clean, *entry.clean_interval)
        rows.append([model.name, clean, *(with_interval(v, *ends) for v, ends in cells)])
    return Table(sentences.title(name), heads, rows)


def _changes(found: schema.Robustness) -> list[Change]:
    """One entry a pair; kinds in their order, all of them together last."""
    by_pair: dict[tuple[str, str], list[schema.OrderChange]] = {}
    for change in found.changes:
        by_pair.setdefault((change.ahead, change.behind), []).append(change)
    return [
        Change(
            ahead,
            behind,
            whole(each[0].rows),
            sentences.clean_difference(each[0]),
            [f"{sentences.title(c.kind)} {sentences.difference(c.altered)}" for c in each],
        )
        for (ahead, behind), each in by_pair.items()
    ]


_MOST_NAMED = 5
_ROLES = ("series0", "series2", "series1")
"""Leader, best and worst."""


@dataclass(frozen=True)
class Picture:
    """image: a picture's id. strength: "none", "45°". place: share of the plot's width."""

    image: str
    strength: str
    place: float


@dataclass(frozen=True)
class Panel:
    """One corruption; `pictures` show the same image at each strength."""

    drawing: DrawnSeverityCurves
    pictures: list[Picture]


@dataclass(frozen=True)
class Robustness:
    """label: the class of the image that is shown. panels are empty where nobody was asked."""

    sentences: list[str]
    remark: str
    panels: list[Panel]
    others: str
    label: str
    means: Table | None
    tables: list[Table]
    changes_summary: str
    changes: list[Change]
    how: list[str]
    reasons: list[str]


def robustness_data(results: Results) -> Robustness | None:
    found = results.robustness
    if not found:
        return None
    asked = [m for m in models_by_rank(results) if m.name in found.asked]
    first = _leader(results, found)
    named = _emphasised(asked, first, found)
    image = found.image
    return Robustness(
        sentences=_main_sentences(asked, first, found, results),
        remark=sentences.rows(found),
        panels=_panels(asked, found, named) if asked else [],
        others=_sentences_of_others(len(asked), named),
        label=results.data.classes[image.label] if image else "",
        means=_means(asked, found) if asked else None,
        tables=[_strengths(asked, found, kind) for kind in found.kinds] if asked else [],
        changes_summary=sentences.changes_summary(found) if found.pairs else "",
        changes=_changes(found),
        how=[sentences.how(kind.kind, kind.strengths) for kind in found.kinds]
        + [sentences.OUTSIDE],
        reasons=sentences.reasons(found),
    )


def _leader(results: Results, found: schema.Robustness) -> str:
    """The best by validation of those that were asked; none is ''."""
    return next((row.name for row in results.ranking if row.name in found.asked), "")


def _main_sentences(
    asked: list[Model], first: str, found: schema.Robustness, results: Results
) -> list[str]:
    if not asked:
        return ["No model could be asked about altered images."]
    leads = results.ranking[0].name == first
    texts = [
        sentences.leader(first, found.asked[first], leads, len(asked) == 1),
        sentences.holding_up(first, _ends(asked, found), found),
        sentences.order(first, found),
    ]
    return [text for text in texts if text]


def _ends(asked: list[Model], found: schema.Robustness) -> tuple[str, str]:
    """The models that are most and least often right about corrupted images."""
    names = [model.name for model in asked]

    def area(name: str) -> float:
        return found.asked[name].mean_area

    return max(names, key=area), min(names, key=area)


def _emphasised(asked: list[Model], first: str, found: schema.Robustness) -> list[str]:
    """Who has a colour and a label: all where they are few, else leader, best and worst."""
    if len(asked) <= _MOST_NAMED:
        return [model.name for model in asked]
    return list(dict.fromkeys([first, *_ends(asked, found)]))


def _sentences_of_others(count: int, named: list[str]) -> str:
    if count <= len(named):
        return ""
    return sentences.grey(count - len(named))


def _panels(asked: list[Model], found: schema.Robustness, named: list[str]) -> list[Panel]:
    """The mean over all kinds first, then a plot a kind."""
    entries = found.asked
    kinds = [kind.kind for kind in found.kinds]
    plots = [
        SeverityCurves(
            sentences.title(kind),
            sentences.remark(kind),
            [
                Line(m.name, _values(entries[m.name], kind, kinds), _style(m, asked, named))
                for m in asked
            ],
            named,
        )
        for kind in (ALL, *kinds)
    ]
    axis = severity_axis(plots)
    drawn = [draw_severity_curves(plot, axis) for plot in plots]
    return [
        Panel(drawn[0], []),
        *(
            Panel(drawing, _pictures(kind, drawing.places, found.image))
            for kind, drawing in zip(found.kinds, drawn[1:], strict=True)
        ),
    ]


def _style(model: Model, asked: list[Model], named: list[str]) -> str:
    """The model's own colour; where most are grey, one that says which of the named it is."""
    if len(named) == len(asked) or model.name not in named:
        return series_style(model.series)
    return _ROLES[named.index(model.name)]


def _values(entry: schema.RobustnessOfModel, kind: str, kinds: list[str]) -> list[float | None]:
    """Accuracy on clean images and at each strength, of one kind or the mean over all."""
    if kind != ALL:
        return [entry.clean, *entry.accuracy[kind]]
    levels = zip(*(entry.accuracy[each] for each in kinds), strict=True)
    return [entry.clean, *(sum(level) / len(kinds) for level in levels)]


def _pictures(
    kind: schema.Corruption, places: list[float], image: schema.AlteredImage | None
) -> list[Picture]:
    if image is None:
        return []
    shown = [image.id, *image.pictures[kind.kind]]
    texts = ["none", *(sentences.strength(kind.kind, value) for value in kind.strengths)]
    return [Picture(*row) for row in zip(shown, texts, places, strict=True)]


def robustness_images(found: Robustness | None) -> list[str]:
    """Ids of the pictures that the section shows."""
    panels = found.panels if found else []
    return [picture.image for panel in panels for picture in panel.pictures]


SECTION = Section(
    key="robustness",
    data=robustness_data,
    template="robustness.html.j2",
    style="robustness.css.j2",
    title="Worse images",
    anchor="robustness",
    chapter="trust",
    images=robustness_images,
    dispensable=5,
)
