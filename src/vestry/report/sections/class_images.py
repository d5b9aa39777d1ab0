"""What the images look like: a seeded draw of them, and of each class its mean and some of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from vestry.report.section import Section
from vestry.schema import exploration as schema
from vestry.schema.exploration import ExplorationResults
from vestry.schema.results import Results

_CLASSES_SHOWN = 12


@dataclass(frozen=True)
class Kind:
    """One class: its mean image (or None), samples, and figures of the first split."""

    name: str
    mean_image: str | None
    samples: list[str]
    rows: int


@dataclass(frozen=True)
class ClassImages:
    """drawn: (id, label) of a seeded draw. kinds: those beyond a bound in `more_kinds`."""

    drawn: list[tuple[str, str]]
    columns: int
    seed: int | None
    kinds: list[Kind]
    more_kinds: list[Kind]
    remark: str | None


def class_images(results: Results | ExplorationResults) -> ClassImages | None:
    """None where there are no images."""
    data, look = results.data, results.exploration
    samples = data.samples
    kinds = _kinds(look) if look else []
    if not samples.ids and not kinds:
        return None
    labels = [data.classes[label] for label in samples.labels]
    return ClassImages(
        drawn=list(zip(samples.ids, labels, strict=True)),
        columns=samples.columns,
        seed=samples.seed,
        kinds=kinds[:_CLASSES_SHOWN],
        more_kinds=kinds[_CLASSES_SHOWN:],
        remark=_remark(look.samples, look.first_split, len(look.facts.classes)) if look else None,
    )


def _kinds(look: schema.Exploration) -> list[Kind]:
    counts = look.facts.splits[look.first_split].class_counts
    return [
        Kind(
            name=look.facts.classes[label],
            mean_image=f"mean/{label}" if f"mean/{label}" in look.mean_images else None,
            samples=samples,
            rows=counts[label],
        )
        for label, samples in enumerate(look.samples.ids)
    ]


def _remark(samples: schema.ClassSamples, split: str, classes: int) -> str:
    text = (
        f"The mean image of each class, then up to {samples.a_class} of its {split} images, "
        f"drawn with seed {samples.seed}."
    )
    if len(samples.ids) < classes:
        text += f" The first {len(samples.ids)} of {classes} classes."
    return text


def _first(page: ClassImages | None) -> Iterator[str]:
    yield from (image for image, _ in page.drawn) if page else ()


def _kind_images(page: ClassImages | None) -> Iterator[str]:
    """Ids of means and samples of classes."""
    for kind in [*page.kinds, *page.more_kinds] if page else ():
        if kind.mean_image:
            yield kind.mean_image
        yield from kind.samples


SECTION = Section(
    key="class_images",
    data=class_images,
    is_shown=lambda page: page is not None,
    template="class_images.html.j2",
    title="Sample images",
    anchor="samples",
    chapter="data",
    images=_first,
    more_images=_kind_images,
)
