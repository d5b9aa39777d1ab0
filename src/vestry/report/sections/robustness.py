"""Data of the section on worse images: a small plot a corruption, and everything in numbers."""

from dataclasses import dataclass

from vestry.report.formatting import per_cent, points, whole
from vestry.report.models import Model, main_model, models_by_rank
from vestry.report.plot.figure import Figure
from vestry.report.plot.severities import Severities, mean_figure, severities_figure
from vestry.report.section import Section
from vestry.report.sections import robustness_words as sentences
from vestry.report.table import Column, Table, Value, text_column
from vestry.robustness.corruption import ALL
from vestry.schema import robustness as schema
from vestry.schema.results import Results

_MOST_CHOSEN = 11


@dataclass(frozen=True)
class Pictures:
    """One image in every strength of a corruption. pictures: (id, strength in words)."""

    title: str
    pictures: list[tuple[str, str]]


@dataclass(frozen=True)
class Robustness:
    """finding: one sentence for the chapter. chosen: `every` with each other model in front, for
    who picks it. label: the class of the image that is shown. Nothing is drawn where nobody was
    asked."""

    finding: str
    sentences: list[str]
    remark: str
    every: Figure | None
    chosen: list[tuple[Model, Figure]]
    by_kind: Figure | None
    pictures: list[Pictures]
    label: str
    means: Table | None
    changes_summary: str
    changes: Table | None
    how: list[str]
    reasons: list[str]


def robustness_data(results: Results) -> Robustness | None:
    found = results.robustness
    if not found:
        return None
    asked = [m for m in models_by_rank(results) if m.name in found.asked]
    main = _main(results, asked)
    table = _strengths(asked, found) if asked else None
    every = _every(asked, main, found) if main else None
    return Robustness(
        finding=sentences.finding(main.name, found) if main else "",
        sentences=_main_sentences(asked, main, found, results),
        remark=sentences.rows(found),
        every=every,
        chosen=_chosen(asked, main, found, every.data) if main and every else [],
        by_kind=_by_kind(asked, main, found, table) if main and table else None,
        pictures=_pictures(found) if asked else [],
        label=results.data.classes[found.image.label] if found.image else "",
        means=_means(asked, found) if asked else None,
        changes_summary=sentences.changes_summary(found) if found.pairs else "",
        changes=_changes(found) if found.changes else None,
        how=[sentences.how(kind.kind, kind.strengths) for kind in found.kinds]
        + [sentences.OUTSIDE],
        reasons=sentences.reasons(found),
    )


def _main(results: Results, asked: list[Model]) -> Model | None:
    """The page's main model, or the best by validation of those that were asked."""
    main = main_model(results)
    named = [model for model in asked if main is not None and model.name == main.name]
    return next(iter([*named, *asked]), None)


def _main_sentences(
    asked: list[Model], main: Model | None, found: schema.Robustness, results: Results
) -> list[str]:
    if main is None:
        return ["No model could be asked about altered images."]
    texts = [
        sentences.leader(main.name, found.asked[main.name], _role(asked, main, results)),
        sentences.holding_up(main.name, _ends(asked, found), found),
        sentences.order(main.name, found),
    ]
    return [text for text in texts if text]


def _role(asked: list[Model], main: Model, results: Results) -> str:
    if len(asked) == 1:
        return ""
    if results.ranking[0].name == main.name:
        return ", the leader by validation,"
    taken = main_model(results)
    if taken is not None and taken.name == main.name:
        return ", the recommended model,"
    return ", the best by validation of those that could be asked,"


def _ends(asked: list[Model], found: schema.Robustness) -> tuple[str, str]:
    """The models that are most and least often right about corrupted images."""
    names = [model.name for model in asked]

    def area(name: str) -> float:
        return found.asked[name].mean_area

    return max(names, key=area), min(names, key=area)


def _every(asked: list[Model], main: Model, found: schema.Robustness) -> Figure:
    every = _severities(ALL, asked, main, found)
    return mean_figure(every, main, _mean_table(every))


def _chosen(
    asked: list[Model], main: Model, found: schema.Robustness, data: Table
) -> list[tuple[Model, Figure]]:
    return [
        (one, mean_figure(_severities(ALL, asked, one, found), one, data, f"worse-{one.anchor}"))
        for one in [model for model in asked if model is not main][:_MOST_CHOSEN]
    ]


def _mean_table(every: Severities) -> Table:
    columns = (
        text_column("model", "Model"),
        Column("severity", "Severity", whole),
        Column("accuracy", "Accuracy, mean of all kinds", per_cent),
    )
    rows = [
        (model.name, severity, value)
        for model, curve in every.curves
        for severity, value in enumerate(curve)
    ]
    return Table("worse-images", "Accuracy over severity, all kinds", columns, tuple(rows))


def _by_kind(asked: list[Model], main: Model, found: schema.Robustness, data: Table) -> Figure:
    kinds = [ALL, *(kind.kind for kind in found.kinds)]
    plots = [_severities(kind, asked, main, found) for kind in kinds]
    return severities_figure(plots, main, data)


def _severities(kind: str, asked: list[Model], main: Model, found: schema.Robustness) -> Severities:
    """The main model is named, and who does best where that is another one."""
    strengths = {each.kind: each.strengths for each in found.kinds}
    curves = [(model, _values(found.asked[model.name], kind)) for model in asked]
    best = max(curves, key=lambda curve: (sum(curve[1][1:]), curve[0].name == main.name))[0]
    last = "strongest" if kind == ALL else sentences.strength(kind, strengths[kind][-1])
    return Severities(
        title=sentences.title(kind),
        remark=sentences.remark(kind),
        ends=("none", last),
        curves=curves,
        named=list(dict.fromkeys([main.name, best.name])),
    )


def _values(entry: schema.RobustnessOfModel, kind: str) -> list[float]:
    """Accuracy on clean images and at each strength, of one kind or the mean over all."""
    if kind != ALL:
        return [entry.clean, *entry.accuracy[kind]]
    levels = zip(*entry.accuracy.values(), strict=True)
    return [entry.clean, *(sum(level) / len(level) for level in levels)]


def _pictures(found: schema.Robustness) -> list[Pictures]:
    image = found.image
    if image is None:
        return []
    return [
        Pictures(
            sentences.title(kind.kind),
            [
                (image.id, "none"),
                *(
                    (picture, sentences.strength(kind.kind, value))
                    for picture, value in zip(
                        image.pictures[kind.kind], kind.strengths, strict=True
                    )
                ),
            ],
        )
        for kind in found.kinds
    ]


# The same in numbers, and who changes places.


def _means(asked: list[Model], found: schema.Robustness) -> Table:
    kinds = [kind.kind for kind in found.kinds]
    columns = (
        text_column("model", "Model"),
        Column("images", "Images", whole),
        Column("clean", "As they are", per_cent),
        Column("mean", "All kinds", per_cent),
        Column("mean_low", "95% from", per_cent),
        Column("mean_high", "to", per_cent),
        *(Column(kind, sentences.title(kind), per_cent) for kind in kinds),
    )
    rows: list[tuple[Value, ...]] = [
        (
            model.name, entry.rows, entry.clean, entry.mean_area, *entry.mean_area_interval,
            *(entry.area[kind] for kind in kinds),
        )
        for model in asked
        for entry in [found.asked[model.name]]
    ]  # fmt: skip
    return Table("worse-images-means", "Mean accuracy over all strengths", columns, tuple(rows))


def _strengths(asked: list[Model], found: schema.Robustness) -> Table:
    """Every model at every strength of every kind."""
    columns = (
        text_column("kind", "Kind"),
        Column("severity", "Severity", whole),
        text_column("strength", "Strength"),
        text_column("model", "Model"),
        Column("accuracy", "Accuracy", per_cent),
        Column("low", "95% from", per_cent),
        Column("high", "to", per_cent),
    )
    rows: list[tuple[Value, ...]] = [
        ("clean", 0, "none", name, entry.clean, *entry.clean_interval)
        for name, entry in ((model.name, found.asked[model.name]) for model in asked)
    ]
    for kind in found.kinds:
        for place, value in enumerate(kind.strengths):
            strength = sentences.strength(kind.kind, value)
            for model in asked:
                entry = found.asked[model.name]
                figures = (entry.accuracy[kind.kind][place], *entry.intervals[kind.kind][place])
                rows.append((kind.kind, place + 1, strength, model.name, *figures))
    caption = "Accuracy of every model at every strength"
    return Table("worse-images-by-kind", caption, columns, tuple(rows))


def _changes(found: schema.Robustness) -> Table:
    """A row a pair that changes places and a kind of alteration."""
    columns = (
        text_column("ahead", "Ahead on altered images"),
        text_column("behind", "Of"),
        text_column("kind", "Kind"),
        Column("images", "Images", whole),
        Column("altered", "By, in points", points),
        Column("altered_low", "95% from", points),
        Column("altered_high", "to", points),
        Column("clean", "On clean images", points),
        Column("clean_low", "95% from", points),
        Column("clean_high", "to", points),
        Column("clean_significant", "Clean difference", _significance, is_number=False),
    )
    rows: list[tuple[Value, ...]] = [
        (
            change.ahead, change.behind, sentences.title(change.kind), change.rows,
            change.altered.value, *change.altered.interval,
            change.clean.value, *change.clean.interval, change.clean_beyond_chance,
        )
        for change in found.changes
    ]  # fmt: skip
    return Table("worse-images-order", "Who changes places", columns, tuple(rows))


def _significance(is_significant: bool) -> str:
    return "significant" if is_significant else "may be chance"


def robustness_images(found: Robustness | None) -> list[str]:
    """Ids of the pictures that the section shows."""
    rows = found.pictures if found else []
    return list(dict.fromkeys(image for row in rows for image, _ in row.pictures))


def _tables(found: Robustness) -> list[Table]:
    return [each for each in (found.means, found.changes) if each]


def _figures(found: Robustness) -> list[Figure]:
    return [figure for figure in (found.every, found.by_kind) if figure]


SECTION = Section(
    key="robustness",
    data=robustness_data,
    template="robustness.html.j2",
    style="robustness.css.j2",
    title="Worse images, kind by kind",
    anchor="robustness",
    chapter="trust",
    tables=_tables,
    figures=_figures,
    images=robustness_images,
    dispensable=5,
)
