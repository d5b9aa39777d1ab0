"""The classes in the plane: which lie among each other, before any model."""

from dataclasses import dataclass

from vestry.report.formatting import counted, per_cent, whole
from vestry.report.plot.figure import Figure
from vestry.report.plot.scatter import COLOURS, Cloud, scatter
from vestry.report.section import Section
from vestry.schema import exploration as schema
from vestry.schema.exploration import ExplorationResults
from vestry.schema.results import Results

_CHOICES = 10


@dataclass(frozen=True)
class Choice:
    """A class that a click highlights. colour: of its dots; None where it is grey."""

    label: int
    name: str
    colour: str | None


@dataclass(frozen=True)
class ClassMap:
    """figure: what is shown open; others: folded. choices: the classes, those beyond a bound in
    `more`. overlap: which classes lie among each other, in words."""

    figure: Figure
    others: list[Figure]
    choices: list[Choice]
    more: list[Choice]
    overlap: str | None
    remarks: list[str]


def class_map(results: Results | ExplorationResults) -> ClassMap | None:
    """None where too few images were looked at, or none."""
    found = results.exploration
    if not found or not found.pca or not found.sample:
        return None
    classes = found.facts.classes
    coloured = coloured_classes(found.overlap, found.sample.labels)
    first, *others = _figures(found, found.pca, found.sample, coloured)
    present = sorted(set(found.sample.labels))
    choices = [_choice(label, classes, coloured) for label in [*coloured, *present]]
    choices = list({choice.label: choice for choice in choices}.values())
    remarks = [
        _sample(found.sample, found.seed, found.first_split),
        _tsne_remark(found),
        colours(len(coloured), len(classes)),
        _overlap_remark(found.overlap) if found.overlap else None,
    ]
    return ClassMap(
        figure=first,
        others=others,
        choices=choices[:_CHOICES],
        more=choices[_CHOICES:],
        overlap=overlap(found.overlap, classes) if found.overlap else None,
        remarks=[text for text in remarks if text],
    )


def _choice(label: int, classes: list[str], coloured: list[int]) -> Choice:
    colour = f"p{coloured.index(label) % COLOURS}" if label in coloured else None
    return Choice(label, classes[label], colour)


def _figures(
    found: schema.Exploration, pca: schema.Pca, sample: schema.Sample, coloured: list[int]
) -> list[Figure]:
    """t-SNE first where it was made, then PCA."""
    classes, labels = found.facts.classes, sample.labels
    across, up = (f"component {place}" for place in (1, 2))
    drawn = [
        scatter(
            "classes-pca",
            "Classes in the plane of two principal components",
            Cloud(pca.x, pca.y, labels, classes, coloured, (across, up)),
            _pca_remark(pca),
        )
    ]
    if tsne := found.tsne:
        axes = ("t-SNE 1, no unit", "t-SNE 2, no unit")
        drawn.insert(
            0,
            scatter(
                "classes",
                "Map of the classes, one dot an image",
                Cloud(tsne.x, tsne.y, labels, classes, coloured, axes),
                "",
            ),
        )
    return drawn


def coloured_classes(found: schema.Overlap | None, labels: list[int]) -> list[int]:
    """All classes where each can have a colour; else those that share most neighbours."""
    present = sorted(set(labels))
    if len(present) <= COLOURS:
        return present
    mixed = [label for pair in (found.pairs if found else ()) for label in pair.classes]
    return sorted(list(dict.fromkeys([*mixed, *present]))[:COLOURS])


# In words.


def _sample(sample: schema.Sample, seed: int, split: str) -> str:
    if sample.rows == sample.of:
        return f"Dots are all {whole(sample.rows)} {split} images."
    return (
        f"Dots are {whole(sample.rows)} of {whole(sample.of)} {split} images, drawn by class with "
        f"seed {seed}."
    )


def _pca_remark(pca: schema.Pca) -> str:
    """What the two axes explain."""
    across, down = pca.explained
    return (
        f"The axes explain {per_cent(across)} and {per_cent(down)} of the variance; all "
        f"{pca.components} components {per_cent(pca.explained_by_all)}."
    )


def _tsne_remark(found: schema.Exploration) -> str | None:
    if not found.tsne or not found.pca:
        return None
    return (
        f"The map is t-SNE from {found.pca.components} principal components, perplexity "
        f"{found.tsne.perplexity:g}, {found.tsne.steps} steps. Near stays near; distances between "
        "groups and their sizes mean nothing."
    )


def overlap(found: schema.Overlap, classes: list[str]) -> str:
    """Which classes lie among each other, and which keep to themselves."""
    own = [(share, classes[i]) for i, share in enumerate(found.own) if share is not None]
    if not found.pairs or len(own) < 2:
        return "No image has a neighbour of another class."
    first, *rest = found.pairs[:3]
    one, other = (classes[label] for label in first.classes)
    text = (
        f"{one} and {other} overlap most: of the {found.neighbours} nearest neighbours of "
        f"each of their images, {per_cent(first.share)} belong to the other of the two"
    )
    if rest:
        pairs = [
            f"{classes[p.classes[0]]} and {classes[p.classes[1]]} ({per_cent(p.share)})"
            for p in rest
        ]
        text += f"; then {'; '.join(pairs)}"
    alone, mixed = max(own), min(own)
    return (
        f"{text}. {alone[1]} keeps to itself most, with {per_cent(alone[0])} of its neighbours "
        f"its own; {mixed[1]} least, with {per_cent(mixed[0])}."
    )


def _overlap_remark(found: schema.Overlap) -> str:
    return (
        f"Overlap is counted among {counted(found.neighbours, 'nearest neighbour')} in the space "
        f"of {found.dimensions} principal components, not in the plane of the figures."
    )


def colours(coloured: int, classes: int) -> str | None:
    """Which classes have a colour, where not all have."""
    if coloured == classes:
        return None
    return (
        f"Of {classes} classes the {coloured} that share most neighbours are coloured and named; "
        "the others are grey until they are chosen."
    )


SECTION = Section(
    key="class_map",
    data=class_map,
    is_shown=lambda page: page is not None,
    template="class_map.html.j2",
    title="Which classes lie among each other",
    anchor="class-map",
    chapter="data",
    figures=lambda page: [page.figure, *page.others],
)
