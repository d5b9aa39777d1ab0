"""The section on the look at the images before any model, in figures, pictures and words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vestry.report.formatting import counted, decimal, per_cent, whole
from vestry.report.plot.scatter import COLOURS, Scatter, scatter
from vestry.report.section import Section
from vestry.report.sections import findings
from vestry.report.sections.findings import Found, finding
from vestry.schema import exploration as schema
from vestry.schema.exploration_results import ExplorationResults
from vestry.schema.results import Results

_CLASSES_SHOWN = 25
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Kind:
    """One class: its mean image (or None), samples, and figures of the first split."""

    name: str
    mean_image: str | None
    samples: list[str]
    rows: int
    mean: float | None
    deviation: float | None


@dataclass(frozen=True)
class Exploration:
    """looked: what was found; memory: what each split's images take."""

    looked: schema.Exploration
    size: str
    brightness: str | None
    memory: dict[str, str]
    audit: str
    found: list[Found]
    not_found: list[tuple[str, str]]
    kinds: list[Kind]
    more_kinds: list[Kind]
    kinds_remark: str
    correlation: str
    correlation_remark: str
    scatters: list[Scatter]
    sample: str | None
    colours: str | None
    overlap: str | None
    overlap_remark: str | None


def exploration_data(results: Results | ExplorationResults) -> Exploration | None:
    """None for a run that did not look at its data."""
    found = results.exploration
    if not found:
        return None
    facts, split = found.facts, found.first_split
    classes, kinds = facts.classes, _class_kinds(found)
    coloured = coloured_classes(found.overlap, found.sample.labels) if found.sample else []
    return Exploration(
        looked=found,
        size=_size(facts),
        brightness=_brightest_and_darkest(facts, split),
        memory={name: _memory(values.bytes) for name, values in facts.splits.items()},
        audit=_audit(found.findings),
        found=[finding(entry, classes) for entry in found.findings if entry.count],
        not_found=[
            (findings.title(entry), findings.nothing(entry, classes))
            for entry in found.findings
            if not entry.count
        ],
        kinds=kinds[:_CLASSES_SHOWN],
        more_kinds=kinds[_CLASSES_SHOWN:],
        kinds_remark=_samples_remark(found.samples, split, len(classes)),
        correlation=_correlation(found.correlation),
        correlation_remark=_correlation_remark(found.correlation),
        scatters=_drawn_scatters(found, coloured),
        sample=_sample(found.sample, found.seed, split) if found.sample else None,
        colours=colours(len(coloured), len(classes)) if found.sample else None,
        overlap=overlap(found.overlap, classes) if found.overlap else None,
        overlap_remark=_overlap_remark(found.overlap) if found.overlap else None,
    )


def _memory(count: int) -> str:
    return f"{count / _MEGABYTE:.1f} MB" if count >= _MEGABYTE / 10 else f"{count / 1000:.1f} kB"


def _class_kinds(found: schema.Exploration) -> list[Kind]:
    values = found.facts.splits[found.first_split]
    return [
        Kind(
            name=found.facts.classes[label],
            mean_image=f"mean/{label}" if f"mean/{label}" in found.mean_images else None,
            samples=samples,
            rows=values.class_counts[label],
            mean=values.class_means[label],
            deviation=values.class_deviations[label],
        )
        for label, samples in enumerate(found.samples.ids)
    ]


def _drawn_scatters(found: schema.Exploration, coloured: list[int]) -> list[Scatter]:
    """PCA and t-SNE, whichever there are."""
    pca, tsne, sample, classes = found.pca, found.tsne, found.sample, found.facts.classes
    if not pca or not sample:
        return []
    drawn = [("PCA", _pca_remark(pca), {"x": pca.x, "y": pca.y})]
    if tsne:
        remark = _tsne_remark(tsne, pca.components)
        drawn.append(("t-SNE", remark, {"x": tsne.x, "y": tsne.y}))
    return [scatter(*parts, sample.labels, classes, coloured) for parts in drawn]


def coloured_classes(found: schema.Overlap | None, labels: list[int]) -> list[int]:
    """All classes where each can have a colour; else those that share most neighbours."""
    present = sorted(set(labels))
    if len(present) <= COLOURS:
        return present
    mixed = [label for pair in (found.pairs if found else ()) for label in pair.classes]
    return sorted(list(dict.fromkeys([*mixed, *present]))[:COLOURS])


def exploration_images(page: Exploration | None) -> Iterator[str]:
    """Ids of all pictures of the section, findings first."""
    if page is None:
        return
    for entry in page.found:
        for group in entry.groups:
            yield from (shown.image for shown in group.images)
    for kind in [*page.kinds, *page.more_kinds]:
        if kind.mean_image:
            yield kind.mean_image
        yield from kind.samples


# In words.


def _size(facts: schema.Facts) -> str:
    """What one image is."""
    height, width, *_ = facts.image_shape
    colour = "in colour (red, green, blue)" if facts.colour else "in grey"
    return (
        f"Each image is {height} \u00d7 {width} pixels {colour}, held as {facts.dtype} "
        f"(0 to 255), with one of {len(facts.classes)} labels."
    )


def _brightest_and_darkest(facts: schema.Facts, split: str) -> str | None:
    means = facts.splits[split].class_means
    known = [(mean, facts.classes[i]) for i, mean in enumerate(means) if mean is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    return (
        f"The brightest class is {high[1]} (mean pixel {decimal(high[0], 1)}), "
        f"the darkest {low[1]} ({decimal(low[0], 1)})."
    )


def _audit(entries: Sequence[schema.Finding]) -> str:
    """How many of the searches found something."""
    found, searches = sum(entry.count > 0 for entry in entries), len(entries)
    if not found:
        return f"{counted(searches, 'search', 'searches')}, and none found anything."
    return (
        f"{found} of {counted(searches, 'search', 'searches')} found something. "
        "How severe that is depends on the use, so there is no overall mark."
    )


def _correlation(facts: schema.Correlation) -> str:
    """How near and distant pixels vary together."""
    near, far = facts.side_by_side, facts.far_apart
    said = []
    if near is not None:
        said.append(f"Pixels side by side have a mean correlation of {decimal(near, 2)}.")
    if far is not None:
        said.append(
            f"For pixels half the image or more apart it is {decimal(round(far, 2) + 0.0, 2)}."
        )
    text = " ".join(said) or "No two pixels that vary stand side by side."
    if facts.constant:
        text += (
            f" {whole(facts.constant)} of {whole(facts.size[0] * facts.size[1])} pixels "
            "never vary and have no correlation (grey)."
        )
    return text


def _correlation_remark(facts: schema.Correlation) -> str:
    """What the matrix was computed from."""
    height, width = facts.size
    text = (
        f"Pearson\u2019s correlation of each pair of {whole(height * width)} pixels over "
        f"{counted(facts.rows, 'image')}, pixels in reading order."
    )
    if facts.grey_from_colour:
        text += " Colours were averaged to grey."
    if facts.averaged_from:
        before = facts.averaged_from
        text += (
            f" Images were averaged down from {before[0]} \u00d7 {before[1]} to "
            f"{height} \u00d7 {width}."
        )
    return text


def _sample(facts: schema.Sample, seed: int, split: str) -> str:
    if facts.rows == facts.of:
        return f"All {whole(facts.rows)} {split} images."
    return (
        f"{whole(facts.rows)} of {whole(facts.of)} {split} images, drawn by class with seed {seed}."
    )


def _pca_remark(pca: schema.Pca) -> str:
    """What the two axes explain."""
    across, down = pca.explained
    return (
        f"The axes explain {per_cent(across)} and {per_cent(down)} of the variance; all "
        f"{pca.components} components {per_cent(pca.explained_by_all)}."
    )


def _tsne_remark(tsne: schema.Tsne, components: int) -> str:
    return (
        f"From {components} principal components, perplexity {tsne.perplexity:g}, "
        f"{tsne.steps} steps. Near stays near; distances between groups and their sizes mean "
        "nothing."
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
        f"Counted among {counted(found.neighbours, 'nearest neighbour')} in the space of "
        f"{found.dimensions} principal components, not in the plane of the figures."
    )


def colours(coloured: int, classes: int) -> str | None:
    """Which classes have a colour, where not all have."""
    if coloured == classes:
        return None
    return (
        f"Of {classes} classes the {coloured} that share most neighbours are coloured and named; "
        "the others are grey."
    )


def _samples_remark(samples: schema.ClassSamples, split: str, classes: int) -> str:
    text = (
        f"The mean image of each class, then up to {samples.a_class} of its {split} images, "
        f"drawn with seed {samples.seed}."
    )
    if len(samples.ids) < classes:
        text += f" The first {len(samples.ids)} of {classes} classes."
    return text


SECTION = Section(
    key="exploration",
    data=exploration_data,
    template="audit.html.j2",
    title="The images",
    anchor="exploration",
    chapter="data",
    images=exploration_images,
    dispensable=8,
)
