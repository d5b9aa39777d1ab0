"""The sixth section's data: what a look at the images found before any model."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import NOTHING, decimal, whole
from vestry.report.models import Results
from vestry.report.plot.scatter import COLOURS, Scatter, scatter
from vestry.report.section import Section
from vestry.report.sections import audit_words as sentences
from vestry.report.sections import findings
from vestry.report.sections.findings import Found, finding

_CLASSES_SHOWN = 25
_MEGABYTE = 1e6
_COARSE = 256


@dataclass(frozen=True)
class Kind:
    """One class: its mean image (or None), samples, and figures of the first split."""

    name: str
    mean_image: str | None
    samples: list[str]
    rows: int
    mean: str
    deviation: str


@dataclass(frozen=True)
class SplitFacts:
    name: str
    shape: str
    values: str
    mean: str
    deviation: str
    missing: str
    bytes: str
    class_means: list[str]


@dataclass(frozen=True)
class HeatMap:
    """rows: of the image. coarse: fewer pixels than the page shows it with, to be kept sharp."""

    sentence: str
    remark: str
    rows: int
    coarse: bool


@dataclass(frozen=True)
class Exploration:
    size: str
    brightness: str | None
    splits: list[SplitFacts]
    classes: list[str]
    audit: str
    found: list[Found]
    not_found: list[tuple[str, str]]
    notes: list[str]
    kinds: list[Kind]
    more_kinds: list[Kind]
    kinds_remark: str
    correlation: HeatMap
    scatters: list[Scatter]
    sample: str | None
    colours: str | None
    overlap: str | None
    overlap_remark: str | None


def exploration_data(results: Results) -> Exploration | None:
    """None for a run that did not look at its data."""
    found = results.get("exploration")
    if not found:
        return None
    facts, split = found["facts"], found["first_split"]
    classes = facts["classes"]
    kinds = _class_kinds(found)
    scatters, coloured = _drawn_scatters(found)
    return Exploration(
        size=sentences.size(facts),
        brightness=sentences.classes_apart(facts, split),
        splits=[_split_facts(name, values) for name, values in facts["splits"].items()],
        classes=classes,
        audit=sentences.audit(found["findings"]),
        found=[finding(entry, classes) for entry in found["findings"] if entry["count"]],
        not_found=[
            (findings.title(entry), findings.nothing(entry, classes))
            for entry in found["findings"]
            if not entry["count"]
        ],
        notes=found["notes"],
        kinds=kinds[:_CLASSES_SHOWN],
        more_kinds=kinds[_CLASSES_SHOWN:],
        kinds_remark=sentences.samples_remark(found["samples"], split, len(classes)),
        correlation=HeatMap(
            sentences.correlation(found["correlation"]),
            sentences.correlation_remark(found["correlation"]),
            found["correlation"]["size"][0],
            found["correlation"]["size"][0] * found["correlation"]["size"][1] < _COARSE,
        ),
        scatters=scatters,
        sample=sentences.sample(found["sample"], found["seed"], split) if scatters else None,
        colours=sentences.colours(coloured, len(classes)) if scatters else None,
        overlap=sentences.overlap(found["overlap"], classes) if found["overlap"] else None,
        overlap_remark=sentences.overlap_remark(found["overlap"]) if found["overlap"] else None,
    )


def _split_facts(name: str, values: dict[str, Any]) -> SplitFacts:
    pixels, missing = values["pixel_range"], values["missing_values"]
    return SplitFacts(
        name=name,
        shape=" \u00d7 ".join(whole(side) for side in values["shape"]),
        values=f"{pixels[0]} to {pixels[1]}" if pixels else NOTHING,
        mean=decimal(values["pixel_mean"], 1),
        deviation=decimal(values["pixel_deviation"], 1),
        missing="none possible" if missing is None else whole(missing),
        bytes=_memory(values["bytes"]),
        class_means=[
            f"{decimal(mean, 1)} \u00b1 {decimal(deviation, 1)}"
            for mean, deviation in zip(
                values["class_means"], values["class_deviations"], strict=True
            )
        ],
    )


def _memory(count: int) -> str:
    return f"{count / _MEGABYTE:.1f} MB" if count >= _MEGABYTE / 10 else f"{count / 1000:.1f} kB"


def _class_kinds(found: dict[str, Any]) -> list[Kind]:
    facts = found["facts"]
    values = facts["splits"][found["first_split"]]
    pictured = set(found["mean_images"])
    kinds = []
    for label, samples in enumerate(found["samples"]["ids"]):
        picture = f"mean/{label}"
        kinds.append(
            Kind(
                name=facts["classes"][label],
                mean_image=picture if picture in pictured else None,
                samples=samples,
                rows=values["class_counts"][label],
                mean=decimal(values["class_means"][label], 1),
                deviation=decimal(values["class_deviations"][label], 1),
            )
        )
    return kinds


def _drawn_scatters(found: dict[str, Any]) -> tuple[list[Scatter], int]:
    """PCA and t-SNE, whichever there are, and how many classes are coloured."""
    if not found["pca"]:
        return [], 0
    classes, labels = found["facts"]["classes"], found["sample"]["labels"]
    coloured = coloured_classes(found, labels)
    pca, tsne = found["pca"], found["tsne"]
    shown = [("PCA", sentences.pca_remark(pca), pca)]
    if tsne:
        shown.append(("t-SNE", sentences.tsne_remark(tsne, pca["components"]), tsne))
    return [scatter(*parts, labels, classes, coloured) for parts in shown], len(coloured)


def coloured_classes(found: dict[str, Any], labels: list[int]) -> list[int]:
    """All classes where each can have a colour; else those that share most neighbours."""
    present = sorted(set(labels))
    if len(present) <= COLOURS:
        return present
    mixed = [label for pair in found["overlap"]["pairs"] for label in pair["classes"]]
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


SECTION = Section(
    key="exploration",
    data=exploration_data,
    template="audit.html.j2",
    title="The images",
    anchor="exploration",
    images=exploration_images,
    dispensable=8,
)
